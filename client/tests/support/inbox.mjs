/** A page with an inbox, whose device keeps what a browser would. */
import { accept, fakeClient } from "./fake-socket.mjs";

/** @import { TestContext } from "node:test" */
/** @import { FakeSocket } from "./fake-socket.mjs" */

/** The server's time when a client connects. */
export const NOW = 5_000_000;

let users = 0;

/** @param {number} last @param {number} read @param {number} unread */
export const state = (last, read, unread, more = {}) => ({ lastActive: NOW, inbox: { last, read, unread }, ...more });

/** @param {FakeSocket} socket @param {number[]} numbers */
export function bring(socket, ...numbers) {
  for (const n of numbers) socket.receive({ type: "push", inbox: n, expiresAt: NOW + 1_000 * n, body: { type: "news", n } });
}

/** The numbers of the messages that were told. @param {any[]} changes */
export const told = (changes) => changes.flatMap(({ type, event }) => (type === "event" ? [event.inbox] : []));

/** Gives the page a localStorage. @param {TestContext} t @param {unknown} storage */
export function keepIn(t, storage) {
  const globals = /** @type {any} */ (globalThis);
  globals.localStorage = storage;
  t.after(() => delete globals.localStorage);
}

/** A client of a user of its own, and what its device has stored. @param {TestContext} t */
export function newClient(t, { storage = new Storage(), userId = `inbox ${users++}` } = {}) {
  keepIn(t, storage);
  const fake = fakeClient(t, { userId });
  const key = `user-session ${JSON.stringify(["wss://app.example/__user-session", userId, "desk"])} told`;
  return { ...fake, storage, key, userId };
}

/** @param {ReturnType<typeof newClient>} fake @param {object} first */
export function connect({ client, newest }, first) {
  client.connect();
  accept(newest(), first);
}

/** The connection breaks, and the next socket is asked for. @param {ReturnType<typeof newClient>} fake */
export function placeAfterBreak({ newest, page }) {
  newest().fail();
  page.dispatchEvent(new Event("online"));
  return newest().url.searchParams.get("inbox");
}

/** The part of a browser's storage that the client uses. */
export class Storage {
  /** @type {Map<string, string>} */
  items = new Map();

  /** @param {string} key */
  getItem(key) {
    return this.items.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    this.items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.items.delete(key);
  }
}
