/**
 * Where a request may carry a credential. Never in the query: addresses end up in logs.
 */

/** @import { ParsedRequest } from "./parsed-request.js" */

const POSSIBLE_TOKENS_MAX = 8;

/**
 * @param {Request} request
 * @returns {string | null} The token of `Authorization: Bearer`, perhaps empty.
 */
export function bearerToken(request) {
  const match = /^bearer(?: +(.*))?$/i.exec(request.headers.get("Authorization") ?? "");
  return match ? (match[1] ?? "") : null;
}

/**
 * All that may be a token in the places that are not the cookies': few, whatever somebody writes there.
 * @param {ParsedRequest} parsed
 */
export function possibleTokens({ request, handshake }) {
  const authorization = request.headers.get("Authorization") ?? "";
  const [, basic = ""] = /^basic +(\S+)$/i.exec(authorization) ?? [];
  const words = [...authorization.split(/[\s,="]+/), ...decoded(basic).split(":"), handshake.bearerToken ?? ""];
  return words.filter(Boolean).slice(-POSSIBLE_TOKENS_MAX);
}

/** @param {string} base64 @returns {string} Empty if it is none. */
function decoded(base64) {
  try {
    return atob(base64);
  } catch {
    return "";
  }
}

/**
 * @param {Request} request
 * @param {string} name
 * @returns {string | null}
 */
export function cookieValue(request, name) {
  for (const pair of (request.headers.get("Cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at === -1 || trimmed(pair.slice(0, at)) !== name) continue;
    return trimmed(pair.slice(at + 1)).replace(/^"(.*)"$/, "$1");
  }
  return null;
}

/**
 * A text without the space around it: only what a browser takes for space. Others would let a cookie
 * pass for one whose name has a prefix that browsers protect.
 * @param {string} text
 */
function trimmed(text) {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
