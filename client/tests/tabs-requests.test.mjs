/** Tabs that share a socket, when another one takes over: what was asked is done once, whoever had asked it and whoever sends it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, initialState, repeated } from "./support/fake-socket.mjs";
import { connectAll, leadAlone, listen, pass, quiet, stealable, tabs, until } from "./support/tabs.mjs";

/** @import { TestContext } from "node:test" */
/** @import { FakeSocket } from "./support/fake-socket.mjs" */

const DONE = { ok: true, credentialShared: false };

/** @param {FakeSocket} socket */
const runOf = (socket) => socket.url.searchParams.get("run");

/** @param {FakeSocket} socket @param {string} id */
const ack = (socket, id) => socket.receive({ type: "ack", id });

/** @param {FakeSocket} socket @param {string} id @param {string} code */
const refuse = (socket, id, code) => socket.receive({ type: "error", code, message: code, id });

/** A tab that leads, and what another that it serves says. @param {TestContext} t @param {import("user-session-worker/client").UserSessionClientOptions | {}} [options] */
async function leading(t, options) {
  const given = tabs(t, 1, options);
  const lock = stealable(t);
  given.client.connect();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  const { say, heard } = listen(t, given.name);
  const join = async () => {
    say({ kind: "join", known: { position: null, inbox: null }, isNew: false }, "other");
    await until("its welcome", () => heard.some(({ kind }) => kind === "welcome"));
    return heard.find(({ kind }) => kind === "welcome").stream;
  };
  const stream = await join();
  const ask = (/** @type {string} */ key, /** @type {string | null} */ id = null) =>
    say({ kind: "ask", stream, key, text: JSON.stringify({ type: "broadcast", event: key }), id }, "other");
  const sent = () => heard.filter(({ kind }) => kind === "sent");
  return { ...given, lock, say, heard, ask, sent, stream };
}

