/** The two halves of the boundary speak the same language. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readEffects } from "../../bindings/effect-reader.js";
import { EventWriter } from "../../bindings/event-writer.js";
import { SessionInstance } from "../../bindings/session-instance.js";
import { ProtocolVersion, EffectKind, EventTag, protocolVersionOf } from "../../bindings/wire.js";
import { NOTHING_STORED } from "./host-rows.mjs";
import { AS_VERSION_1, TO_ALL, openRateLimits } from "./host.mjs";
import { builds, root } from "./modules.mjs";

const rateLimits = openRateLimits();

/** More than ten minutes after the beginning of time, so that no device of version 2 was there just now. */
const NOW = 1_000_000;
const credential = { issuedAt: -1, expiresAt: 0, isSignInTime: false, sessionId: "", tokenId: "" };

/** @import { SessionExports } from "../../bindings/session-instance.js" */
/** @import { Effect, SessionEvent } from "../../bindings/wire.js" */

const CLOSE_BYTES = 1_048_576;

/** The length of the reason why a content does not fit, which is empty. */
const MISFIT_BYTES = 4;

/** What follows the body of a push to all: how long, an id, and two lists, all empty. */
const OPTIONS_BYTES = 4 * 4;

/**
 * The members of an enum of a C++ header, without the `k` of their names.
 * @param {string} header
 * @param {string} name
 */
function enumOf(header, name) {
  const text = readFileSync(join(root, header), "utf8");
  const body = text.match(new RegExp(`enum class ${name}[^{]*\\{([^}]*)\\}`))?.[1] ?? "";
  const members = [...body.matchAll(/^ {2}k(\w+) = (\d+),$/gm)];
  return Object.fromEntries(members.map(([, member, value]) => [member, Number(value)]));
}

/** @param {string} name */
function limit(name) {
  const text = readFileSync(join(root, "src/limits.h"), "utf8");
  return Number(text.match(new RegExp(`${name} = ([\\d']+);`))?.[1].replaceAll("'", ""));
}

