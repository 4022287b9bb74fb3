/**
 * Who is asking, as whoever checked it says, and the rules that each such answer must keep.
 */

/** @import { Credential } from "../../bindings/wire.js" */
/** @import { Variable } from "./settings.js" */

/** How far a clock elsewhere may be ahead of ours. */
export const CLOCK_SKEW_SECONDS = 60;

/**
 * The second day of the year 10000, so that 9999-12-31 lies before it wherever it is. A time in seconds
 * stays below this, and one in milliseconds passed it in 1978.
 */
export const SECONDS_MAX = 253_402_387_200;

const MS_PER_SECOND = 1_000;

// As milliseconds a day of January 1970, as seconds one of 2001.
const SECONDS_IN_USE_MIN = 1_000_000_000;

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

/** @type {Access} */
export const TRUSTED_ACCESS = { kind: "trusted" };

/**
 * The credential of whoever holds the binding or the service token: no logout ends its rights.
 * @type {Credential}
 */
export const TRUSTED = { issuedAt: -1, expiresAt: 0, id: "" };

/**
 * @typedef {(request: Request, env: any) => Identity | null | Promise<Identity | null>} Authenticate
 */

/**
 * @typedef {object} AuthOptions
 * @property {Authenticate} [authenticate] The importing Worker's own check, in place of `AUTH_MODE`.
 *   It gets the request without its body; `null` is nobody.
 */

/**
 * The bindings that an owner may set.
 * @typedef {object} AuthBindings
 * @property {{fetch: typeof fetch}} [AUTH]
 * @property {{limit: (options: {key: string}) => Promise<{success: boolean}>}} [CONNECT_LIMITER]
 */

/**
 * The variables, secrets and bindings that an owner may set; docs/deploying.md says what each does.
 * @typedef {{AUTH_MODE?: string} & {[name in Variable]?: string} & AuthBindings} AuthEnv
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
  if (!isUserId(userId)) return "userId: expected a string of whole characters, not empty";
  if (!isTime(issuedAt, SECONDS_MAX)) return "issuedAt: expected seconds since the epoch";
  if (!wasIssued(issuedAt, now)) {
    return "issuedAt: expected seconds since the epoch, and not in the future";
  }
  if (expiresAt !== undefined && !isEnd(expiresAt)) {
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
 * The credential as the session knows it.
 * @param {Access} access
 * @returns {Credential}
 */
export function credentialOf(access) {
  if (access.kind === "trusted") return TRUSTED;
  const { issuedAt, expiresAt = 0, credentialId = "" } = access.identity;
  return { issuedAt, expiresAt, id: credentialId };
}

/**
 * @param {Identity} identity
 * @param {number} now
 */
export function hasExpired({ expiresAt }, now) {
  return expiresAt !== undefined && expiresAt <= now;
}

/**
 * Whether a value can be a user's id. Half a character is the same as any other half in an address, so
 * that users whose ids differ by it alone would be one.
 * @param {unknown} value
 * @returns {value is string}
 */
export function isUserId(value) {
  return typeof value === "string" && value !== "" && value.isWellFormed();
}

/**
 * Whether a value is when a credential was issued: in seconds, and not in the future, but for a clock
 * that is a little ahead.
 * @param {unknown} value
 * @param {number} now Milliseconds since the epoch.
 * @returns {value is number}
 */
export function wasIssued(value, now) {
  return isTime(value, SECONDS_MAX) && value <= now / MS_PER_SECOND + CLOCK_SKEW_SECONDS;
}

/**
 * Whether a value is when a credential ends, in milliseconds. Seconds would be an end long ago, and
 * microseconds none at all.
 * @param {unknown} value
 * @returns {value is number}
 */
export function isEnd(value) {
  return (
    isTime(value, SECONDS_MAX * MS_PER_SECOND) &&
    (value < SECONDS_IN_USE_MIN || value >= SECONDS_MAX)
  );
}

/**
 * No time before the epoch: what the session takes for "trusted" is a negative one.
 * @param {unknown} value
 * @param {number} end
 * @returns {value is number}
 */
function isTime(value, end) {
  return typeof value === "number" && value >= 0 && value < end;
}
