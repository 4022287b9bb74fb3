/** Tabs that share a socket, when another one takes over: what was asked is done once, whoever had asked it and whoever sends it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, repeated } from "./support/fake-socket.mjs";
import { connectAll, knowledge, leadAlone, listen, quiet, stealable, tabs, until } from "./support/tabs.mjs";

/** @import { FakeSocket } from "./support/fake-socket.mjs" */

const DONE = { ok: true, credentialShared: false };

/** @param {FakeSocket} socket */
const runOf = (socket) => socket.url.searchParams.get("run");

/** @param {FakeSocket} socket @param {string} id */
const ack = (socket, id) => socket.receive({ type: "ack", id });

/** @param {FakeSocket} socket @param {string} id @param {string} code */
const refuse = (socket, id, code) => socket.receive({ type: "error", code, message: code, id });

test("what the last leader sent is repeated by the next under its run, and what is asked anew goes under the next one's", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [leader, tab] = given.clients;
  const outcomes = [tab?.publish("e", 1), tab?.joinGame("go")];
  await until("the requests", () => given.newest().requests.length === 2);
  const first = given.newest();
  const run = runOf(first);
  assert.deepEqual(first.requests.map(({ id }) => id), [`${run}.1`, `${run}.2`]);
  leader?.close();
  await until("the next leader", () => given.sockets.length === 2);
  assert.notEqual(runOf(given.newest()), run);
  outcomes.push(tab?.publish("f", 2));
  accept(given.newest());
  await quiet();
  const [event, join, later] = given.newest().requests;
  assert.deepEqual([event, join], first.requests.map(repeated));
  assert.deepEqual([later.id, later.again], [`${runOf(given.newest())}.1`, undefined]);
  ack(given.newest(), event.id);
  refuse(given.newest(), join.id, "too_old");
  const anew = given.newest().requests.at(-1);
  assert.deepEqual([anew.type, anew.id, anew.again], ["join_game", `${runOf(given.newest())}.2`, undefined]);
  ack(given.newest(), anew.id);
  ack(given.newest(), later.id);
  assert.deepEqual(await Promise.all(outcomes), [DONE, DONE, DONE]);
});

test("what the last leader had not sent yet is no repetition: the server would refuse the number", async (t) => {
  const given = tabs(t, 2, { requestsPerSecond: 1 });
  await connectAll(given);
  const [leader, tab] = given.clients;
  for (let at = 0; at < 3; at++) void tab?.publish("e", at);
  await until("the first", () => given.newest().requests.length === 1);
  await quiet();
  leader?.close();
  await until("the next leader", () => given.sockets.length === 2);
  accept(given.newest());
  await quiet();
  t.mock.timers.tick(5_000);
  assert.deepEqual(
    given.newest().requests.map(({ data, again, id }) => [data, again, id.split(".")[1]]),
    [[0, true, "1"], [1, undefined, "1"], [2, undefined, "2"]],
  );
});

for (const what of ["what it reads of being asked", "an answer that it reads"]) {
  test(`a tab that was frozen does nothing about ${what} once another leads, which does it itself`, async (t) => {
    const given = tabs(t, 1);
    const lock = stealable(t);
    given.client.connect();
    await until("its socket", () => given.sockets.length === 1);
    accept(given.newest());
    const { channel, heard } = listen(t, given.name);
    const ask = (/** @type {string} */ key) => channel.postMessage({ kind: "ask", key, message: { type: "broadcast", event: key }, id: null });
    ask("before");
    await until("the request", () => given.newest().requests.length === 1);
    const socket = given.newest();
    lock.isTaken = true;
    if (what.startsWith("an answer")) ack(socket, socket.requests[0].id);
    else ask("after");
    await until("its socket to be closed", () => socket.closedWith === 1000);
    await quiet();
    assert.equal(socket.requests.length, 1);
    assert.deepEqual(heard.filter(({ kind }) => kind === "outcome"), []);
  });
}

