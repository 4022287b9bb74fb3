/** A cursor: events of which only the newest counts, 60 a second for 12 seconds, and how far behind another device is. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

import { UserSessionClient } from "user-session-worker/client";

import { eventually } from "../../tests/support/eventually.mjs";
import { withContenders } from "./contenders.mjs";
import { range, table } from "./report.mjs";
import { summary } from "./statistics.mjs";

/** @import { Folders } from "./contenders.mjs" */
/** @import { Summary } from "./statistics.mjs" */

const PER_SECOND = 60;
const SECONDS = 12;
const PUBLISHED = PER_SECOND * SECONDS;

/**
 * @typedef {object} Outcome
 * @property {Summary} behindMs The longest time that a newer position was published and not there, of each run.
 * @property {Summary} arrived How many positions have come to the other device.
 * @property {number} refused How many were, in all runs.
 */

/**
 * @param {{repeats: number, folders: Folders}} options
 * @returns {Promise<Outcome>}
 */
export async function measureCursor({ repeats, folders }) {
  return withContenders(["ours"], folders, async ([{ server }]) => {
    const runs = [];
    for (let at = 0; at < repeats; at++) runs.push(await follow(server.http, `cursor-${at}`));
    return {
      behindMs: summary(runs.map(({ behindMs }) => behindMs)),
      arrived: summary(runs.map(({ arrived }) => arrived)),
      refused: runs.reduce((all, { refused }) => all + refused, 0),
    };
  });
}

/** @param {Outcome} outcome */
export function cursorText({ behindMs, arrived, refused }) {
  const head = [`A cursor, ${PUBLISHED} positions in ${SECONDS} s`, "ms behind at most", "arrived", "refused"];
  return table([head, ["one device to another", range(behindMs), range(arrived), String(refused)]]);
}

/**
 * One device moves a cursor, and another shows it.
 * @param {string} url
 * @param {string} userId
 */
async function follow(url, userId) {
  const [mouse, screen] = ["mouse", "screen"].map((deviceId) => new UserSessionClient({ url, userId, deviceId }));
  /** When each position was published. @type {number[]} */
  const publishedAt = [];
  let [newest, arrived, behindMs, refused] = [-1, 0, 0, 0];
  const look = () => {
    const missing = publishedAt[newest + 1];
    if (missing !== undefined) behindMs = Math.max(behindMs, performance.now() - missing);
  };
  screen.on("event", ({ event: { data } }) => {
    look();
    assert.ok(Number(data) > newest, "the cursor jumps back");
    newest = Number(data);
    arrived++;
  });
  for (const client of [mouse, screen]) client.connect();
  await eventually("both devices", () => [mouse, screen].every((client) => client.getSnapshot().connectionStatus === "connected"));
  const outcomes = [];
  const begun = performance.now();
  for (let at = 0; at < PUBLISHED; at++) {
    await sleep(Math.max(0, begun + (at * 1_000) / PER_SECOND - performance.now()));
    publishedAt.push(performance.now());
    outcomes.push(mouse.publish("cursor", at, { latest: true }));
    look();
  }
  for (const outcome of await Promise.all(outcomes)) refused += Number(!outcome.ok);
  await eventually("the last position", () => newest === PUBLISHED - 1);
  for (const client of [mouse, screen]) client.close();
  return { behindMs, arrived, refused };
}
