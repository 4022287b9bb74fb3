/**
 * Who is asking, as whoever checked it says, and the rules that each such answer must keep.
 */

/** How far a clock elsewhere may be ahead of ours. */
export const CLOCK_SKEW_SECONDS = 60;

/**
 * A user who has proved to be one.
 * @typedef {object} Identity
 * @property {string} userId
 * @property {number} issuedAt When the user signed in or the credential was issued, in seconds since
 *   the epoch. A logout ends what was issued in its second or before.
 * @property {number} [expiresAt] When the credential ends, in milliseconds since the epoch.
 * @property {string} [credentialId] Names the credential; it is no secret. Without it the credential
 *   can't be ended alone.
 */

/**
 * What a request may do: what its user may, or anything.
 * @typedef {{kind: "user", identity: Identity} | {kind: "trusted"}} Access
 */

/**
 * @typedef {(request: Request, env: any) => Identity | null | Promise<Identity | null>} Authenticate
 */

/**
 * @typedef {object} AuthOptions
 * @property {Authenticate} [authenticate] The importing Worker's own check, in place of `AUTH_MODE`.
 *   It gets the request without its body; `null` is nobody.
 */

/**
 * The variables, secrets and bindings that an owner may set; docs/deploying.md says what each does.
 * @typedef {object} AuthEnv
 * @property {string} [AUTH_MODE]
 * @property {string} [AUTH_JWT_SECRET]
 * @property {string} [AUTH_JWKS_URL]
 * @property {string} [AUTH_JWT_ISSUER]
 * @property {string} [AUTH_JWT_AUDIENCE]
 * @property {string} [AUTH_JWT_HEADER]
 * @property {string} [AUTH_COOKIE]
 * @property {string} [AUTH_SESSION_URL]
 * @property {string} [AUTH_SESSION_USER_PATH]
 * @property {string} [AUTH_SESSION_ID_PATH]
 * @property {string} [AUTH_SESSION_CREATED_PATH]
 * @property {string} [AUTH_SESSION_EXPIRES_PATH]
 * @property {{fetch: typeof fetch}} [AUTH]
 * @property {string} [SERVICE_TOKEN]
 * @property {string} [ALLOWED_ORIGINS]
 * @property {{limit: (options: {key: string}) => Promise<{success: boolean}>}} [CONNECT_LIMITER]
 */

/**
 * What is wrong with an identity, if anything is: the field's name and what was expected of it.
 * @param {unknown} identity
 * @param {number} now Milliseconds since the epoch.
 * @returns {string | null}
 */
export function identityProblem(identity, now) {
  if (typeof identity !== "object" || identity === null) return "expected an object or null";
  const { userId, issuedAt, expiresAt, credentialId } = /** @type {Record<string, unknown>} */ (
    identity
  );
  if (typeof userId !== "string" || userId === "") return "userId: expected a string, not empty";
  if (!isTime(issuedAt)) return "issuedAt: expected seconds since the epoch";
  if (issuedAt > now / 1_000 + CLOCK_SKEW_SECONDS) {
    return "issuedAt: expected seconds since the epoch, and not in the future";
  }
  if (expiresAt !== undefined && !isTime(expiresAt)) {
    return "expiresAt: expected milliseconds since the epoch";
  }
  if (credentialId !== undefined && typeof credentialId !== "string") {
    return "credentialId: expected a string";
  }
  return null;
}

/**
 * The identity in whole units, and nothing else that came with it.
 * @param {Identity} identity
 * @returns {Identity}
 */
export function tidyIdentity({ userId, issuedAt, expiresAt, credentialId }) {
  return {
    userId,
    issuedAt: Math.floor(issuedAt),
    ...(expiresAt === undefined ? {} : { expiresAt: Math.floor(expiresAt) }),
    ...(credentialId ? { credentialId } : {}),
  };
}

/**
 * @param {Identity} identity
 * @param {number} now
 */
export function hasExpired({ expiresAt }, now) {
  return expiresAt !== undefined && expiresAt <= now;
}

/**
 * No time before the epoch: what the session takes for "trusted" is a negative one.
 * @param {unknown} value
 * @returns {value is number}
 */
function isTime(value) {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