test("a tab that leads again does nothing about what it was asked before another led", async (t) => {
  const given = tabs(t, 1);
  given.client.connect();
  await until("its socket", () => given.sockets.length === 1);
  const { channel } = listen(t, given.name);
  const ask = (/** @type {string} */ key) => channel.postMessage({ kind: "ask", key, message: { type: "broadcast", event: key }, id: null });
  const own = given.client.publish("own", 1);
  ask("other.before");
  await quiet();
  channel.postMessage({ kind: "leading", from: "other" });
  ask("other.after");
  await quiet();
  accept(given.newest());
  await quiet();
  assert.deepEqual(given.newest().requests.map(({ event }) => event), ["own", "other.after"]);
  ack(given.newest(), given.newest().requests[0].id);
  assert.deepEqual(await own, DONE);
});

for (const who of ["this tab", "another"]) {
  test(`what is begun again by ${who} while nobody leads is begun by the next who does`, async (t) => {
    const given = tabs(t, 1);
    const alone = leadAlone(t, given.name);
    given.client.connect();
    await quiet();
    const { snapshot, memory } = knowledge();
    const over = { ...snapshot, isConnected: false, connectionStatus: "logged_out" };
    alone.channel.postMessage({ kind: "told", from: "leader", snapshot: over, memory, changes: [], isCounted: false });
    await until("the end", () => given.client.getSnapshot().connectionStatus === "logged_out");
    if (who === "this tab") given.client.reconnect();
    else alone.channel.postMessage({ kind: "reconnect" });
    await quiet();
    await alone.leave();
    await until("its socket", () => given.sockets.length === 1);
  });
}

test("a tab that leads before it hears under which id its request was sent repeats that", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  void given.client.publish("e", 1);
  await until("the request", () => alone.asked().length > 0);
  const [{ key }] = alone.asked();
  await alone.leave();
  await until("its socket", () => given.sockets.length === 1);
  alone.channel.postMessage({ kind: "sent", key, id: "the-last-leaders-run.7" });
  await quiet();
  accept(given.newest());
  await quiet();
  assert.deepEqual(given.newest().requests.map(({ id, again }) => [id, again]), [["the-last-leaders-run.7", true]]);
});

test("a tab that led asks the next leader for its own requests alone: others ask for theirs, as long as they want them", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [leader, tab] = given.clients;
  void leader?.publish("own");
  void tab?.publish("other");
  await until("the requests", () => given.newest().requests.length === 2);
  const { heard } = listen(t, given.name);
  await navigator.locks.request(given.name, { steal: true }, async () => {
    await until("its end", () => given.newest().closedWith === 1000);
    await until("it to ask", () => heard.some(({ kind }) => kind === "ask"));
    await quiet();
  });
  assert.deepEqual(heard.flatMap(({ kind, message }) => (kind === "ask" ? [message.event] : [])), ["own"]);
});

test("a tab that came back from the cache can't know what was sent for it meanwhile: an event is unknown, a join asked anew", async (t) => {
  const given = tabs(t, 1);
  const { asked, leave } = leadAlone(t, given.name);
  given.client.connect();
  const outcomes = [given.client.publish("e", 1), given.client.joinGame("go")];
  await until("it to ask", () => asked().length >= 2);
  given.page.dispatchEvent(new Event("pagehide"));
  await quiet();
  given.page.dispatchEvent(new Event("pageshow"));
  outcomes.push(given.client.publish("f", 2));
  await quiet();
  await leave();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  assert.deepEqual(given.newest().requests.map(({ type, again, event }) => [event ?? type, again]), [["join_game", undefined], ["f", undefined]]);
  for (const { id } of given.newest().requests) ack(given.newest(), id);
  const [event, ...others] = await Promise.all(outcomes);
  assert.ok(event);
  assert.equal(!event.ok && event.code, "unknown");
  assert.deepEqual(others, [DONE, DONE]);
});

