/**
 * Whoever else knows a device's messages by name, or what the id of a request may be, against what the
 * module takes. It says itself which types there are, to a frame that has none of them.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { MESSAGE_TYPES, internalError } from "../../worker/object/failures.js";
import { ProtocolVersion, EffectKind } from "../../bindings/wire.js";
import { api, fits } from "./document.mjs";
import { Host } from "./host.mjs";
import { builds, root } from "./modules.mjs";

/**
 * The keys of the document's messages that a device of a version sends, or gets.
 * @param {number} version
 * @param {boolean} [isSent]
 */
function keysOf(version, isSent = true) {
  return Object.keys(api.components.messages).filter(
    (key) => key.endsWith(`.v${version}`) && key.includes(".to.") !== isSent,
  );
}

/** The types of the document's messages that a device of a version sends. @param {number} version */
function documented(version) {
  return keysOf(version).map((key) => api.components.messages[key].name);
}

/** The run of the device. */
const RUN = "a_run-of-24-characters_x";

/** A device in front of a session. */
class Device {
  #host;
  /** @type {any[]} */
  #frames = [];

  /**
   * @param {WebAssembly.Module} module
   * @param {number} version
   */
  constructor(module, version) {
    this.#host = new Host(module);
    this.#host.onStep = (_event, effects) => {
      const sent = effects.filter(({ kind }) => kind === EffectKind.Send || kind === EffectKind.SendToAll);
      this.#frames = sent.map(({ text }) => JSON.parse(text));
    };
    for (const command of ["at 1000000", "wake alice"]) this.#host.run(command);
    this.#host.run(version === ProtocolVersion.Version2 ? `connect2 1 phone run=${RUN}` : "connect 1 phone");
  }

  /** Has the session read a frame, and returns the frames that it sends. @param {object} frame */
  ask(frame) {
    const bytes = Buffer.from(JSON.stringify(frame)).toString("latin1");
    this.#host.run(`frame 1 ${bytes.replace(/[^ -~]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`)}`);
    return this.#frames;
  }

  /** The types of the messages that the session takes, in its own words. */
  types() {
    const [{ code, message }] = this.ask({ type: "" });
    assert.equal(code, "unknown_type");
    const [, types = ""] = /^type is not one of (.*)$/.exec(message) ?? [];
    return types.split(/, | and /);
  }
}

for (const version of Object.values(ProtocolVersion)) {
  test(`version ${version}: the document's channel and operations list each of its messages`, () => {
    const { messages } = api.channels[`version${version}`];
    const [sent, got] = [keysOf(version), keysOf(version, false)];
    const expected = [...sent, ...got].map((key) => [key, { $ref: `#/components/messages/${key}` }]);
    assert.deepEqual(messages, Object.fromEntries(expected));
    for (const [operation, keys] of Object.entries({ devicesSend: sent, devicesGet: got })) {
      const listed = api.operations[`${operation}Version${version}`].messages.map(({ $ref }) => $ref);
      assert.deepEqual(listed.sort(), keys.map((key) => `#/channels/version${version}/messages/${key}`).sort());
    }
  });
}

/** Values of every kind, and texts and lists around each length that is a limit somewhere. */
const PROBES = [
  ...[undefined, null, 1, true, {}, [], [1], ["x"], Array(64).fill("x"), Array(65).fill("x")],
  ...["", "x", "online", `${RUN}.1`, ...[128, 129, 256, 257].map((length) => "x".repeat(length))],
  ...[0, -1, 1.5],
];

/** The refusals of a member, in contrast to those of what it asks for. */
const MEMBER_CODES = ["invalid_message", "limit_reached"];
const OF_NO_MEMBER = ["deviceId is none", "inbox is above"];

/**
 * Whether the session takes the members of a frame as they are.
 * @param {number} version
 * @param {object} frame
 */
