/**
 * All that the simulator knows of how logouts look on the wire, as adapter.mjs does of the rest.
 */

import { PROTOCOL } from "./adapter.mjs";

/** @import { Turn } from "./platform/object.mjs" */

export const LOGOUT_REASON = "Logged out from all devices";

const ENDED_CODE = 4401;
const UNAUTHORIZED = 401;

/** The method by which the simulated object is told what an issuer says; bundle.mjs adds it. */
export const ISSUER_METHOD = "logoutIssuerSession";

/** @typedef {"all" | "others" | "device" | "credential" | "issuer"} Scope */

/**
 * A logout that was done.
 * @typedef {object} Done
 * @property {Scope} scope
 * @property {string} id What it names.
 * @property {number} endedAt The second that an issuer says.
 * @property {boolean} isComplete Whether the answer says that nothing of the device was forgotten.
 * @property {boolean} isAnswered Whether an answer shows that it was done.
 */

/** The frames that log out. @type {Record<string, Scope>} */
const FRAMES = {
  logout_all: "all",
  logout_others: "others",
  logout_device: "device",
  logout_credential: "credential",
};

/** @type {Record<string, Scope>} */
const METHODS = {
  logoutAll: "all",
  logoutOthers: "others",
  logoutDevice: "device",
  logoutCredential: "credential",
  [ISSUER_METHOD]: "issuer",
};

/** The parameters of `POST /logout`. @type {Record<string, Scope>} */
const PARAMETERS = { deviceId: "device", credentialId: "credential", exceptCredentialId: "others" };

/** The methods of the user's object that log out, by scope. */
export const METHOD_OF = Object.fromEntries(Object.entries(METHODS).map(([method, scope]) => [scope, method]));

/**
 * A frame that logs out.
 * @param {Scope} scope @param {string} target @param {string} [id] Of the request.
 */
export function logoutFrame(scope, target, id) {
  const [type] = Object.entries(FRAMES).find(([, one]) => one === scope) ?? ["logout_all"];
  const named = scope === "device" ? { deviceId: target } : scope === "credential" ? { credentialId: target } : {};
  return JSON.stringify({ type, ...named, ...(id && { id }) });
}

/** The path and the query of a logout by HTTP. @param {Scope} scope @param {string} target */
export function logoutQuery(scope, target) {
  const [parameter] = Object.entries(PARAMETERS).find(([, one]) => one === scope) ?? [];
  return parameter && target ? `&${parameter}=${encodeURIComponent(target)}` : "";
}

/**
 * The logout of a turn, `null` if there was none.
 * @param {Turn} turn
 * @returns {Done | null}
 */
export function logoutIn({ kind, content, args, result, frames, closes }) {
  if (kind === "message") return logoutByFrame(content, frames, closes);
  const scope = kind === "call" ? METHODS[content] : undefined;
  if (!scope || result?.success !== true) return null;
  const [id = "", endedAt = 0] = args;
  return { scope, id, endedAt, isComplete: result.complete !== false, isAnswered: true };
}

/**
 * @param {string} content
 * @param {string[]} frames
 * @param {string[]} closes
 * @returns {Done | null}
 */
function logoutByFrame(content, frames, closes) {
  if (!content.includes('"type":"logout_')) return null;
  const { type, id, deviceId = "", credentialId = "" } = JSON.parse(content);
  const scope = FRAMES[type];
  const ack = id && frames.find((text) => text.startsWith(`{"type":"ack","id":"${id}"`));
  const isDone = ack ? !ack.includes('"repeated":true') : !id && closes.includes(LOGOUT_REASON);
  if (!scope || !isDone) return null;
  const isComplete = !ack?.includes('"complete":false');
  return { scope, id: deviceId || credentialId, endedAt: 0, isComplete, isAnswered: Boolean(ack) };
}

/**
 * The logout of a request by HTTP, `null` if it was none.
 * @param {{url: string, method: string}} request
 * @param {{status: number, body: Uint8Array[] | null}} response
 * @returns {Done | null}
 */
export function logoutByRequest({ url, method }, { status, body }) {
  const { pathname, searchParams } = new URL(url);
  if (method !== "POST" || !pathname.endsWith("/logout") || status !== 200) return null;
  const answer = JSON.parse(new TextDecoder().decode(body?.[0]));
  const isComplete = answer.complete !== false;
  const named = Object.entries(PARAMETERS).find(([name]) => searchParams.has(name));
  const [name, scope] = named ?? ["", /** @type {const} */ ("all")];
  return { scope, id: searchParams.get(name) ?? "", endedAt: 0, isComplete, isAnswered: true };
}

/** Whether a request by HTTP has erased the user's data. @param {{url: string, method: string}} request @param {{status: number}} response */
export function isClear({ url, method }, { status }) {
  return method === "POST" && status === 200 && new URL(url).pathname.endsWith("/clear");
}

/** Whether an answer lets in, or has data. @param {{status: number}} response */
export function isGranted({ status }) {
  return status < 300;
}

/** Whether an answer says that the credential is no longer good. @param {{status: number}} response */
export function isRefused({ status }) {
  return status === UNAUTHORIZED;
}

/** Whether a socket is closed since its credential has ended. @param {number} code @param {string} reason */
export function isEnding(code, reason) {
  return code === ENDED_CODE || reason === LOGOUT_REASON;
}

/** The device that a socket's request names. @param {string} url */
export function deviceOf(url) {
  return new URL(url).searchParams.get("deviceId") ?? "unknown";
}

/** Whether a socket that was let in speaks the version whose devices are remembered. @param {{headers: Headers}} response */
export function isVersion2({ headers }) {
  return headers.get("Sec-WebSocket-Protocol") === PROTOCOL;
}

/** The ticket in an answer, `null` if there is none. @param {{url: string}} request @param {{status: number, body: Uint8Array[] | null}} response @returns {string | null} */
export function ticketIn({ url }, { status, body }) {
  const isTicket = status === 200 && new URL(url).pathname.endsWith("/ticket");
  return isTicket ? JSON.parse(new TextDecoder().decode(body?.[0])).ticket : null;
}
