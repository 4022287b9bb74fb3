/**
 * Compares secrets, and names them without giving them away. Where a secret comes from is not decided here.
 */

/**
 * Whether two secrets are the same. The comparison takes the same time however much of them is.
 * @param {string} one
 * @param {string} other
 */
export async function isSameSecret(one, other) {
  const [oneHash, otherHash] = await Promise.all([sha256(one), sha256(other)]);
  return crypto.subtle.timingSafeEqual(oneHash, otherHash);
}

/**
 * Makes the name of a credential that has none of its own.
 * @param {string} text
 */
export async function textHash(text) {
  return new Uint8Array(await sha256(text)).toHex();
}

/** @param {string} text */
function sha256(text) {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