test("a tab that asks again after it came back from the cache asks for the outcome of what still waits", async (t) => {
  const given = tabs(t, 1);
  const { asked, channel, leave } = leadAlone(t, given.name);
  given.client.connect();
  const outcome = given.client.publish("e", 1);
  await until("it to ask", () => asked().length === 1);
  const [{ key }] = asked();
  channel.postMessage({ kind: "sent", key, id: "theirs.7" });
  await quiet();
  given.page.dispatchEvent(new Event("pagehide"));
  given.page.dispatchEvent(new Event("pageshow"));
  await until("it to ask again", () => asked().length === 2);
  assert.deepEqual([asked()[1].key, asked()[1].id], [key, "theirs.7"]);
  channel.postMessage({ kind: "outcome", key, outcome: DONE });
  assert.deepEqual(await outcome, DONE);
  given.client.close();
  await leave();
});

test("what was sent and fills the window is repeated before what waits for the same thing, or nothing would ever be sent", async (t) => {
  const given = tabs(t, 1);
  given.client.connect();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  const { channel } = listen(t, given.name);
  const ask = (/** @type {string | null} */ id) =>
    channel.postMessage({ kind: "ask", key: "other.1", message: { type: "join_game", gameId: "go" }, id });
  ask(null);
  await until("the request", () => given.newest().requests.length === 1);
  const own = given.client.leaveGame("go");
  for (let n = 1; n < 64; n++) {
    void given.client.publish("e", n);
    given.newest().receive({ type: "pong" });
    t.mock.timers.tick(1_000);
    ack(given.newest(), given.newest().requests[n].id);
  }
  const [first] = given.newest().requests;
  given.page.dispatchEvent(new Event("pagehide"));
  given.page.dispatchEvent(new Event("pageshow"));
  await until("the next socket", () => given.sockets.length === 2);
  ask(first.id);
  await quiet();
  accept(given.newest());
  assert.deepEqual(given.newest().requests, [repeated(first)]);
  ack(given.newest(), first.id);
  assert.deepEqual(given.newest().requests.map(({ type }) => type), ["join_game", "leave_game"]);
  ack(given.newest(), given.newest().requests[1].id);
  assert.deepEqual(await own, DONE);
});

test("a tab that was away starts over if its leader has come to speak version 1, which counts nothing", async (t) => {
  const given = tabs(t, 1);
  const { channel } = leadAlone(t, given.name);
  given.client.connect();
  await quiet();
  const { snapshot, memory } = knowledge();
  const tell = (/** @type {object} */ told) =>
    channel.postMessage({ kind: "told", from: "leader", snapshot, memory, changes: [], isCounted: false, ...told });
  let resets = 0;
  given.client.on("reset", () => resets++);
  tell({});
  await until("the state", () => given.client.getSnapshot().isConnected);
  given.page.dispatchEvent(new Event("pagehide"));
  await quiet();
  given.page.dispatchEvent(new Event("pageshow"));
  const withoutPlace = { ...memory, position: null };
  tell({ snapshot: { ...snapshot, isConnected: false }, memory: withoutPlace });
  await quiet();
  assert.equal(resets, 0, "a leader that is not connected says nothing of it");
  tell({ memory: withoutPlace });
  await until("the reset", () => resets === 1);
  tell({ memory: withoutPlace });
  await quiet();
  assert.equal(resets, 1);
});

test("a tab that was told what nobody counts does not ask for it again, once it leads", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await quiet();
  const { snapshot, memory } = knowledge();
  const tell = (/** @type {object} */ more) =>
    alone.channel.postMessage({ kind: "told", from: "leader", snapshot, memory, changes: [], isCounted: false, ...more });
  tell({});
  tell({ memory: { ...memory, position: null }, changes: [{ type: "reset" }] });
  await until("the reset", () => given.changes.length > 0);
  await alone.leave();
  await until("its socket", () => given.sockets.length === 1);
  assert.equal(given.newest().url.searchParams.get("since"), null);
});

