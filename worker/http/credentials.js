/**
 * Finds the credentials that a request's headers carry. The query never carries one, since URLs end up in
 * logs. Whether a credential is valid is decided in auth/.
 */

/** @import { ParsedRequest } from "./parsed-request.js" */

const WORDS_MAX = 8;

// Base64 ends with "=", which also stands before a value.
const WORD = /([^\s,="]+)=*/g;

/**
 * @param {Request} request
 * @returns {string | null} The token of `Authorization: Bearer`, perhaps empty.
 */
export function bearerToken(request) {
  const match = /^bearer(?: +(.*))?$/i.exec(request.headers.get("Authorization") ?? "");
  return match ? (match[1] ?? "") : null;
}

/**
 * Collects every text outside the cookies that may be a token: words, and what begins at one and goes on to the end.
 * The number of words is limited, since a client can write any number of them.
 * @param {ParsedRequest} parsed
 */
export function possibleTokens({ request, handshake }) {
  const authorization = request.headers.get("Authorization") ?? "";
  const [, basic = ""] = /^basic +(\S+)$/i.exec(authorization) ?? [];
  const pair = decoded(basic);
  const password = pair.slice(pair.indexOf(":") + 1);
  const words = [...authorization.matchAll(WORD)].slice(-WORDS_MAX).flatMap(({ 0: padded, 1: word, index }) => {
    const rest = authorization.slice(index).replace(/"$/, "");
    return [padded, word, rest];
  });
  const texts = [...words, pair, ...pair.split(":", WORDS_MAX), password, handshake.bearerToken ?? ""];
  return [...new Set(texts)].filter(Boolean);
}

/** @param {string} base64 @returns {string} Empty if it is no base64. */
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
  return cookiesOf(request).find(([other]) => other === name)?.[1] ?? null;
}

/**
 * Collects every text of some length in the cookies that may be a token: values, as they are and without escapes, and
 * beginnings and ends of words.
 * @param {Request} request
 * @param {number[]} lengths
 */
export function cookieTexts(request, lengths) {
  const pairs = (request.headers.get("Cookie") ?? "").split(";");
  const words = pairs.flatMap((pair) => [pair, unescaped(pair)]).flatMap((text) => text.split(/[\s,="]+/));
  const ends = words.flatMap((word) => lengths.flatMap((length) => [word.slice(0, length), word.slice(-length)]));
  const values = cookiesOf(request).flatMap(([, value]) => [value, unescaped(value)]);
  return [...values, ...ends];
}

/**
 * Lists the cookies of a request by name and value.
 * @param {Request} request
 */
function cookiesOf(request) {
  return (request.headers.get("Cookie") ?? "").split(";").flatMap((pair) => {
    const at = pair.indexOf("=");
    if (at === -1) return [];
    return [[trimmed(pair.slice(0, at)), trimmed(pair.slice(at + 1)).replace(/^"(.*)"$/, "$1")]];
  });
}

/** @param {string} text @returns {string} Empty if its escapes are none. */
function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/**
 * Trims the characters that a browser takes for space. Trimming more would let a cookie pass for one whose
 * name has a prefix that browsers protect.
 * @param {string} text
 */
function trimmed(text) {
  return text.replace(/^[ \t]+|[ \t]+$/g, "");
}