test("what the last leader sent is repeated by the next under its run, and what is asked anew goes under the next one's", async (t) => {
  const given = tabs(t, 2);
  await connectAll(given);
  const [leader, tab] = given.clients;
  const outcomes = [tab?.publish("e", 1), tab?.joinGame("go")];
  await until("the requests", () => given.newest().requests.length === 2);
  const first = given.newest();
  const run = runOf(first);
  assert.deepEqual(first.requests.map(({ id }) => id), [`${run}.1`, `${run}.2`]);
  await quiet();
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

test("what waits in a tab for its turn was never sent, so it is no repetition: the server would refuse the number", async (t) => {
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
  await pass(t, 5_000);
  assert.deepEqual(
    given.newest().requests.map(({ data, again, id }) => [data, again, id.split(".")[1]]),
    [[0, true, "1"], [1, undefined, "1"], [2, undefined, "2"]],
  );
});

test("a tab that was frozen sends nothing that it reads of being asked once another leads, which does it itself", async (t) => {
  const { newest, lock, ask, say, sent, stream } = await leading(t);
  ask("before");
  await until("the request", () => newest().requests.length === 1);
  await until("its id to be told", () => sent().length === 1);
  lock.isTaken = true;
  ask("after");
  say({ kind: "send", stream, text: '{"type":"sync_state"}' }, "other");
  await until("its socket to be closed", () => newest().closedWith === 1000);
  await quiet();
  assert.deepEqual(newest().requests.map(({ event }) => event), ["before"]);
  assert.equal(sent().length, 1);
});

test("a tab sends nothing for another that believes in an earlier connection of it", async (t) => {
  const { newest, sockets, ask, page } = await leading(t);
  newest().fail();
  ask("late");
  page.dispatchEvent(new Event("online"));
  await until("the next socket", () => sockets.length === 2);
  accept(newest());
  ask("later");
  await quiet();
  assert.deepEqual(newest().requests, []);
});

test("a tab that leads keeps what another asks back while the window of its run is full, and repeats what was sent", async (t) => {
  const { client, newest, ask, sent } = await leading(t);
  void client.publish("first");
  for (let n = 2; n <= 64; n++) {
    void client.publish("e", n);
    newest().receive({ type: "pong" });
    await pass(t, 250);
    if (newest().requests.length === n) ack(newest(), newest().requests[n - 1].id);
  }
  await until("all", () => newest().requests.length === 64);
  ask("theirs");
  await quiet();
  assert.equal(newest().requests.length, 64, "number 65 waits for number 1");
  ask("repeated", "theirs.1");
  await quiet();
  assert.equal(newest().requests.length, 64, "what was asked later waits, too");
  ack(newest(), newest().requests[0].id);
  await until("what has waited", () => newest().requests.length === 66);
  await until("it to be told", () => sent().length === 1);
  assert.deepEqual(newest().requests.slice(64).map(({ id, again }) => [id, again]), [[`${runOf(newest())}.65`, undefined], ["theirs.1", true]]);
  assert.deepEqual(sent().map(({ key, id }) => [key, id]), [["theirs", `${runOf(newest())}.65`]]);
});

test("a request of another tab's fills the window like one's own, until it is answered", async (t) => {
  const { client, newest, ask } = await leading(t);
  ask("theirs");
  await until("the request", () => newest().requests.length === 1);
  for (let n = 2; n <= 65; n++) {
    void client.publish("e", n);
    newest().receive({ type: "pong" });
    await pass(t, 250);
    const last = newest().requests.at(-1);
    if (last.data === n) ack(newest(), last.id);
  }
  assert.equal(newest().requests.length, 64);
  refuse(newest(), newest().requests[0].id, "rate_limited");
  await quiet();
  assert.equal(newest().requests.length, 64, "that settles nothing");
  ack(newest(), newest().requests[0].id);
  newest().receive({ type: "pong" });
  await pass(t, 1_000);
  assert.equal(newest().requests.length, 65, "the one that has waited needs nobody to ask for something else");
});

test("what several tabs ask for goes at the rate of one socket, by turns, and slower when the server refuses any of it", async (t) => {
  const given = tabs(t, 3, { requestsPerSecond: 4 });
  await connectAll(given);
  for (const [at, client] of given.clients.entries()) for (let n = 0; n < 8; n++) void client.publish(`tab ${at}`, n);
  await quiet();
  assert.equal(given.newest().requests.length, 6, "as many as one tab may at once");
  await pass(t, 1_500);
  assert.equal(given.newest().requests.length, 12);
  const asked = given.newest().requests.map(({ event }) => event);
  assert.ok(asked.indexOf("tab 1") < asked.lastIndexOf("tab 0"), asked.join());
  for (const request of given.newest().requests.slice(0, -1)) ack(given.newest(), request.id);
  const last = given.newest().requests.at(-1);
  refuse(given.newest(), last.id, "rate_limited");
  await pass(t, 3_500);
  const more = given.newest().requests.length - 12;
  assert.ok(more > 0 && more <= 7, `${more} in 3.5 s, where 14 could be at the full rate`);
});

test("a tab that leads before it hears under which id its request was sent repeats that", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  void given.client.publish("e", 1);
  await until("the request", () => alone.heardOf("ask").length > 0);
  const [{ key, id, text }] = alone.heardOf("ask");
  assert.deepEqual([id, JSON.parse(text)], [null, { type: "broadcast", event: "e", data: 1 }]);
  await alone.leave();
  await until("its socket", () => given.sockets.length === 1);
  alone.say({ kind: "sent", key, id: "the-last-leaders-run.7" });
  await quiet();
  accept(given.newest());
  await quiet();
  assert.deepEqual(given.newest().requests.map((request) => [request.id, request.again]), [["the-last-leaders-run.7", true]]);
});

test("a tab that came back from the cache can't know what was sent for it meanwhile: an event is unknown, a join asked anew", async (t) => {
  const given = tabs(t, 1);
  const alone = leadAlone(t, given.name);
  given.client.connect();
  await alone.welcome([initialState()]);
  const outcomes = [given.client.publish("e", 1), given.client.joinGame("go"), given.client.publish("g", 1)];
  await until("it to ask", () => alone.heardOf("ask").length === 3);
  const known = alone.heardOf("ask")[2];
  alone.say({ kind: "sent", key: known.key, id: "theirs.3" });
  await quiet();
  given.page.dispatchEvent(new Event("pagehide"));
  await quiet();
  given.page.dispatchEvent(new Event("pageshow"));
  outcomes.push(given.client.publish("f", 2));
  await quiet();
  await alone.leave();
  await until("its socket", () => given.sockets.length === 1);
  accept(given.newest());
  assert.deepEqual(given.newest().requests.map(({ type, again, event }) => [event ?? type, again]), [["join_game", undefined], ["g", true], ["f", undefined]]);
  for (const { id } of given.newest().requests) ack(given.newest(), id);
  const [event, ...others] = await Promise.all(outcomes);
  assert.ok(event);
  assert.equal(!event.ok && event.code, "unknown");
  assert.deepEqual(others, [DONE, DONE, DONE]);
});