test("a tab whose new leader began ahead of the last one, in the same count, has missed what is in between", async (t) => {
  const given = tabs(t, 1);
  const { channel } = leadAlone(t, given.name);
  given.client.connect();
  await quiet();
  const { snapshot, memory } = knowledge();
  const tell = (/** @type {number} */ seq, /** @type {object} */ more) =>
    channel.postMessage({
      ...{ kind: "told", from: "leader", snapshot, changes: [], isCounted: false },
      ...{ memory: { ...memory, position: { epoch: 7, seq, origin: 7 } }, ...more },
    });
  const event = { type: "event", event: { name: "e", data: 1, from: "phone", inbox: null } };
  tell(10, {});
  tell(11, { isCounted: true, changes: [event] });
  tell(11, {});
  await quiet();
  assert.deepEqual(given.changes, [event]);
  tell(13, {});
  await quiet();
  assert.deepEqual(given.changes, [event, { type: "reset" }]);
});

test("frames that a leader is brought again in another epoch are told once, for the numbers go on", async (t) => {
  const given = tabs(t, 1);
  const { channel, leave } = leadAlone(t, given.name);
  given.client.connect();
  const { snapshot, memory } = knowledge();
  const tell = (/** @type {object} */ position, /** @type {any[]} */ changes) =>
    channel.postMessage({ kind: "told", snapshot, memory: { ...memory, position }, changes, isCounted: true });
  const event = (/** @type {string} */ data) => ({ type: "event", event: { name: "e", data, from: "x", inbox: null } });
  tell({ epoch: 7, seq: 12, origin: 7 }, [event("12")]);
  tell({ epoch: 8, seq: 11, origin: 7 }, [event("11")]);
  tell({ epoch: 8, seq: 13, origin: 7 }, [event("13")]);
  tell({ epoch: 9, seq: 2, origin: 9 }, [event("2 of another count")]);
  await until("the last", () => given.changes.length === 3);
  assert.deepEqual(given.changes.map(({ event: { data } }) => data), ["12", "13", "2 of another count"]);
  given.client.close();
  await leave();
});

test("a message of the inbox that two leaders tell is told once in each tab", async (t) => {
  const given = tabs(t, 1);
  const { channel, leave } = leadAlone(t, given.name);
  given.client.connect();
  const { snapshot, memory } = knowledge();
  const tell = (/** @type {number} */ n) => {
    const inbox = { last: 7, read: 0, unread: 1, place: n, expiring: [] };
    const event = { name: "news", data: {}, from: null, inbox: n };
    channel.postMessage({ kind: "told", snapshot, memory: { ...memory, inbox }, changes: [{ type: "event", event }], isCounted: false });
  };
  for (const n of [5, 5, 6, 5, 6, 7]) tell(n);
  await until("the last", () => given.changes.some(({ event: { inbox } }) => inbox === 7));
  assert.deepEqual(given.changes.map(({ event: { inbox } }) => inbox), [5, 6, 7]);
  given.client.close();
  await leave();
});

test("a message of the inbox reaches all tabs, once in each, also when the next leader is brought it again", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const message = { type: "push", inbox: 5, expiresAt: 9_000_000, body: { type: "news" } };
  given.newest().receive(message);
  await until("the news", () => given.told.every((changes) => changes.length === 1));
  assert.ok(given.clients.every((client) => client.getSnapshot().unread === 1));
  const [leader, tab] = given.clients;
  void tab?.markRead();
  await until("the mark", () => given.newest().requests.length === 1);
  assert.equal(given.newest().requests[0].inbox, 5);
  leader?.close();
  await until("the next leader", () => given.sockets.length === 2);
  assert.equal(given.newest().url.searchParams.get("inbox"), "5");
  accept(given.newest(), { inbox: { last: 5, read: 0, unread: 1 } });
  given.newest().receive(message);
  given.newest().receive({ ...message, inbox: 6 });
  await until("the next", () => given.told[1]?.length === 2);
  assert.deepEqual(given.told[1]?.map(({ event }) => event.inbox), [5, 6]);
});
