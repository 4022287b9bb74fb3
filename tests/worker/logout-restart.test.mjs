/**
 * How long a logout waits on purpose before it ends its devices' connections, on a clock that only
 * those waits move: the machine's speed has no part in it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

// The names are computed so that tsc does not follow them: it checks this file as Node's, those as a Worker's.
const [{ LogoutRestart }, { RESTART_REASON }] = await Promise.all(
  ["object/logout-restart", "forward"].map((name) => import(`../../worker/${name}.js`)),
);

/** The time that README.md promises: a quarter of a second. */
const LOGOUT_MS = 250;

/** @param {{isOpen?: () => boolean}} [options] Whether a device of the user is connected, or again. */
function objectWith({ isOpen = () => false } = {}) {
  const clock = { ms: 0 };
  Object.assign(globalThis, {
    scheduler: {
      wait: async (/** @type {number} */ ms) => {
        await Promise.resolve();
        clock.ms += ms;
      },
    },
  });
  /** @type {{at: number, reason: string} | null} */
  let end = null;
  const ctx = {
    getWebSocketAutoResponseTimestamp: () => null,
    getWebSockets: () => (isOpen() ? [{ readyState: WebSocket.OPEN }] : []),
    waitUntil: (/** @type {Promise<void>} */ work) => void work.catch(() => {}),
    storage: { sync: async () => {} },
    abort: (/** @type {string} */ reason) => {
      end = { at: clock.ms, reason };
      throw new Error(reason);
    },
  };
  const restart = new LogoutRestart(/** @type {any} */ (ctx));
  /** Runs until the object has ended, or has found that it must not. */
  const ended = async () => {
    await restart.settled().catch((/** @type {Error} */ error) => assert.equal(error.message, RESTART_REASON));
    return end;
  };
  return { restart, clock, ended };
}

/** @param {number} count */
function muteSockets(count) {
  return Array.from({ length: count }, () => /** @type {any} */ ({ socket: {}, hasSpoken: false }));
}

test("devices that have answered wait a few milliseconds for the end, however many they are", async () => {
  const { restart, ended } = objectWith();
  const closed = muteSockets(50);
  restart.socketsClosed(closed);
  for (const { socket } of closed) restart.closeAnswered(socket);
  // The clock of the wait for answers runs beside, and is the longer one.
  const end = await ended();
  assert.ok(end && end.at <= LOGOUT_MS, JSON.stringify(end));
});

test("a device that sleeps and never answers holds the others up within the promise", async () => {
  const { restart, ended } = objectWith();
  const closed = muteSockets(5);
  restart.socketsClosed(closed);
  for (const { socket } of closed.slice(1)) restart.closeAnswered(socket);
  const end = await ended();
  assert.ok(end && end.at <= LOGOUT_MS, JSON.stringify(end));
});

test("a request that is being served is not restarted under, and the end comes as soon as it is done", async () => {
  const { restart, clock, ended } = objectWith();
  /** @type {() => void} */
  let finish = () => {};
  const request = restart.during(() => new Promise((resolve) => (finish = () => resolve(undefined))));
  restart.socketsClosed(muteSockets(1));
  let servedUntil = 0;
  const served = (async () => {
    while (clock.ms < 400) await Promise.resolve();
    servedUntil = clock.ms;
    finish();
    await request;
  })();
  const [end] = await Promise.all([ended(), served]);
  assert.ok(end && end.at > servedUntil && end.at <= servedUntil + LOGOUT_MS, JSON.stringify(end));
});

test("a device that has come meanwhile keeps the object, and no connection of its is cut", async () => {
  const { restart, ended } = objectWith({ isOpen: () => true });
  restart.socketsClosed(muteSockets(3));
  assert.equal(await ended(), null);
});
