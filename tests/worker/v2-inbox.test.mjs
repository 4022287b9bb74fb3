/**
 * Messages that wait: whoever has not read one gets it, whatever broke meanwhile, and nobody is shown one again
 * that they have.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { leave } from "../support/leaving.mjs";
import { V2Device, pushed, restOf } from "../support/v2-device.mjs";
import { NO_WRITES, startWatchedServer } from "../support/watched.mjs";

/** @import { Server } from "../support/server.mjs" */
/** @import { Watching } from "../support/watched.mjs" */

/** @type {Server & Watching} */
let server;
before(async () => {
  server = await startWatchedServer();
});
after(() => server.close());

/**
 * Pushes a message that waits.
 * @param {string} userId
 * @param {number} n
 * @param {object} [options]
 * @returns {Promise<any>} The answer.
 */
async function keep(userId, n, options = {}) {
  const message = { type: "news", n };
  return (await server.call(userId, "push", message, { keep: 600, ...options })).result;
}

/** @param {string} userId */
async function inboxOf(userId) {
  return (await server.call(userId, "export")).result.inbox;
}

/** The keys of the rows of the inbox. @param {string} userId */
async function rowsOf(userId) {
  return Object.keys(await server.stored(userId)).filter((key) => key.startsWith("session.inbox"));
}

test("a message has a number that counts up with the time, and an end, wherever it is told", async () => {
  const user = "numbers";
  const before = Date.now();
  const desk = await V2Device.open(server, user, "desk");
  const hook = await Device.connect(server, user, "hook");
  await restOf(hook);
  await restOf(desk);
  const first = await keep(user, 1);
  const second = await keep(user, 2, { pushId: "p" });
  assert.deepEqual([first, second], [
    { delivered: 2, inbox: first.inbox, kept: 1, dropped: 0 },
    { delivered: 2, inbox: second.inbox, kept: 2, dropped: 0 },
  ]);
  assert.ok(before <= first.inbox && first.inbox < second.inbox && second.inbox <= Date.now() + 1);
  const told = await restOf(desk);
  const expected = [first, second].map(({ inbox }, at) => {
    return { type: "push", inbox, expiresAt: told[at].expiresAt, body: { type: "news", n: at + 1 } };
  });
  assert.deepEqual(told, expected);
  for (const { inbox, expiresAt } of told) assert.ok(Math.abs(expiresAt - inbox - 600_000) < 1_000);
  assert.deepEqual(await restOf(hook), [1, 2].map((n) => ({ type: "news", n })));
  const back = await desk.again();
  assert.deepEqual([back.initial.inbox, await restOf(back)], [{ last: second.inbox, read: 0, unread: 2 }, []]);
  await Promise.all([back.close(), hook.close()]);
});

test("a connection that breaks behind initial_state, or among the messages, loses none", async () => {
  const user = "broken";
  const first = await V2Device.open(server, user, "desk");
  await leave(server, first, user, 0);
  const { since } = first;
  for (let n = 1; n <= 5; n++) await keep(user, n);
  const { messages } = await inboxOf(user);
  const numbers = messages.map((/** @type {any} */ { inbox }) => inbox);
  // How many of the messages had come when it broke.
  for (let seen = 0; seen <= numbers.length; seen++) {
    if (seen === 2) await server.hibernate(user);
    const cut = await V2Device.open(server, user, "desk", { since, inbox: String(first.inbox) });
    await restOf(cut);
    cut.socket.terminate();
    const inbox = String(seen === 0 ? first.inbox : numbers[seen - 1]);
    const back = await V2Device.open(server, user, "desk", { since, inbox });
    assert.deepEqual(pushed(await restOf(back)), [1, 2, 3, 4, 5].slice(seen));
    await back.close();
  }
});

test("a page that says nothing is shown what is not read, and one that says more than there is, too", async () => {
  const user = "page";
  for (let n = 1; n <= 3; n++) await keep(user, n);
  const { messages } = await inboxOf(user);
  const desk = await V2Device.open(server, user, "desk");
  assert.deepEqual(pushed(await restOf(desk)), [1, 2, 3]);
  assert.equal((await desk.request({ type: "mark_read", inbox: messages[1].inbox })).type, "ack");
  for (const inbox of [undefined, "none", "-1", "1e3", String(messages[2].inbox + 1), "9007199254740991"]) {
    const page = await V2Device.open(server, user, "phone", inbox === undefined ? {} : { inbox });
    assert.deepEqual(page.initial.inbox, { last: messages[2].inbox, read: messages[1].inbox, unread: 1 });
    assert.deepEqual(pushed(await restOf(page)), [3], String(inbox));
    await page.close();
  }
  const all = await V2Device.open(server, user, "phone", { inbox: "0" });
  assert.deepEqual(pushed(await restOf(all)), [1, 2, 3]);
  await Promise.all([desk.close(), all.close()]);
});

