/** An app that adds sockets of its own to the object: neither its sockets nor the devices' may suffer from the others. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { assertLoggedOut, stateOf } from "../support/logout.mjs";
import { push } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { V2Device, restOf } from "../support/v2-device.mjs";

/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
before(async () => {
  server = await startServer(`${ROOT}tests/worker/fixtures/extended.wrangler.jsonc`);
});
after(() => server.close());

/** A socket of the app's own. @param {string} userId */
async function ownSocket(userId) {
  const own = new Device(`${server.ws}/own?userId=${userId}`);
  own.socket.on("open", () => own.socket.send("hello"));
  assert.equal(await own.nextText(), "own 1: hello");
  return own;
}

test("sockets of the app's own outlive three sleeps, are told nothing of the session, and count for no device", async () => {
  const user = "beside";
  const own = await ownSocket(user);
  const older = await Device.connect(server, user, "older");
  const newer = await V2Device.open(server, user, "newer");
  await older.next();
  // A socket that has never sent anything hears late of its close where others stay open.
  await older.ask({ type: "sync_state" });
  for (let round = 2; round < 5; round++) {
    await server.hibernate(user);
    own.send("x");
    assert.equal(await own.nextText(), `own ${round}: x`);
    await server.hibernate(user);
    await newer.request({ type: "broadcast", event: "e", data: round });
    assert.equal((await older.next()).data, round);
    const answer = await push(server, user, '{"type":"news"}');
    assert.deepEqual(await answer.json(), { delivered: 2 });
    assert.equal((await older.next()).type, "news");
    assert.equal((await stateOf(server, user)).connectedDevices, 2);
    await restOf(newer);
  }
  assert.deepEqual(own.unread(), []);
  assert.equal(own.ending, null);
  newer.sendRequest({ type: "logout_all" });
  assertLoggedOut(await older.closed());
  await newer.close();
  own.send("y");
  assert.equal(await own.nextText(), "own 5: y", "a logout of the session's devices ends no socket of the app's");
  await own.close();
});

test("the app's socket that leaves after a sleep is nobody's leaving", async () => {
  const user = "leaving";
  const own = await ownSocket(user);
  const newer = await V2Device.open(server, user, "newer");
  await restOf(newer);
  await server.hibernate(user);
  const { reason } = await own.close();
  assert.equal(reason, "own");
  assert.deepEqual(await restOf(newer), []);
  assert.deepEqual([(await stateOf(server, user)).connectedDevices, newer.ending], [1, null]);
  await newer.close();
});

test("who overwrites what is attached to a device's socket makes that device connect again, and read all anew: no other is harmed", async () => {
  const user = "overwritten";
  const own = await ownSocket(user);
  const newer = await V2Device.open(server, user, "newer");
  await newer.request({ type: "broadcast", event: "e", data: 1 });
  await restOf(newer);
  await fetch(`${server.http}/test/overwrite?userId=${user}`);
  await server.hibernate(user);
  await push(server, user, '{"type":"news"}');
  await newer.closed();
  const back = await newer.again();
  assert.equal(back.initial.reset, true);
  own.send("x");
  assert.equal(await own.nextText(), "own 2: x");
  await Promise.all([own.close(), back.close()]);
});
