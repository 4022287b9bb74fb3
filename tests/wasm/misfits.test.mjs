/**
 * Two readers of one text, JSON.parse that checks it and the module that hands it on: nothing that does not fit reaches a
 * listener, however it is written, and nothing that fits is kept from one.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { SessionInstance } from "../../bindings/session-instance.js";
import { EffectKind } from "../../bindings/wire.js";
import { MessageCheck } from "../../worker/object/message-check.js";
import { defineSession, type } from "../../client/dist/session.js";
import { session } from "../support/definition.mjs";
import { NOTHING_STORED } from "./host-rows.mjs";
import { AS_VERSION_1, TO_ALL, openRateLimits } from "./host.mjs";
import { builds } from "./modules.mjs";

const NOW = 1_000_000;
const credential = { issuedAt: -1, expiresAt: 0, isSignInTime: false, sessionId: "", tokenId: "" };
const check = new MessageCheck(session, () => "kim");

const FITS = '{"from":"e2"}';
const MISFIT = '{"from":7}';
/** @param {number} levels */
const nested = (levels) => "[".repeat(levels) + "]".repeat(levels);

/** Frames whose event does not fit, as they may be written. */
const MISFITS = [
  `{"type":"broadcast","event":"move","data":${MISFIT}}`,
  ' {"data" :\t7,\n"event": "move" , "type":"broadcast"}\r\n',
  '{"type":"broadcast","event":"move"}',
  '{"type":"broadcast","event":"move","data":null}',
  '{"type":"broadcast","event":"wave","data":false}',
  // Escapes
  `{"type":"br\\u006fadcast","event":"move","data":${MISFIT}}`,
  `{"t\\u0079pe":"\\u0062roadcas\\u0074","\\u0065vent":"\\u006dove","d\\u0061ta":${MISFIT}}`,
  `{"type":"broadcast","event":"mo\\u0076e","data":${MISFIT}}`,
  // Repeated keys
  `{"type":"ping","type":"broadcast","event":"other","event":"move","data":${FITS},"data":${MISFIT}}`,
  `{"type":"broadcast","event":"move","data":${FITS},"d\\u0061ta":${MISFIT}}`,
  `{"type":"broadcast","event":"move","data":${MISFIT},"event":"other","event":"move"}`,
  '{"type":"broadcast","event":"move","data":{"from":"e2","from":7}}',
  // Halves of characters
  '{"type":"broadcast","event":"half \\ud800","data":"x"}',
  '{"type":"broadcast","event":"half \ufffd","data":"x"}',
  '{"type":"broadcast","event":"half \ud800","data":"x"}',
  '{"type":"broadcast","event":"half \\udc00","data":"x"}',
  '{"type":"broadcast","event":"halved","data":"half \\ud800"}',
  // Names that objects have
  '{"type":"broadcast","event":"__proto__","data":"x"}',
  `{"__proto__":{"event":"other"},"type":"broadcast","event":"move","data":${MISFIT}}`,
  '{"type":"broadcast","event":"move","__proto__":{"data":{"from":"e2"}}}',
  '{"type":"broadcast","event":"move","data":{"__proto__":{"from":"e2"}}}',
  // Within the limits
  `{"type":"broadcast","event":"move","data":${nested(31)}}`,
  `{"type":"broadcast","event":"move","data":"${"x".repeat(65_000)}"}`,
  '{"type":"broadcast","event":"late","data":"x"}',
  '{"type":"broadcast","event":"broken","data":"x"}',
  '{"type":"broadcast","event":"snapped","data":"x"}',
];

/** Frames that are handed on. */
const FITTING = [
  `{"type":"broadcast","event":"move","data":${FITS}}`,
  `{"type":"br\\u006fadcast","event":"mo\\u0076e","d\\u0061ta":{"fr\\u006fm":"\\u0065\\u0032"}}`,
  `{"type":"broadcast","event":"move","data":${MISFIT},"data":${FITS}}`,
  `{"type":"broadcast","event":"move","data":${MISFIT},"event":"other"}`,
  '{"type":"broadcast","event":"wave"}',
  '{"type":"broadcast","event":"wave","__proto__":{"data":7}}',
  '{"type":"broadcast","event":"half \\ud800","data":7}',
  '{"type":"broadcast","event":"halved","data":"half \ud800"}',
  '{"type":"broadcast","event":"__proto__","data":7}',
  ...["constructor", "toString", "hasOwnProperty", "Move", "move ", "theme"].map((event) => JSON.stringify({ type: "broadcast", event, data: 7 })),
];

