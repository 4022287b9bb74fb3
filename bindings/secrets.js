/** Secrets: whether two are the same, and a name for one that does not give it away. */

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