function takes(version, frame) {
  const error = new Device(builds[0].module, version).ask(frame).find(({ type }) => type === "error");
  const isOfMember = error && !OF_NO_MEMBER.some((words) => error.message.startsWith(words));
  return !isOfMember || !MEMBER_CODES.includes(error.code);
}

for (const version of Object.values(ProtocolVersion)) {
  const keys = keysOf(version);
  const members = new Set(keys.flatMap((key) => Object.keys(api.components.messages[key].payload.properties)));
  members.delete("type");

  for (const key of keys) {
    test(`${key}: the document takes a member exactly when the session does`, () => {
      const { name, payload } = api.components.messages[key];
      /** @type {Record<string, unknown>} */
      const least = { type: name };
      for (const member of payload.required) least[member] ??= PROBES.find((value) => value !== undefined && fits(key, value, member));
      assert.ok(fits(key, least) && takes(version, least), JSON.stringify(least));
      for (const type of [undefined, "x"]) assert.ok(!fits(key, { ...least, type }), "its type is its name");
      for (const member of members) {
        for (const value of PROBES) {
          for (const beside of version === ProtocolVersion.Version2 ? [{}, { id: `${RUN}.2` }] : [{}]) {
            const frame = JSON.parse(JSON.stringify({ ...least, ...beside, [member]: value }));
            assert.equal(fits(key, frame), takes(version, frame), JSON.stringify(frame).slice(0, 200));
          }
        }
      }
    });
  }
}

for (const { path, module } of builds) {
  describe(`the messages of ${path}`, () => {
    for (const version of Object.values(ProtocolVersion)) {
      test(`version ${version}: the document has all, and no others`, () => {
        assert.deepEqual(new Device(module, version).types().sort(), documented(version).sort());
      });
    }

    test("a failure's report names each by its type, and nothing that is no message", () => {
      assert.deepEqual([...MESSAGE_TYPES].sort(), new Device(module, ProtocolVersion.Version2).types().sort());
    });

    test("docs/protocol.md has each in a row of its own, or in that of a message like it", () => {
      const rows = readFileSync(join(root, "docs/protocol.md"), "utf8").split("\n").filter((line) => line.startsWith("| `{"));
      for (const type of new Device(module, ProtocolVersion.Version2).types()) {
        assert.ok(rows.some((row) => row.includes(`{"type":"${type}"`) || row.includes(`\`${type}\` with`)), type);
      }
    });
  });

  test(`a failure is answered with the id of a request if ${path} takes it for one, and with no other`, () => {
    const pattern = new RegExp(api.components.schemas.requestId.pattern);
    const runs = [15, 16, 24, 25].map((length) => "r".repeat(length)).concat(RUN, `${RUN.slice(0, -1)}~`, "é".repeat(12), "");
    const numbers = ["1", "9007199254740991", "0", "01", "+1", "-1", "1.5", "1e3", "", " 1", "1\n", "\u0661", "12345678901234567"];
    const texts = ["a", "", ".", "..", '"\\', "\0", ...runs.flatMap((run) => numbers.map((number) => `${run}.${number}`))];
    const taken = [];
    for (const id of [...texts, 7, null, true, [`${RUN}.1`], {}]) {
      // A repetition may name any run.
      const frame = { type: "join_game", gameId: "chess", id, again: true };
      const answer = new Device(module, ProtocolVersion.Version2).ask(frame).find(({ type }) => type === "ack" || type === "error");
      const isTaken = answer.code === "too_old" && answer.id === id;
      assert.equal(JSON.parse(internalError(JSON.stringify(frame))).id, isTaken ? id : undefined, JSON.stringify(id));
      assert.equal(typeof id === "string" && pattern.test(id), isTaken, `docs/asyncapi.json on ${JSON.stringify(id)}`);
      if (isTaken) taken.push(id);
    }
    assert.ok(taken.includes(`${"r".repeat(24)}.9007199254740991`), "the longest id is taken");
    assert.equal(taken.length, 6, "three runs, with two numbers each");
  });
}
