/** What the operator is told of a failure: enough to look for it, and nothing that anybody wrote. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { LogoutScope } from "../../bindings/wire.js";
import { Failures } from "../../worker/object/failures.js";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { startFaultyServer } from "../support/faulty.mjs";

/** @import { SessionEvent } from "../../bindings/wire.js" */
/** @import { Watching } from "../support/watched.mjs" */
/** @import { Workerd } from "../support/workerd.mjs" */

/** @type {Workerd & Watching} */
let server;
before(async () => {
  server = await startFaultyServer();
});
after(() => server.stop());

const PREFIX = "an event failed, nothing of it was done: ";

/** @param {string} userId */
function reportsOf(userId) {
  return server
    .logs()
    .filter((line) => line.startsWith(`user-session: user ${JSON.stringify(userId)}: ${PREFIX}`))
    .map((line) => ({ line, report: JSON.parse(line.slice(line.indexOf(PREFIX) + PREFIX.length)) }));
}

test("a frame's failure is one line: what kind, how large, how often, where; and nothing private", async () => {
  const user = "told";
  const device = await Device.connect(server, user, "my-private-phone");
  await device.next();
  await device.ask({ type: "join_game", gameId: "my-private-game" });
  const frames = [
    { type: "join_game", gameId: "my-private-word __trap_before__" },
    { type: "broadcast", event: "my-private-event", data: "é __trap_after__" },
    { type: "my-private-type", x: "__trap_after__" },
  ].map((frame) => JSON.stringify(frame));
  for (const frame of [...frames, "my-private-text __trap_before__"]) {
    assert.equal((await device.ask(frame)).code, "internal");
  }
  await eventually("the reports", async () => reportsOf(user).length === 4);
  const reports = reportsOf(user);
  for (const { line } of reports) assert.doesNotMatch(line, /my-private|__trap/);
  const { stack, ...first } = reports[0].report;
  assert.deepEqual(first, {
    event: "FrameReceived",
    message: "join_game",
    bytes: frames[0].length,
    inARow: 1,
    connections: 1,
    snapshotBytes: (await snapshotOf(user)).length,
    logoutBytes: null,
    error: "RuntimeError: unreachable",
  });
  assert.match(stack[0], /^at wasm:\/\/wasm\/[0-9a-f]+:wasm-function\[\d+\]:0x[0-9a-f]+$/);
  assert.deepEqual(reports.map(({ report }) => [report.message, report.inARow]), [
    ["join_game", 1],
    ["broadcast", 2],
    [null, 3],
    [null, 4],
  ]);
  assert.equal(reports[1].report.bytes, Buffer.byteLength(frames[1]));
  // A frame that is served ends the row.
  await device.ask({ type: "sync_state" });
  await device.ask("__trap_before__");
  await eventually("the next report", async () => reportsOf(user).length === 5);
  assert.equal(reportsOf(user)[4].report.inARow, 1);
  await device.close();
});

/** @param {string} userId */
async function snapshotOf(userId) {
  const { session } = await server.stored(userId);
  assert.ok("bytes" in session);
  return session.bytes;
}

test("a storage that refuses is told the same way", async () => {
  const user = "refused";
  const device = await Device.connect(server, user, "d");
  await device.next();
  await server.failNext(user, "put");
  await device.ask({ type: "join_game", gameId: "my-private-game" });
  await eventually("the report", async () => reportsOf(user).length === 1);
  const [{ line, report }] = reportsOf(user);
  assert.doesNotMatch(line, /my-private/);
  assert.equal(report.error, "Error: the test makes this put fail");
  assert.equal(report.message, "join_game");
  await device.close();
});

