/**
 * All that the simulator knows of the present mechanism: how requests look on the wire, what a client offers, and
 * how messages are kept. A change of the protocol changes this file and none of the others.
 */

/** @import { Turn } from "./platform/object.mjs" */

/** The subprotocol of the version whose promises are checked. */
export const PROTOCOL = "user-session.v2";

/** The codes of outcomes that leave open whether a request was done. */
const OPEN_CODES = new Set(["unknown", "ended"]);

/** How many numbers below its highest the server knows of a run. */
const WINDOW = 64;

/** The keys of the value that apps add to, and of the one that they set. */
export const LIST = "list";
export const SETTING = "setting";
/** The name of the events of which only the newest counts. */
export const POINT = "w-point";

/** How many messages are kept. */
export const INBOX_MAX = 64;

/**
 * Two different requests under one id, which a program that counts wrongly would send. The second names the key.
 * @param {string} key
 */
export function requestsOfOneId(key) {
  const run = `stranger-${key}`.padEnd(20, "-");
  const id = `${run}.1`;
  const requests = [
    { type: "set_device", name: "stranger", id },
    { type: "broadcast", event: key, id },
  ];
  return { query: `&run=${run}`, id, frames: requests.map((request) => JSON.stringify(request)) };
}

/** Whether a frame acknowledges a request. @param {string} text @param {string} id */
export function isAck(text, id) {
  const frame = parsed(text);
  return frame?.type === "ack" && frame.id === id;
}

/**
 * A request as it is on the wire.
 * @typedef {object} WireRequest
 * @property {string | null} id
 * @property {boolean} isAgain Whether it says that it is repeated.
 * @property {string} type
 * @property {string | null} key What is unique about it, `null` if nothing is.
 */

/**
 * @param {string} content A frame of a device's.
 * @returns {WireRequest | null}
 */
export function requestOf(content) {
  const frame = parsed(content);
  if (!frame) return null;
  const { type, id = null, again: isAgain = false } = frame;
  switch (type) {
    case "broadcast":
      return { id, isAgain, type, key: nameOf(frame.event, frame.data) };
    case "set_value":
      return { id, isAgain, type, key: valueKey(frame) };
    case "join_game":
      return { id, isAgain, type, key: `+${frame.gameId}` };
    case "leave_game":
      return { id, isAgain, type, key: `-${frame.gameId}` };
    default:
      return { id, isAgain, type, key: null };
  }
}

/**
 * Whether a turn of the object has done what a key names: the others were told of it.
 * @param {Turn} turn
 * @param {string} key
 */
export function isDoneIn({ frames }, key) {
  return frames.some((text) => frameKey(text) === key);
}

/** @param {string} text */
function frameKey(text) {
  // Most frames are about something else, and parsing takes time.
  if (!/^\{"type":"(?:event|game_joined|game_left|value_changed)"/.test(text)) return null;
  const frame = parsed(text);
  if (frame?.type === "event") return nameOf(frame.event, frame.data);
  if (frame?.type === "value_changed") return valueKey(frame);
  return frame?.type === "game_joined" ? `+${frame.gameId}` : `-${frame?.gameId}`;
}

/** The unique mark of an event. @param {string} name @param {unknown} data */
export function nameOf(name, data) {
  return name === POINT ? `${name}${data}` : name;
}

/** The unique mark of a change of a value: the text that it is set to, or that was added to it. @param {{value: any}} frame */
function valueKey({ value }) {
  return Array.isArray(value) ? value.at(-1) : value;
}

/**
 * The run and the number of a request's id, and the number of the run from which on the server forgets it.
 * @param {string} id
 */
export function windowOf(id) {
  const [run, digits] = id.split(".");
  const number = Number(digits);
  return { run, number, forgottenFrom: number + WINDOW + 1 };
}

/** The ids that a turn has called too old to know whether they were done. @param {Turn} turn */
export function tooOldIn({ frames }) {
  const old = frames.filter((text) => text.includes('"too_old"'));
  return old.map((text) => parsed(text)?.id).filter((id) => typeof id === "string");
}

/** Whether a push was recognized by its id, and so not delivered again. @param {Turn} turn */
export function isRepetition({ content, result }) {
  return content === "push" && result?.repeated === true;
}

/** The number of the message that a push has become, `null` if it was not kept. @param {Turn} turn @returns {number | null} */
export function messageIn({ content, result }) {
  return content === "push" ? (result?.inbox ?? null) : null;
}

/** Up to which message a turn has marked all as read, `null` if it has not. @param {Turn} turn @returns {number | null} */
export function readIn({ frames }) {
  const told = frames.find((text) => text.startsWith('{"type":"inbox_read"'));
  return told === undefined ? null : parsed(told).inbox;
}

/** The first frame that a tab is given by another, empty if a message of theirs has none. @param {any} message @returns {string} */
export function firstFrameIn(message) {
  return message.frames?.[0] ?? "";
}

/** Whether a first frame says that messages were dropped, and that all else that was missed follows. @param {string} text */
export function isOnlyLost(text) {
  return text.includes('"lost":true') && !text.includes('"reset":true');
}

/** @param {{ok: boolean, code?: string}} outcome */
export function isOpen({ ok, code = "" }) {
  return !ok && OPEN_CODES.has(code);
}

/** `isReplaced` tells whether a request was never sent, since a newer one took its place. @param {{ok: boolean, replaced?: boolean}} outcome */
export function isReplaced({ replaced = false }) {
  return replaced;
}

/** The options of a push that is kept. @param {number} seconds */
export function keepOptions(seconds) {
  return { keep: seconds };
}

/** The number of the message that the app was given, `null` for any other event. @param {{inbox: number | null}} event */
export function numberOf({ inbox }) {
  return inbox;
}

/** What a snapshot says that must be the same everywhere. @param {any} snapshot */
export function sharedState({ state, devices, unread }) {
  const known = devices.map((/** @type {any} */ { deviceId, name, tabs, presence }) => ({ deviceId, name, tabs, presence }));
  known.sort((/** @type {any} */ a, /** @type {any} */ b) => (a.deviceId < b.deviceId ? -1 : 1));
  return { games: state?.activeGames, presence: state?.presence, devices: known, unread };
}

/** @param {string} text @returns {any} `null` if it is no frame. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
