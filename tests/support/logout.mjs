/**
 * A logout as the devices see it: each one's own close event, with the code and reason that the hook
 * looks for, and soon.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Device } from "./device.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Ending } from "./device.mjs" */
/** @import { Server } from "./server.mjs" */

export const LOGOUT_CODE = 1000;
export const LOGOUT_REASON = "Logged out from all devices";

/**
 * Where the server leaves the end of a connection to others, they wait so long, in milliseconds: Chromium and WebKit
 * for the server to close the connection, Firefox for its close frame alone, Node's clients for the platform to evict
 * the object. A device that notices before was therefore served. How long the server itself takes is told by
 * tests/worker/logout-restart.test.mjs, on a clock that no load slows down.
 */
export const OTHERS_END_IT = { pageMs: { chromium: 2_000, firefox: 20_000, webkit: 5_000 }, nodeMs: 10_000 };

/** How often in a row the end of connections may come late before nobody else than the server can be to blame. */
const TRIES = 3;

/** The end of connections came so late that others than the server may have caused it. */
class Late extends Error {}

let users = 0;

/**
 * A test of devices that are logged out.
 * @param {string} name
 * @param {(t: TestContext, userId: string) => Promise<void>} body Gets a user of its own.
 */
export function promptTest(name, body) {
  test(name, (t) => untilPrompt(() => body(t, `logout-${users++}`)));
}

/**
 * Connects some devices of a user that never send a frame.
 * @param {Pick<Server, "ws">} server
 * @param {string} userId
 * @param {number} count
 */
export function passiveDevices(server, userId, count) {
  const names = Array.from({ length: count }, (_, at) => `passive-${at}`);
  return Promise.all(names.map((name) => Device.connect(server, userId, name)));
}

/**
 * Causes a logout and asserts that every device notices it in time.
 * @param {TestContext} t Is told the times.
 * @param {Device[]} devices
 * @param {() => unknown} cause
 */
export async function assertPromptLogout(t, devices, cause) {
  const start = performance.now();
  await cause();
  const endings = await Promise.all(devices.map((device) => device.closed()));
  for (const ending of endings) assertLoggedOut(ending);
  assertPrompt(t, endings.map(({ at }) => at - start), OTHERS_END_IT.nodeMs);
}

/** @param {Pick<Ending, "code" | "reason">} ending */
export function assertLoggedOut({ code, reason }) {
  assert.deepEqual({ code, reason }, { code: LOGOUT_CODE, reason: LOGOUT_REASON });
}

/**
 * @param {TestContext} t Is told the times.
 * @param {number[]} times Milliseconds from the logout to each close event.
 * @param {number} limitMs After which others would have ended the connections.
 */
export function assertPrompt(t, times, limitMs) {
  const sorted = times.toSorted((a, b) => a - b);
  const max = sorted[sorted.length - 1];
  const median = sorted[Math.floor(sorted.length / 2)];
  t.diagnostic(`${times.length} close events: max ${max.toFixed(0)} ms, median ${median.toFixed(0)} ms`);
  if (max >= limitMs) throw new Late(`${max.toFixed(0)} ms: ${(max - limitMs).toFixed(0)} over ${limitMs}`);
}

/**
 * Runs a story that ends with `assertPrompt`, and again where that was late: a machine that stands still for a while
 * does so once, and a server that leaves the end to others does so each time.
 * @param {() => Promise<void>} story Is another user's each time.
 */
export async function untilPrompt(story) {
  for (let tries = 1; ; tries++) {
    try {
      return await story();
    } catch (error) {
      if (!(error instanceof Late) || tries === TRIES) throw error;
    }
  }
}

/**
 * The user's state, as the server tells it.
 * @param {Pick<Server, "http">} server
 * @param {string} userId
 */
export async function stateOf(server, userId) {
  const query = new URLSearchParams({ userId });
  const response = await fetch(`${server.http}/__user-session/state?${query}`);
  assert.equal(response.status, 200);
  return response.json();
}