describe("what is told of an event", () => {
  const credential = { issuedAt: -1, expiresAt: 0, isSignInTime: false, sessionId: "my-session", tokenId: "my-token" };
  const handshake = { version: 2, tabId: "my-tab", run: "my-run", since: { epoch: 0, seq: 0 }, inbox: -1 };
  const options = { keep: 0, pushId: "my-push", to: ["my-phone"], except: [] };
  const situation = { connections: 2, readStored: () => ({ snapshot: null, logout: new Uint8Array(9) }) };

  /** @type {[SessionEvent, number, string | null][]} */
  const EVENTS = [
    [{ type: "Connected", connection: 1, now: 1, deviceId: "my-é", ...handshake, credential }, 5, null],
    [{ type: "Disconnected", connection: 1, now: 1, heartbeat: 0 }, 0, null],
    [{ type: "FrameReceived", connection: 1, now: 1, content: '{"type":"ping"}' }, 15, "ping"],
    [{ type: "FrameReceived", connection: 1, now: 1, content: '{"type":{}}' }, 11, null],
    [{ type: "FrameReceived", connection: 1, now: 1, content: "null" }, 4, null],
    [{ type: "FrameReceived", connection: 1, now: 1, content: "[".repeat(1_000_000) }, 1_000_000, null],
    [{ type: "FrameReceived", connection: 1, now: 1, content: new ArrayBuffer(7) }, 7, null],
    [{ type: "FrameReceived", connection: 1, now: 1, content: '{"type":"logout_device","deviceId":"my-"}' }, 41, "logout_device"],
    [{ type: "StateRequested", now: 1, heartbeat: 0, credential }, 0, null],
    [{ type: "PushRequested", now: 1, body: '{"type":"my-"}', options }, 14, null],
    [{ type: "PushRequested", now: 1, body: new Uint8Array(3), size: 99, options }, 99, null],
    [{ type: "GameLeaveRequested", now: 1, gameId: "my-" }, 3, null],
    [{ type: "LogoutRequested", now: 1, scope: LogoutScope.Device, id: "my-phone", endedAt: 0, credential }, 0, null],
  ];
  for (const [event, bytes, message] of EVENTS) {
    test(`${event.type}, ${bytes} bytes`, () => {
      const line = new Failures().note(event, new Error("x\ny"), situation);
      assert.doesNotMatch(line, /\n|my-/);
      const { stack, ...report } = JSON.parse(line);
      assert.deepEqual(report, {
        event: event.type,
        message,
        bytes,
        inARow: 1,
        connections: 2,
        snapshotBytes: null,
        logoutBytes: 9,
        error: "Error: x\ny",
      });
      assert.ok(stack.length > 0);
    });
  }

  test("an error that quotes what it could not read is told by its name, and one that is none at all", () => {
    /** @type {SessionEvent} */
    const event = { type: "DevicesRequested", now: 1 };
    for (const [error, text] of [
      [new SyntaxError("my-private"), "SyntaxError"],
      ["my-private", "not an Error"],
      [new RangeError("x".repeat(1_000)), `RangeError: ${"x".repeat(188)}`],
    ]) {
      const line = new Failures().note(event, error, situation);
      assert.doesNotMatch(line, /my-private/);
      assert.equal(JSON.parse(line).error, text);
    }
  });

  test("a storage that can't even be read hides nothing else", () => {
    const readStored = () => {
      throw new Error("the disk is gone");
    };
    const line = new Failures().note({ type: "MetricsRequested", now: 1 }, null, { connections: 1, readStored });
    const { event, stored } = JSON.parse(line);
    assert.deepEqual({ event, stored }, { event: "MetricsRequested", stored: "Error: the disk is gone" });
  });
});

test("a socket's frames may fail twenty times at once, and once more a second, whatever the clock does", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const [socket, other] = [{}, {}].map((one) => /** @type {WebSocket} */ (/** @type {unknown} */ (one)));
  const failures = new Failures();
  /** @param {number} times */
  const fail = (times) => Array.from({ length: times }, () => failures.noteFrameFailure(socket));
  assert.ok(!fail(20).includes(true));
  assert.ok(failures.noteFrameFailure(socket));
  assert.ok(!failures.noteFrameFailure(other));
  t.mock.timers.setTime(1_000_000 + 2_000);
  assert.deepEqual(fail(2), [false, true]);
  t.mock.timers.setTime(0);
  assert.deepEqual(fail(1), [true]);
  t.mock.timers.setTime(2 ** 52);
  assert.deepEqual(fail(1), [false]);
});