/** Frames that no definition changes: each is refused for itself, or is no event. */
const OTHERS = [
  `\ufeff{"type":"broadcast","event":"move","data":${MISFIT}}`,
  `{"type":"broadcast","event":"move","data":${MISFIT}}\0`,
  `{"type":"broadcast","event":"move","data":${nested(32)}}`,
  `{"type":"broadcast","event":"move","data":${nested(20_000)}}`,
  `{"type":"broadcast","event":"move","data":"${"x".repeat(66_000)}"}`,
  `{"type":["broadcast"],"event":"move","data":${MISFIT}}`,
  `{"type":"broadcast","event":["move"],"data":${MISFIT}}`,
  `[{"type":"broadcast","event":"move","data":${MISFIT}}]`,
  `{"type":"broadcast","event":"move","data":${MISFIT}`,
  `{"type":"toString","event":"move","data":${MISFIT},"x":"\\n"}`,
  '"broadcast"',
  "null",
  "broadcast",
  "",
];

for (const { path, module } of builds) {
  /** An instance with one device of version 1. */
  const connected = () => {
    const instance = new SessionInstance(module);
    instance.step({ type: "Woken", userId: "kim", now: NOW, ...NOTHING_STORED, connections: [], rateLimits: openRateLimits(), notBefore: 0, isMeasured: false, randomness: 0 });
    instance.step({ type: "Connected", connection: 0, now: NOW, deviceId: "phone", credential, ...AS_VERSION_1 });
    return instance;
  };

  describe(`through ${path}`, () => {
    /** @param {string | ArrayBuffer} content @param {string} [misfit] */
    const answersTo = (content, misfit) =>
      connected().step({ type: "FrameReceived", connection: 0, now: NOW, content, misfit })
        .filter(({ kind }) => kind === EffectKind.Send || kind === EffectKind.SendToAll)
        .map(({ text }) => JSON.parse(text));

    for (const content of MISFITS) {
      test(`does not fit: ${content.slice(0, 90)}`, () => {
        const [handedOn] = answersTo(content);
        assert.equal(handedOn.type, "event", "the module takes it");
        assert.ok(!session.check("events", handedOn.event, handedOn.data).ok, "a listener does not");
        const misfit = check.ofFrame(content);
        assert.match(misfit, /^data[^ ]*: ./);
        assert.deepEqual(answersTo(content, misfit), [{ type: "error", code: "invalid_message", message: misfit }]);
      });
    }

    for (const content of FITTING) {
      test(`fits: ${content}`, () => {
        assert.equal(check.ofFrame(content), "");
        const [handedOn] = answersTo(content, "");
        assert.equal(handedOn.type, "event");
        assert.ok(session.check("events", handedOn.event, handedOn.data).ok);
      });
    }

    test("what the module refuses by itself it refuses as ever", () => {
      for (const content of [...OTHERS, new ArrayBuffer(7)]) {
        const expected = answersTo(content);
        assert.equal(expected[0].type, "error", String(content).slice(0, 90));
        assert.deepEqual(answersTo(content, check.ofFrame(content)), expected, String(content).slice(0, 90));
      }
    });

    /** @type {[string | Uint8Array, string][]} */
    const pushes = [
      ['{"type":"invitation","from":7}', "body.from: "],
      [' {"from":"kim","t\\u0079pe":"news","type":"\\u0069nvitation","from":7}', "body.from: "],
      ['{"type":"invitation","__proto__":{"from":"kim"}}', "body.from: "],
      [Buffer.from('{"type":"note","text":["é"]}'), "body.text: "],
      ['{"type":"invitation","from":"kim"}', ""],
      ['{"type":"invitation","from":7,"from":"\\ud800","more":1}', ""],
      ['{"type":"news","from":7}', ""],
      ['{"type":"alone"}', ""],
      ['{"type":"alone","from":7}', "body: "],
      ['{"type":"__proto__","from":7}', ""],
      [Buffer.from('{"type":"note","text":"é"}'), ""],
    ];
    test("of a push everything but its type is held against the definition", () => {
      for (const [body, path] of pushes) {
        const misfit = check.ofPush(body);
        assert.ok(path === "" ? misfit === "" : misfit.startsWith(path), `${body}: ${misfit}`);
        const step = () => connected().step({ type: "PushRequested", now: NOW, body, misfit, options: TO_ALL });
        const answer = step().find(({ kind }) => kind === EffectKind.Answer);
        assert.deepEqual([answer?.number, JSON.parse(String(answer?.text)).error?.message], path === "" ? [200, undefined] : [400, misfit]);
      }
    });

    test("a push that is none is refused for what it is", () => {
      const bodies = ["", "null", "7", '"invitation"', "[]", '{"type":7}', '{"type":"invitation","from":7', '\ufeff{"type":"invitation"}',
        Buffer.concat([Buffer.from('{"type":"invitation","from":"'), Uint8Array.of(0xff), Buffer.from('"}')])];
      for (const body of bodies) {
        const answerTo = (/** @type {string} */ misfit) =>
          connected().step({ type: "PushRequested", now: NOW, body, misfit, options: TO_ALL }).map(({ number, text }) => [number, text]);
        assert.deepEqual(answerTo(check.ofPush(body)), answerTo(""), String(body));
        assert.equal(answerTo("")[0][0], 400);
      }
    });
  });
}

