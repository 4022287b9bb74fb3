/**
 * Compares secrets, and names them without giving them away. Where a secret comes from is not decided here.
 */

/**
 * Finds which of the secrets are among the texts. Each text is compared with each secret, and a comparison takes the
 * same time however much of the text is right.
 * @param {string[]} texts
 * @param {string[]} secrets
 * @returns {Promise<boolean[]>} For each secret, whether it is one of the texts.
 */
export async function foundSecrets(texts, secrets) {
  const [given, wanted] = await Promise.all([texts, secrets].map((list) => Promise.all(list.map(sha256))));
  return wanted.map((secret) => {
    const matches = given.map((text) => crypto.subtle.timingSafeEqual(text, secret));
    return matches.includes(true);
  });
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
