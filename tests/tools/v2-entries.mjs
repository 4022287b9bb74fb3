/**
 * The entries of a record in which one user's devices speak version 2, written by hand, and what the checker
 * says of them.
 */
import { Checker } from "../../tools/torture/checker.mjs";

/** @import { Entry } from "../../tools/torture/record.mjs" */

const USER = "kim";
const EPOCH = 7;

/** The number of the one message. */
export const MESSAGE = 100;

/** @type {Entry[]} */
export const BEGIN = [{ kind: "run", users: { kim: ["a", "b", "old"] } }, { kind: "start" }];
/** @type {Entry[]} */
export const CRASH = [{ kind: "kill" }, { kind: "start" }];

/** @param {string} visit */
const deviceOf = (visit) => visit.split("#")[0];

/** @param {string} visit @param {any} frame @returns {Entry} */
export function saw(visit, frame) {
  return { kind: "saw", user: USER, visit, frame };
}

/** @param {string} visit @param {number} n @param {any} frame @returns {Entry} */
export function sent(visit, n, frame) {
  return { kind: "sent", user: USER, visit, n, frame };
}

/**
 * @param {string} visit
 * @param {string | null} since
 * @param {number | null} [inbox]
 * @returns {Entry}
 */
export function connecting(visit, since, inbox = since === null ? null : 0) {
  return { kind: "connecting", user: USER, device: deviceOf(visit), visit, since, inbox };
}

/** @param {string} visit @returns {Entry} */
export const closed = (visit) => ({ kind: "closed", user: USER, visit });

/**
 * @param {string} visit `a#1` is device a's first.
 * @param {number} seq
 * @param {{reset?: boolean, [member: string]: unknown}} [more]
 * @param {string | null} [since]
 * @param {number | null} [inbox]
 * @returns {Entry[]}
 */
export function comes(visit, seq, more = {}, since = null, inbox = since === null ? null : 0) {
  const deviceId = deviceOf(visit);
  const state = { userId: USER, activeGames: [], presence: "online", lastActive: 1_000 };
  const devices = [{ deviceId, current: true }];
  const view = { last: MESSAGE, read: 0, unread: 0 };
  const whole = since === null || more.reset ? { values: {} } : {};
  const frame = { type: "initial_state", ...state, deviceId, devices, inbox: view, epoch: EPOCH, seq, ...whole, ...more };
  return [connecting(visit, since, inbox), { kind: "open", user: USER, device: deviceId, visit }, saw(visit, frame)];
}

/**
 * @param {string} visit
 * @param {string} since
 * @param {number} seq
 * @param {{reset?: boolean, [member: string]: unknown}} [more]
 * @param {number} [inbox]
 */
export const returns = (visit, since, seq, more = {}, inbox = 0) => comes(visit, seq, more, since, inbox);

/** @param {string} visit @returns {Entry[]} */
export function oldComes(visit) {
  const frame = { type: "initial_state", userId: USER, activeGames: [], presence: "online" };
  const entry = saw(visit, { ...frame, lastActive: 1_000, deviceId: deviceOf(visit) });
  return [{ kind: "open", user: USER, device: deviceOf(visit), visit }, entry];
}

/** @param {string} gameId @param {string} id */
export const join = (gameId, id) => ({ type: "join_game", gameId, id });
/** @param {string} gameId @param {string} id */
export const leave = (gameId, id) => ({ type: "leave_game", gameId, id });
/** A request that is sent once more. @param {any} frame */
export const again = (frame) => ({ ...frame, again: true });
/** @param {string} id */
export const ack = (id) => ({ type: "ack", id });
/** @param {string} id */
export const ackAgain = (id) => ({ type: "ack", id, repeated: true });
/** @param {string} id */
export const tooOld = (id) => ({ type: "error", code: "too_old", message: "m", id });
/** @param {string} id */
export const say = (id) => ({ type: "broadcast", event: "once", data: { once: id }, id });
/** @param {number} seq @param {string} id */
export const said = (seq, id) => ({ type: "event", event: "once", data: { once: id }, from: "a", seq });
/** @param {number} seq @param {string} gameId @param {...string} activeGames */
export const joined = (seq, gameId, ...activeGames) => ({ type: "game_joined", gameId, activeGames, seq });
/** @param {number} seq @param {string} gameId @param {...string} activeGames */
export const left = (seq, gameId, ...activeGames) => ({ type: "game_left", gameId, activeGames, seq });
/** @param {number} seq @param {string} sender @param {number} n */
export const event = (seq, sender, n) => ({ type: "event", from: deviceOf(sender), data: { visit: sender, n }, seq });
/** @param {string} visit @param {number} n */
export const sentEvent = (visit, n) => sent(visit, n, { type: "broadcast", data: { visit, n } });
/** @param {number} seq */
export const other = (seq) => ({ type: "device_disconnected", deviceId: "x", seq });

export const pushing = /** @type {Entry} */ ({ kind: "pushing", user: USER, push: "p" });
export const pushed = /** @type {Entry} */ ({ kind: "pushed", user: USER, push: "p", inbox: MESSAGE });
export const oldNews = { type: "news", push: "p" };
/** @param {number} [inbox] */
export const message = (inbox = MESSAGE) => ({ type: "push", inbox, expiresAt: 1_000, body: oldNews });
export const settled = /** @type {Entry} */ ({ kind: "settled" });

/** Device a has joined a game, and been told and answered. @type {Entry[]} */
export const JOINED = [
  ...[...comes("a#1", 0), sent("a#1", 0, join("go", "r.1"))],
  ...[saw("a#1", joined(1, "go", "go")), saw("a#1", ack("r.1"))],
];

/** The same, and it has left the game. @type {Entry[]} */
export const LEFT = [
  ...[...JOINED, sent("a#1", 1, leave("go", "r.2"))],
  ...[saw("a#1", left(2, "go")), saw("a#1", ack("r.2"))],
];

/** The same, and the server has crashed, and it has come back. @type {Entry[]} */
export const BACK = [...LEFT, ...CRASH, ...returns("a#2", "7.2", 0, { epoch: 9, reset: true })];

/** Device b goes at number 1, and device a sees an event as number 2. @type {Entry[]} */
export const MISSED = [
  ...[...comes("a#1", 0), ...comes("b#1", 1), saw("a#1", other(1)), closed("b#1")],
  ...[sentEvent("a#1", 0), saw("a#1", event(2, "a#1", 0))],
];

/** A message comes while nobody is there. @type {Entry[]} */
export const KEPT = [...comes("a#1", 0), saw("a#1", other(1)), closed("a#1"), pushing, pushed];

/** @param {Entry[]} entries */
export function complaintsOf(entries) {
  const checker = new Checker();
  for (const entry of [...BEGIN, ...entries]) checker.take(entry);
  checker.end();
  // That devices of the user are missing at the end is not what these records are about.
  return checker.complaints.filter(({ kind }) => kind !== "converge");
}
