/**
 * A logout as the devices see it: each one's own close event, with the code and reason that the hook
 * looks for, and soon.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { Device } from "./device.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Ending } from "./device.mjs" */
/** @import { Server } from "./server.mjs" */

export const LOGOUT_CODE = 1000;
export const LOGOUT_REASON = "Logged out from all devices";

/** Within this time each device's own close event comes. */
const LOGOUT_MS = 250;

/** No busy machine explains more than this. */
const LOGOUT_MS_EVER = 1_500;

/** How often a test may find its machine too busy to keep time. */
const ATTEMPTS = 5;

/** How long such a machine gets for its other things. */
const PAUSE_MS = 1_000;

/** The devices noticed, but not within LOGOUT_MS. */
class LateError extends Error {}

let users = 0;

/**
 * A test of how soon devices notice a logout. Where the machine has other things to do it is tried
 * again: the promise is the server's.
 * @param {string} name
 * @param {(t: TestContext, userId: string) => Promise<void>} body Gets a user of its own each time.
 */
export function promptTest(name, body) {
  test(name, async (t) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await body(t, `logout-${users++}`);
      } catch (error) {
        if (!(error instanceof LateError) || attempt === ATTEMPTS) throw error;
        t.diagnostic(`${error.message}: trying again`);
        await delay(PAUSE_MS);
      }
    }
  });
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
  assertPrompt(t, endings.map(({ at }) => at - start));
}

/** @param {Pick<Ending, "code" | "reason">} ending */
export function assertLoggedOut({ code, reason }) {
  assert.deepEqual({ code, reason }, { code: LOGOUT_CODE, reason: LOGOUT_REASON });
}

/**
 * @param {TestContext} t
 * @param {number[]} times Milliseconds from the logout to each close event.
 */
export function assertPrompt(t, times) {
  const sorted = times.toSorted((a, b) => a - b);
  const max = sorted[sorted.length - 1];
  const median = sorted[Math.floor(sorted.length / 2)];
  t.diagnostic(`${times.length} close events: max ${max.toFixed(0)} ms, median ${median.toFixed(0)} ms`);
  const late = `the last device noticed after ${max.toFixed(0)} ms`;
  assert.ok(max <= LOGOUT_MS_EVER, late);
  if (max > LOGOUT_MS) throw new LateError(late);
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
