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
 * @param {string} text
 */
export async function textHash(text) {
  return new Uint8Array(await sha256(text)).toHex();
}

/** @param {string} text */
function sha256(text) {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