describe("wire.js has the tables of C++, or events and effects change their meaning:", () => {
  test("EventTag", () => {
    assert.deepEqual({ ...EventTag }, enumOf("bindings/wire.h", "EventTag"));
  });
  test("EffectKind", () => {
    assert.deepEqual({ ...EffectKind }, enumOf("src/effect.h", "EffectKind"));
  });
  test("ProtocolVersion", () => {
    const text = readFileSync(join(root, "src/event.h"), "utf8");
    const members = text.match(/enum class ProtocolVersion[^{]*\{ kVersion1 = (\d), kVersion2 = (\d) \}/);
    assert.deepEqual(members?.slice(1).map(Number), [ProtocolVersion.Version1, ProtocolVersion.Version2]);
  });
  test("the numbers by which attachments of version 2 begin, those of 0.1.0 too", () => {
    const text = readFileSync(join(root, "src/format/attachment.cpp"), "utf8");
    const formats = [...text.matchAll(/k(\w*)Version(\d)\w*Format = (\d+);/g)];
    assert.ok(formats.length >= 4, "each version, as it is and as it was");
    for (const [, , version, number] of formats) {
      assert.equal(protocolVersionOf(Uint8Array.of(Number(number))), Number(version), number);
    }
  });
  test("the size of a frame that ends its connection", () => {
    assert.equal(CLOSE_BYTES, limit("kFrameBytesBeforeClose"));
  });
});

/**
 * A writer with a buffer of its own.
 * @returns {(event: SessionEvent) => Uint8Array} Its bytes, valid until the next call.
 */
function newWriter() {
  let buffer = new Uint8Array(0);
  const writer = new EventWriter((size) => {
    const before = buffer;
    buffer = new Uint8Array(size);
    buffer.set(before.subarray(0, size));
    return buffer;
  });
  return (event) => {
    const size = writer.write(event);
    return buffer.subarray(0, size);
  };
}

/**
 * What the writer made of a frame's or body's content.
 * @param {SessionEvent} event
 */
function payloadOf(event) {
  const bytes = newWriter()(event);
  const at = event.type === "FrameReceived" ? 1 + 4 + 8 + 1 : 1 + 8;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const copied = view.getUint32(at + 4, true);
  const after = MISFIT_BYTES + (event.type === "FrameReceived" ? 0 : OPTIONS_BYTES);
  assert.equal(bytes.length, at + 8 + copied + after, "nothing but a push's options and the reason come after");
  return { size: view.getUint32(at, true), copied };
}

/** @param {string | ArrayBuffer} content */
function frame(content) {
  return payloadOf({ type: "FrameReceived", connection: 1, now: 5, content });
}

describe("only content of up to 64 KiB is copied, and its size is always right:", () => {
  /** @type {[string, string | ArrayBuffer, {size: number, copied: number}][]} */
  const cases = [
    ["no text", "", { size: 0, copied: 0 }],
    ["65,536 ASCII", "x".repeat(65_536), { size: 65_536, copied: 65_536 }],
    ["65,537 ASCII", "x".repeat(65_537), { size: 65_537, copied: 0 }],
    ["65,535 bytes of 3-byte characters", "€".repeat(21_845), { size: 65_535, copied: 65_535 }],
    ["65,536 bytes with one ASCII", `${"€".repeat(21_845)}x`, { size: 65_536, copied: 65_536 }],
    ["65,537 bytes with two ASCII", `${"€".repeat(21_845)}xx`, { size: 65_537, copied: 0 }],
    ["65,536 characters of 3 bytes", "€".repeat(65_536), { size: 196_608, copied: 0 }],
    ["65,536 bytes of 4-byte characters", "🎲".repeat(16_384), { size: 65_536, copied: 65_536 }],
    ["lone surrogates, which become U+FFFD", "\ud800".repeat(2), { size: 6, copied: 6 }],
    ["1 MiB", "x".repeat(CLOSE_BYTES), { size: CLOSE_BYTES, copied: 0 }],
    ["just under 1 MiB in 3-byte ones", "€".repeat(349_525), { size: 1_048_575, copied: 0 }],
    ["just over 1 MiB in 3-byte ones", "€".repeat(349_526), { size: 1_048_578, copied: 0 }],
    ["65,536 bytes, binary", new ArrayBuffer(65_536), { size: 65_536, copied: 0 }],
    ["2 MiB, binary", new ArrayBuffer(2 * CLOSE_BYTES), { size: 2 * CLOSE_BYTES, copied: 0 }],
  ];
  for (const [name, content, expected] of cases) {
    test(name, () => assert.deepEqual(frame(content), expected));
  }

  test("over 1 MiB, where the exact size no longer matters", () => {
    for (const content of ["x".repeat(CLOSE_BYTES + 1), "€".repeat(2 * CLOSE_BYTES)]) {
      const { size, copied } = frame(content);
      assert.ok(size > CLOSE_BYTES, `${size} bytes`);
      assert.equal(copied, 0);
    }
  });

  test("a pushed body, as text or bytes, whole or read in part", () => {
    const body = (/** @type {string | Uint8Array} */ content, /** @type {number} */ size) =>
      payloadOf({ type: "PushRequested", now: 1, body: content, size, options: TO_ALL });
    assert.deepEqual(payloadOf({ type: "PushRequested", now: 1, body: "{}", options: TO_ALL }), { size: 2, copied: 2 });
    const most = new Uint8Array(65_536);
    assert.deepEqual(body(most, most.length), { size: 65_536, copied: 65_536 });
    assert.deepEqual(body(most, 70_000), { size: 70_000, copied: 0 });
    const more = new Uint8Array(65_537);
    assert.deepEqual(payloadOf({ type: "PushRequested", now: 1, body: more, options: TO_ALL }), { size: 65_537, copied: 0 });
  });

  test("a writer that has written a large event writes the next small one alone", () => {
    const write = newWriter();
    write({ type: "GameJoinRequested", now: 1, gameId: "x".repeat(100_000) });
    const bytes = write({ type: "GameJoinRequested", now: 1, gameId: "go" });
    assert.equal(bytes.buffer.byteLength, 4_096, "the large buffer is given back");
    assert.deepEqual([...bytes], [EventTag.GameJoinRequested, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 103, 111]);
  });
});

test("effects are read from where they lie, and a text that begins with a mark keeps it", () => {
  const texts = Buffer.from("\ufeffx\ufeffy\0");
  const memory = new ArrayBuffer(200);
  const records = [
    [EffectKind.Store, 0xffff_ffff, 0, 0, 4, 0],
    [EffectKind.Close, 7, 1009, 4, 5, 0],
  ];
  const view = { bytes: new Uint8Array(memory), words: new Uint32Array(memory) };
  view.words.set([16, records.length, 101]);
  view.words.set(records.flat(), 4);
  view.bytes.set(texts, 101);
  const noValue = () => assert.fail("no value is referred to");
  const [stored, closed] = readEffects(view, 0, noValue);
  assert.deepEqual([stored.kind, stored.text], [EffectKind.Store, ""]);
  assert.deepEqual([...stored.bytes], [0xef, 0xbb, 0xbf, 0x78]);
  assert.deepEqual(closed, {
    kind: EffectKind.Close, connection: 7, number: 1009, text: "\ufeffy\0",
    bytes: new Uint8Array(0),
  });
  view.words[1] = 0;
  assert.deepEqual(readEffects(view, 0, noValue), []);
});

test("a frame is read with the values that it refers to, and not at all if one is of another size", () => {
  const values = new Map([[0, "{}"], [191, '"ä"']]);
  const valueOf = (/** @type {number} */ slot) => Buffer.from(values.get(slot) ?? "");
  const text = [...Buffer.from('{"\xff":0,"a":', "latin1"), 0xff, 0x80, 0x80, ...Buffer.from(',"b":'), 0xff, 0x8b, 0x8f, ...Buffer.from("}")];
  const memory = new ArrayBuffer(200);
  const view = { bytes: new Uint8Array(memory), words: new Uint32Array(memory) };
  view.words.set([16, 1, 101]);
  const full = '{"\ufffd":0,"a":{},"b":"ä"}';
  // The byte that is no UTF-8 has one more where it is read.
  view.words.set([EffectKind.Send, 7, 0, 0, text.length, Buffer.byteLength(full) - 2], 4);
  view.bytes.set(text, 101);
  assert.deepEqual(readEffects(view, 0, valueOf).map(({ text: read }) => read), [full]);
  values.set(191, '"e"');
  assert.throws(() => readEffects(view, 0, valueOf), /has 22 bytes: expected 23/);
  values.set(191, '"too long"');
  assert.throws(() => readEffects(view, 0, valueOf), RangeError);
});

/** What would be lost by a decoder that skips a mark, ends at NUL or takes text for Latin-1. */
const TEXTS = ["\ufeffmark", "nul\u0000end\u0000", "é€🎲", "\u2028 \u007f \u0080", "\"\\\n\t", ""];

/**
 * @param {string} deviceId
 * @returns {SessionEvent}
 */
function connected(deviceId) {
  return { type: "Connected", connection: 0, now: NOW, deviceId, credential, ...AS_VERSION_1 };
}

for (const { path, module } of builds) {
  describe(`through ${path}, texts:`, () => {
    test("texts survive both ways to the last character", () => {
      for (const text of TEXTS) {
        const instance = wake(module, text);
        const effects = instance.step(connected(text));
        const state = JSON.parse(of(effects, EffectKind.Send).text);
        assert.equal(state.userId, text);
        assert.equal(state.deviceId, text);
        if (!text) continue;
        const joined = instance.step({ type: "GameJoinRequested", now: 1, gameId: text });
        const { gameId, activeGames } = JSON.parse(of(joined, EffectKind.SendToAll).text);
        assert.deepEqual([gameId, activeGames], [text, [text]]);
      }
    });

    test("texts around the length from which the encoder writes them survive too", () => {
      const instance = wake(module);
      for (const length of [127, 128, 129, 1_020]) {
        const ascii = "x".repeat(length);
        for (const text of [ascii, `é${ascii}`, `${ascii.slice(1)}é`, `${ascii.slice(2)}🎲`]) {
          const effects = instance.step(connected(text));
          assert.equal(JSON.parse(of(effects, EffectKind.Send).text).deviceId, text);
          instance.step({ type: "Disconnected", connection: 0, now: 9, heartbeat: 0 });
        }
      }
    });

    test("a lone surrogate in a name becomes U+FFFD instead of broken UTF-8", () => {
      const effects = wake(module).step({ type: "GameJoinRequested", now: 1, gameId: "a\ud800b" });
      assert.equal(JSON.parse(of(effects, EffectKind.Answer).text).activeGames[0], "a\ufffdb");
    });
  });

  describe(`through ${path}, rows:`, () => {
    test("rows of messages and of the inbox come back after a sleep, each in its slot", () => {
      const first = wake(module);
      const options = { ...TO_ALL, keep: 60 };
      const messages = TEXTS.map((text, at) => {
        const body = JSON.stringify({ type: "t", text });
        const pushed = first.step({ type: "PushRequested", now: NOW + at, body, options });
        const { number, bytes } = of(pushed, EffectKind.StoreMessage);
        assert.equal(number, at, "the slot");
        return { slot: number, bytes: bytes.slice() };
      });
      const remembered = first.step({ type: "PushRequested", now: NOW, body: '{"type":"t"}', options: { ...TO_ALL, pushId: "p" } });
      const inbox = of(remembered, EffectKind.StoreInbox).bytes.slice();
      const second = new SessionInstance(module);
      second.step({ type: "Woken", userId: "alice", now: 0, ...NOTHING_STORED, inbox, messages, connections: [], rateLimits, notBefore: 0, isMeasured: false, randomness: 0 });
      const [answer] = second.step({ type: "ExportRequested", now: NOW, credential });
      const exported = JSON.parse(answer.text);
      assert.deepEqual(exported.inbox.messages.map((/** @type {any} */ { body }) => body.text), TEXTS);
      assert.deepEqual([exported.inbox.last, exported.pushIds], [NOW + TEXTS.length - 1, 1]);
    });
  });

  describe(`through ${path}, bytes:`, () => {
    test("what is stored and attached comes back after a sleep, every byte of it", () => {
      for (const text of TEXTS.filter(Boolean)) {
        const first = wake(module);
        const attached = first.step(connected(text));
        const attachment = of(attached, EffectKind.SetAttachment).bytes.slice();
        const joined = first.step({ type: "GameJoinRequested", now: 1, gameId: text });
        const snapshot = of(joined, EffectKind.Store).bytes.slice();
        const second = new SessionInstance(module);
        const connections = [{ connection: 0, heartbeat: 0, attachment }];
        second.step({ type: "Woken", userId: "alice", now: 0, ...NOTHING_STORED, snapshot, connections, rateLimits, notBefore: 0, isMeasured: false, randomness: 0 });
        const content = '{"type":"broadcast","event":"who"}';
        const [event] = second.step({ type: "FrameReceived", connection: 0, now: NOW, content });
        assert.equal(JSON.parse(event.text).from, text);
        const [answer] = second.step({ type: "StateRequested", now: NOW, heartbeat: 0, credential });
        assert.deepEqual(JSON.parse(answer.text).activeGames, [text]);
      }
    });

    test("an attachment tells JavaScript the version of its device, which a failing frame is answered by", () => {
      for (const version of Object.values(ProtocolVersion)) {
        const effects = wake(module).step(Object.assign(connected("phone"), { version }));
        assert.equal(protocolVersionOf(of(effects, EffectKind.SetAttachment).bytes), version);
      }
      const named = { ...credential, issuedAt: 1, id: "session-1" };
      const effects = wake(module).step(Object.assign(connected("phone"), { credential: named }));
      const { bytes } = of(effects, EffectKind.SetAttachment);
      assert.equal(protocolVersionOf(bytes), ProtocolVersion.Version1, "in its longer form");
      assert.equal(protocolVersionOf(null), ProtocolVersion.Version1, "a socket without one");
    });

    test("the effects of a step that made the memory grow are read from the new memory", () => {
      const instance = wake(module);
      instance.step({ type: "Connected", connection: 0, now: NOW, deviceId: "phone", credential, ...AS_VERSION_1 });
      const before = instance.memoryBytes;
      const data = "y".repeat(60_000);
      const content = JSON.stringify({ type: "broadcast", event: "e", data });
      const [event] = instance.step({ type: "FrameReceived", connection: 0, now: NOW, content });
      assert.ok(instance.memoryBytes > before, "it had to grow");
      assert.equal(JSON.parse(event.text).data, data);
    });

    test("a malformed event traps instead of meaning something else", () => {
      const woken = newWriter()({
        type: "Woken", userId: "alice", now: 0, ...NOTHING_STORED, connections: [], rateLimits, notBefore: 0, isMeasured: false, randomness: 0,
      });
      const malformed = [[], [0], [99], [EventTag.Connected], [EventTag.ClearRequested, 0],
        [...woken.slice(0, -1)], [...woken, 0]];
      for (const bytes of malformed) {
        assert.throws(() => stepRaw(module, bytes), WebAssembly.RuntimeError, `bytes ${bytes}`);
      }
      assert.doesNotThrow(() => stepRaw(module, [...woken]));
    });
  });
}

/**
 * @param {WebAssembly.Module} module
 * @param {string} [userId]
 */
function wake(module, userId = "alice") {
  const instance = new SessionInstance(module);
  instance.step({ type: "Woken", userId, now: 0, ...NOTHING_STORED, connections: [], rateLimits, notBefore: 0, isMeasured: false, randomness: 0 });
  return instance;
}

/**
 * The first effect of a kind.
 * @param {Effect[]} effects
 * @param {number} kind
 */
function of(effects, kind) {
  const effect = effects.find((each) => each.kind === kind);
  assert.ok(effect, `there is an effect of kind ${kind}`);
  return effect;
}

/**
 * Hands bytes to a new instance as they are.
 * @param {WebAssembly.Module} module
 * @param {number[]} bytes
 */
function stepRaw(module, bytes) {
  const { exports } = new WebAssembly.Instance(module);
  const session = /** @type {SessionExports} */ (/** @type {unknown} */ (exports));
  session._initialize();
  const at = session.session_input(bytes.length);
  new Uint8Array(session.memory.buffer).set(bytes, at);
  session.session_step(bytes.length);
}
