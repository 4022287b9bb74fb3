/**
 * The entries of a record in which one user's devices speak version 2, written by hand.
 */

/** @import { Entry } from "../../tools/torture/record.mjs" */

const USER = "kim";
const EPOCH = 7;

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

/** @param {string} visit @param {string | null} since @returns {Entry} */
export function connecting(visit, since) {
  return { kind: "connecting", user: USER, device: deviceOf(visit), visit, since };
}

/** @param {string} visit @returns {Entry} */
export const closed = (visit) => ({ kind: "closed", user: USER, visit });

/**
 * @param {string} visit `a#1` is device a's first.
 * @param {number} seq
 * @param {object} [more]
 * @param {string | null} [since]
 * @returns {Entry[]}
 */
export function comes(visit, seq, more = {}, since = null) {
  const deviceId = deviceOf(visit);
  const state = { userId: USER, activeGames: [], presence: "online", lastActive: 1_000 };
  const devices = [{ deviceId, current: true }];
  const frame = { type: "initial_state", ...state, deviceId, devices, epoch: EPOCH, seq, ...more };
  return [connecting(visit, since), { kind: "open", user: USER, device: deviceId, visit }, saw(visit, frame)];
}

/** @param {string} visit @param {string} since @param {number} seq @param {object} [more] */
export const returns = (visit, since, seq, more = {}) => comes(visit, seq, more, since);

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
/** @param {string} id @param {number} seq */
export const ack = (id, seq) => ({ type: "ack", id, seq });
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
export const pushed = /** @type {Entry} */ ({ kind: "pushed", user: USER, push: "p" });
export const oldNews = { type: "news", push: "p" };
/** @param {number} seq */
export const news = (seq) => ({ type: "push", seq, body: oldNews });
export const kept = { type: "push", kept: true, body: oldNews };
export const settled = /** @type {Entry} */ ({ kind: "settled" });
