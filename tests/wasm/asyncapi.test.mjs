/**
 * The document that describes the frames, against the frames themselves: whatever any scenario has
 * the session say or take is in it, and nothing is in it that no scenario shows.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { ProtocolVersion, EffectKind } from "../../bindings/wire.js";
import { api, fits } from "./document.mjs";
import { Host } from "./host.mjs";
import { builds, root } from "./modules.mjs";
import { parseScenario } from "./scenario-text.mjs";

/** @import { Effect, SessionEvent } from "../../bindings/wire.js" */

const folder = join(root, "tests/scenarios");

/** What a frame that is refused with one of these has in common: it is no message. */
const NO_MESSAGE = ["invalid_json", "invalid_message", "unknown_type"];

/** Refusals of what a member names, and not of the member. */
const OF_NO_MEMBER = ["deviceId is none", "credentialId: there is no credential", "inbox is above", "id was used before", "id names another run"];

const LOGOUT_CODE = 1000;

/** How much of a frame a failure shows. */
const SHOWN = 200;

/**
 * Whether a frame is a message of the document.
 * @param {string} message Its key.
 * @param {unknown} frame
 */
function isMessage(message, frame) {
  return Object.hasOwn(api.components.messages, message) && fits(message, frame);
}

/** Follows a session and holds the document against what is said. */
class Follower {
  /** The messages that were seen. */
  seen = new Set();
  /** By connection. @type {Map<number, number>} */
  #versions = new Map();
  #pushed = new Set();

  /**
   * @param {SessionEvent} event
   * @param {Effect[]} effects
   * @param {number[]} open
   */
  follow(event, effects, open) {
    if (event.type === "Connected") this.#versions.set(event.connection, event.version);
    if (event.type === "PushRequested") this.#pushed.add(typeOf(String(textOf(event.body))));
    for (const { kind, connection, text: frame } of effects) {
      if (kind === EffectKind.Send) this.#told(connection, frame);
      if (kind === EffectKind.SendToAll) for (const each of open) this.#told(each, frame);
    }
    if (event.type !== "FrameReceived" || typeof event.content !== "string") return;
    const isHeard = open.includes(event.connection) && !effects.some(isClose);
    if (isHeard && !event.misfit) this.#said(event.connection, event.content, effects);
  }

  /**
   * @param {number} connection
   * @param {string} frame
   */
  #told(connection, frame) {
    const version = this.#versions.get(connection);
    // One whose attachment the scenario has made up.
    if (version === undefined) return;
    const type = typeOf(frame);
    // Version 2 has them in a frame of their own.
    const isBare = version === ProtocolVersion.Version1 && this.#pushed.has(type);
    const name = isBare ? "pushed" : type;
    const message = `${name}.to.v${version}`;
    assert.ok(isMessage(message, JSON.parse(frame)), `${message}: ${frame.slice(0, SHOWN)}`);
    this.seen.add(message);
  }

  /**
   * @param {number} connection
   * @param {string} frame
   * @param {Effect[]} effects
   */
  #said(connection, frame, effects) {
    const version = this.#versions.get(connection);
    const error = effects
      .filter((effect) => effect.kind === EffectKind.Send && effect.connection === connection)
      .map((effect) => JSON.parse(effect.text))
      .find(({ type }) => type === "error");
    if (version === undefined || (error && !NO_MESSAGE.includes(error.code))) return;
    const isOfNoMember = OF_NO_MEMBER.some((words) => error?.message.startsWith(words));
    const message = `${typeOf(frame)}.v${version}`;
    const isOne = isMessage(message, parsed(frame));
    if (error?.code === "invalid_json" || isBeyondSchemas(parsed(frame), isOne || error !== undefined)) return;
    assert.equal(isOne, !error || isOfNoMember, `${message}: ${frame.slice(0, SHOWN)}`);
    if (!isOne) return;
    this.seen.add(message);
    if (version === ProtocolVersion.Version2) assertAnswered(connection, frame, effects);
  }
}

/**
 * A nesting that ours refuses is nothing that a schema could say, nor is 2^53 by a pattern. And what a later release has
 * done is acknowledged by one that does not know the message.
 * @param {any} message
 * @param {boolean} isExplained Whether it is known, or refused.
 */
function isBeyondSchemas(message, isExplained) {
  const isHuge = Number(message?.id?.split?.(".")[1]) > Number.MAX_SAFE_INTEGER;
  return isHuge || (!isExplained && message?.again === true);
}

/**
 * A message with an id is a request: its device waits until it is answered with that id, and asks again.
 * @param {number} connection
 * @param {string} frame
 * @param {Effect[]} effects
 */
function assertAnswered(connection, frame, effects) {
  const { id } = parsed(frame);
  if (id === undefined) return;
  const answers = effects
    .filter((effect) => effect.kind === EffectKind.Send && effect.connection === connection)
    .map((effect) => JSON.parse(effect.text))
    .filter(({ type }) => type === "ack" || type === "error");
  assert.deepEqual(answers.map((answer) => answer.id), [id], frame.slice(0, SHOWN));
}

/**
 * Whether a socket is closed for what it has sent.
 * @param {Effect} effect
 */
function isClose({ kind, number }) {
  return kind === EffectKind.Close && number !== LOGOUT_CODE;
}

/** @param {string | Uint8Array} body */
function textOf(body) {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}

/** @param {string} frame */
function parsed(frame) {
  try {
    return JSON.parse(frame);
  } catch {
    return null;
  }
}

/** @param {string} frame */
function typeOf(frame) {
  return parsed(frame)?.type;
}

/** The types of the frames that the session itself sends to a device of version 1. */
const OURS = Object.keys(api.components.messages)
  .filter((key) => key.endsWith(".to.v1") && key !== "pushed.to.v1")
  .map((key) => key.slice(0, -".to.v1".length));

test("no push has a type that version 1 takes for the session's word, and all others are the app's", () => {
  const host = new Host(builds[0].module);
  host.run("at 1000000");
  host.run("wake alice");
  const others = Object.values(api.components.messages).map(({ name }) => name);
  for (const type of new Set([...OURS, ...others, "presence"])) {
    /** @type {Effect[]} */
    let effects = [];
    host.onStep = (_event, done) => (effects = done);
    host.run(`push ${JSON.stringify({ type })}`);
    const answer = effects.find(({ kind }) => kind === EffectKind.Answer);
    assert.equal(answer?.number, OURS.includes(type) ? 400 : 200, type);
    if (!OURS.includes(type)) continue;
    assert.equal(JSON.parse(String(answer?.text)).error.code, "invalid_message");
    assert.match(String(answer?.text), new RegExp(`type is ..${type}..`));
    assert.equal(effects.length, 1, "nothing of it is done");
  }
  const push = api.components.messages["push.to.v2"].payload.properties.body.properties.type;
  const bare = api.components.messages["pushed.to.v1"].payload.properties.type;
  for (const { not } of [push, bare]) assert.deepEqual(not.enum.sort(), OURS.sort());
});

test("the document describes every frame, and only frames that there are", () => {
  const seen = new Set();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
    const host = new Host(builds[0].module);
    const follower = new Follower();
    host.onStep = (...step) => follower.follow(...step);
    for (const { command } of parseScenario(readFileSync(join(folder, file), "utf8"))) {
      host.run(command);
    }
    for (const message of follower.seen) seen.add(message);
  }
  assert.deepEqual([...seen].sort(), Object.keys(api.components.messages).sort());
});
