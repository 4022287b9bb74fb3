/** What a client takes from the page that it lives in: who it is, and whether anybody looks. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { accept, fakeClient, settled } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

let copies = 0;

/** The module of ids as another page loads it. @returns {Promise<typeof import("../src/identity.ts")>} */
const anotherPage = () => import(`${new URL("../dist/identity.js", import.meta.url)}?${copies++}`);

/**
 * Storages as a browser has them.
 * @param {TestContext} t
 * @param {{blocked?: boolean}} [options]
 */
function withStorage(t, { blocked = false } = {}) {
  /** @type {Map<string, string>[]} */
  const maps = [];
  const globals = /** @type {any} */ (globalThis);
  const page = new EventTarget();
  globals.addEventListener = page.addEventListener.bind(page);
  for (const name of ["localStorage", "sessionStorage"]) {
    const map = new Map();
    maps.push(map);
    const storage = {
      getItem: (/** @type {string} */ key) => map.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => void map.set(key, value),
      removeItem: (/** @type {string} */ key) => void map.delete(key),
    };
    const get = () => {
      if (blocked) throw new Error("SecurityError");
      return storage;
    };
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, get });
    t.after(() => {
      delete globals[name];
      if (before) Object.defineProperty(globalThis, name, before);
    });
  }
  t.after(() => delete globals.addEventListener);
  return { local: maps[0], session: maps[1], page };
}

test("a device keeps its id from page to page, or every reload would be a new device in the list", async (t) => {
  withStorage(t);
  const [first, second] = [await anotherPage(), await anotherPage()];
  const id = first.ownDeviceId();
  assert.match(id, /^[a-z2-7]{20}$/);
  assert.deepEqual([first.ownDeviceId(), second.ownDeviceId()], [id, id]);
});

test("where storage is forbidden a page still has ids, and keeps them", async (t) => {
  withStorage(t, { blocked: true });
  const { ownDeviceId, ownTabId } = await anotherPage();
  assert.equal(ownDeviceId(), ownDeviceId());
  assert.equal(ownTabId(), ownTabId());
});

test("a tab's id survives a reload, and a copy of its storage never has it while the tab lives", async (t) => {
  const { session, page } = withStorage(t);
  const id = (await anotherPage()).ownTabId();
  page.dispatchEvent(new Event("pagehide"));
  assert.deepEqual([...(session?.values() ?? [])], [id]);
  const reloaded = await anotherPage();
  assert.equal(reloaded.ownTabId(), id);
  assert.equal(session?.size, 0, "a duplicate of the reloaded tab starts without it, too");
  page.dispatchEvent(new Event("pagehide"));
  page.dispatchEvent(new Event("pageshow"));
  assert.equal(session?.size, 0, "a page that comes back from the cache takes it again");
});

/** A page whose visibility a test controls. @param {TestContext} t */
function visiblePage(t) {
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const globals = /** @type {any} */ (globalThis);
  globals.document = document;
  t.after(() => delete globals.document);
  return (/** @type {"visible" | "hidden"} */ state) => {
    document.visibilityState = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

/** @param {{sent: string[]}} socket */
const said = ({ sent }) =>
  sent.map((text) => JSON.parse(text)).filter(({ type }) => type === "update_presence").map(({ presence }) => presence);

/** Answers what was asked. @param {import("./support/fake-socket.mjs").FakeSocket} socket */
const answer = (socket) => socket.requests.forEach(({ id }) => socket.receive({ type: "ack", id }));

/** Lets the browser's locks answer. */
const locksAnswered = async () => {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
};

test("a presence that follows visibility: away after a moment, online at once, and no word for a glance", async (t) => {
  const show = visiblePage(t);
  const { client, newest } = fakeClient(t, { presenceFromVisibility: true });
  client.connect();
  await settled();
  accept(newest());
  answer(newest());
  await locksAnswered();
  show("hidden");
  await locksAnswered();
  t.mock.timers.tick(4_999);
  await locksAnswered();
  show("visible");
  answer(newest());
  show("hidden");
  await locksAnswered();
  t.mock.timers.tick(5_000);
  await locksAnswered();
  assert.deepEqual(said(newest()), ["online", "online", "away"]);
  answer(newest());
  newest().fail();
  t.mock.timers.tick(1_000);
  accept(newest(), { presence: "online", devices: [{ deviceId: "desk", current: true, tabs: 1 }] });
  assert.deepEqual(said(newest()), ["away"], "the server forgot it when nobody was connected");
});

test("a hidden tab is no absence while another tab of the app is looked at", async (t) => {
  const show = visiblePage(t);
  const { client, newest } = fakeClient(t, { presenceFromVisibility: true });
  client.connect();
  await settled();
  accept(newest());
  answer(newest());
  let close = () => {};
  const other = new Promise((resolve) => (close = () => resolve(undefined)));
  const name = `user-session ${JSON.stringify(["wss://app.example/__user-session", "kim", "desk"])} visible`;
  void navigator.locks.request(name, { mode: "shared" }, () => other);
  await locksAnswered();
  show("hidden");
  await locksAnswered();
  t.mock.timers.tick(5_000);
  await locksAnswered();
  assert.deepEqual(said(newest()), ["online"]);
  close();
  for (let turns = 0; turns < 3; turns++) await locksAnswered();
  t.mock.timers.tick(4_999);
  await locksAnswered();
  assert.deepEqual(said(newest()), ["online"]);
  t.mock.timers.tick(1);
  await locksAnswered();
  assert.deepEqual(said(newest()), ["online", "away"], "the tab that was looked at has closed");
});
