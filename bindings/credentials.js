/**
 * Where a request may carry a credential. Never in the query: addresses end up in logs.
 */

const BEARER_PROTOCOL = "bearer.";

/**
 * @param {Request} request
 * @returns {string | null} The token of `Authorization: Bearer`, perhaps empty.
 */
export function bearerToken(request) {
  const match = /^bearer(?: +(.*))?$/i.exec(request.headers.get("Authorization") ?? "");
  return match ? (match[1] ?? "") : null;
}

/**
 * The subprotocols that a socket's client offers.
 * @param {Request} request
 */
export function offeredProtocols(request) {
  const offered = request.headers.get("Sec-WebSocket-Protocol")?.split(",") ?? [];
  return offered.map((protocol) => protocol.trim());
}

/**
 * The token in the subprotocol `bearer.<token>`, which is where a browser's socket can carry one.
 * @param {Request} request
 * @returns {string | null}
 */
export function protocolToken(request) {
  const tokens = offeredProtocols(request).filter((name) => name.startsWith(BEARER_PROTOCOL));
  if (tokens.length === 0) return null;
  // Whose would it be?
  return tokens.length === 1 ? tokens[0].slice(BEARER_PROTOCOL.length) : "";
}

/**
 * @param {Request} request
 * @param {string} name
 * @returns {string | null}
 */
export function cookieValue(request, name) {
  for (const pair of (request.headers.get("Cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at === -1 || pair.slice(0, at).trim() !== name) continue;
    return pair.slice(at + 1).trim().replace(/^"(.*)"$/, "$1");
  }
  return null;
}

/**
 * Whether two secrets are the same, in a time that does not tell how much of them is.
 * @param {string} one
 * @param {string} other
 */
export async function isSameSecret(one, other) {
  const [oneHash, otherHash] = await Promise.all([sha256(one), sha256(other)]);
  return crypto.subtle.timingSafeEqual(oneHash, otherHash);
}

/**
 * A name for a credential that has none of its own, which does not give it away.
 * @param {string} token
 */
export async function tokenHash(token) {
  const bytes = new Uint8Array(await sha256(token));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} text */
function sha256(text) {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