test("a value is held against the definition as its text says it", () => {
  assert.match(check.ofValue("theme", '"blue"'), /^value: ./);
  assert.match(check.ofValue("theme", Buffer.from("null")), /^value: ./);
  for (const [key, json] of [["theme", '"d\\u0061rk"'], ["other", "7"], ["theme", "no JSON"], ["__proto__", "7"]]) {
    assert.equal(check.ofValue(key, json), "", key);
  }
  const setting = '{"type":"set_value","key":"theme","value":';
  assert.match(check.ofFrame(`${setting}"blue"}`), /^value: ./);
  assert.equal(check.ofFrame(`${setting}"dark"}`), "");
  assert.equal(check.ofFrame('{"type":"delete_value","key":"theme"}'), "");
});

test("nothing is parsed without a definition, nor for types alone, nor a frame that names nothing defined", (t) => {
  const parse = t.mock.method(JSON, "parse");
  const frames = [MISFITS[0], '{"type":"set_value","key":"theme","value":7}', '{"type":"join_game","gameId":"\\n"}'];
  const ofTypes = defineSession({ events: { move: type() }, values: { theme: type() }, pushes: { note: type() } });
  for (const definition of [undefined, ofTypes]) {
    const none = new MessageCheck(definition, () => "kim");
    for (const frame of frames) {
      assert.deepEqual([none.ofFrame(frame), none.ofPush(frame), none.ofValue("theme", frame)], ["", "", ""]);
    }
  }
  for (const type of ["ping", "join_game", "sync_state", "mark_read", "delete_value"]) check.ofFrame(JSON.stringify({ type, gameId: "move", id: "x.1" }));
  const onlyValues = new MessageCheck(defineSession({ values: session.values }), () => "kim");
  onlyValues.ofFrame(MISFITS[0]);
  onlyValues.ofPush(MISFITS[0]);
  check.ofFrame(`{"type":"broadcast","event":"move","data":"${"x".repeat(66_000)}"}`);
  assert.equal(parse.mock.callCount(), 0);
  check.ofFrame(MISFITS[0]);
  assert.equal(parse.mock.callCount(), 1);
});

test("what is no definition is named when the object is made, and not when a message comes", () => {
  for (const none of [null, {}, { events: {} }, "session", 7]) {
    assert.throws(() => new MessageCheck(none, () => "kim"), { name: "TypeError", message: /^static session: expected what defineSession/ });
  }
});

test("a refusal is short, whatever a schema quotes", () => {
  const schema = { "~standard": { version: /** @type {const} */ (1), vendor: "test", validate: () => ({ issues: [{ message: "é".repeat(10_000) }] }) } };
  const quoting = new MessageCheck(defineSession({ pushes: { note: schema } }), () => "kim");
  assert.equal(quoting.ofPush('{"type":"note"}').length, 400);
});