test("what one device marks as read all are told, once, and it never goes back", async () => {
  const user = "read";
  const desk = await V2Device.open(server, user, "desk");
  const phone = await V2Device.open(server, user, "phone");
  for (let n = 1; n <= 3; n++) await keep(user, n);
  const numbers = (await inboxOf(user)).messages.map((/** @type {any} */ { inbox }) => inbox);
  for (const device of [desk, phone]) await restOf(device);
  const ack = await phone.request({ type: "mark_read", inbox: numbers[1] });
  assert.equal(ack.type, "ack");
  const [read] = await restOf(desk);
  assert.deepEqual(read, { type: "inbox_read", inbox: numbers[1], unread: 1, seq: desk.seq });
  for (const inbox of [numbers[0], numbers[1], 0]) await phone.request({ type: "mark_read", inbox });
  for (const inbox of [numbers[2] + 1, -1, 1.5, "1", null, undefined]) {
    const { type, code } = await phone.request({ type: "mark_read", inbox });
    assert.deepEqual([type, code], ["error", "invalid_message"], String(inbox));
  }
  assert.deepEqual(await restOf(desk), []);
  await leave(server, desk, user, 1);
  await phone.request({ type: "mark_read", inbox: numbers[2] });
  await server.hibernate(user);
  const back = await desk.again();
  assert.deepEqual((await restOf(back)).map(({ type, unread }) => [type, unread]), [["inbox_read", 0]]);
  assert.deepEqual(back.initial.inbox, { last: numbers[2], read: numbers[2], unread: 0 });
  await Promise.all([back.close(), phone.close()]);
});

test("each message has a row of its own, whose slot is used again, and a clear leaves what was counted", async () => {
  const user = "rows";
  const desk = await V2Device.open(server, user, "desk");
  for (let n = 1; n <= 3; n++) {
    const writes = await server.writesDuring(user, () => keep(user, n, { pushId: `p${n}` }));
    assert.deepEqual(writes, { ...NO_WRITES, puts: 1 });
  }
  assert.deepEqual(await rowsOf(user), ["session.inbox.0", "session.inbox.1", "session.inbox.2"]);
  const soon = await keep(user, 4, { keep: 1 });
  await eventually("the message to expire", () => Date.now() > soon.inbox + 1_000);
  const writes = await server.writesDuring(user, () => keep(user, 5));
  // The other row is the inbox's, since the number of a message that goes may be in no other.
  assert.deepEqual(writes, { ...NO_WRITES, puts: 2 });
  assert.deepEqual(await rowsOf(user), ["session.inbox", ...[0, 1, 2, 3].map((slot) => `session.inbox.${slot}`)]);
  assert.deepEqual((await inboxOf(user)).messages.map((/** @type {any} */ { body }) => body.n), [1, 2, 3, 5]);
  await desk.request({ type: "sync_state" });
  const { last } = await inboxOf(user);
  const marking = await server.writesDuring(user, () => desk.request({ type: "mark_read", inbox: last }));
  assert.deepEqual(marking, { ...NO_WRITES, puts: 1 });
  await server.call(user, "clear");
  assert.deepEqual(await rowsOf(user), ["session.inbox"]);
  await server.restart(user);
  assert.deepEqual(await inboxOf(user), { last, read: last, messages: [] });
  assert.deepEqual(await keep(user, 1, { pushId: "p1" }), { delivered: 0, repeated: true });
  assert.ok((await keep(user, 6)).inbox > last);
});

test("what there is no room for is dropped from the old end, and whoever has not got it is told", async () => {
  const user = "dropped";
  const early = await V2Device.open(server, user, "early");
  await leave(server, early, user, 0);
  /** @type {number[]} */
  const numbers = [];
  for (let n = 0; n < 64; n++) {
    const { inbox, ...told } = await keep(user, n);
    numbers.push(inbox);
    assert.deepEqual(told, { delivered: 0, kept: n + 1, dropped: 0 });
  }
  const { inbox: newest, ...told } = await keep(user, 64);
  assert.deepEqual(told, { delivered: 0, kept: 64, dropped: 1 });
  for (const restarts of [false, true]) {
    if (restarts) await server.restart(user);
    const back = await early.again();
    assert.equal(back.initial.lost, true);
    assert.deepEqual(pushed(await restOf(back)), Array.from({ length: 64 }, (_, at) => at + 1));
    await back.close();
    const upToDate = await V2Device.open(server, user, "desk", { inbox: String(numbers[0]) });
    assert.equal(upToDate.initial.lost, undefined, "it has what was dropped");
    assert.equal(pushed(await restOf(upToDate)).length, 64);
    await leave(server, upToDate, user, 0);
  }
  assert.ok((await inboxOf(user)).last === newest);
});
