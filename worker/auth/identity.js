/**
 * The identity of a user who has proved to be one, and the rules that every identity must keep, whichever
 * check it comes from. No check of a credential belongs here.
 */

import { CREDENTIAL_ID_BYTES_MAX, isLonger } from "../common/limits.js";

/** @import { Credential } from "../../bindings/wire.js" */
/** @import { RequestContext } from "../http/refused-sockets.js" */
/** @import { Variable } from "./settings.js" */

/**
 * How far ahead of our clock a time can be one at all; beyond it is rather one in another unit. How far a good
 * credential's can be is decided in clock-skew.js.
 */
export const AHEAD_SECONDS_MAX = 86_400;

/**
 * The second day of the year 10000, so that 9999-12-31 lies before it wherever it is. A time in seconds
 * stays below this, and one in milliseconds passed it in 1978.
 */
export const SECONDS_MAX = 253_402_387_200;

/** The words for what the id of a session or token must be. */
export const CREDENTIAL_ID_EXPECTED = `expected a string of 1 to ${CREDENTIAL_ID_BYTES_MAX} bytes`;

const MS_PER_SECOND = 1_000;

// This many seconds are a day of 2001, and as many milliseconds one of January 1970.
const SECONDS_IN_USE_MIN = 1_000_000_000;

/**
 * A user who has proved to be one.
 * @typedef {object} Identity
 * @property {string} userId
 * @property {number} issuedAt When the user signed in or the credential was issued, in seconds since
 *   the epoch. A logout ends what was issued in its second or before.
 * @property {number} [expiresAt] When the credential ends, in milliseconds since the epoch.
 * @property {string} [credentialId] Names the session, with all that is renewed from it; it is no secret. Without
 *   it the sign-in is known by its time alone.
 * @property {string} [tokenId] Names the credential itself.
 * @property {boolean} [isSignInTime] Whether `issuedAt` is the time of the sign-in, which stays when a credential is
 *   renewed.
 */

/**
 * The rights of a request: those of its user, or all.
 * @typedef {{kind: "user", identity: Identity} | {kind: "trusted"}} Access
 */

/**
 * The rights of a connect by a ticket, which only the user's object knows: it has given the ticket.
 * @typedef {{kind: "ticket", ticket: string}} TicketAccess
 */

/**
 * The right to one logout, of which the user's issuer has told. `sessionId` is empty if it ends all that was issued
 * until the second `endedAt`.
 * @typedef {{kind: "issuer", sessionId: string, endedAt: number}} IssuerAccess
 */

/** @type {Access} */
export const TRUSTED_ACCESS = { kind: "trusted" };

/**
 * The credential of a caller with the binding or the service token, whose rights no logout ends.
 * @type {Credential}
 */
export const TRUSTED = { issuedAt: -1, expiresAt: 0, isSignInTime: false, sessionId: "", tokenId: "" };

/**
 * The importing Worker's own check of who is asking.
 * @typedef {(request: Request, env: any) => Identity | null | Promise<Identity | null>} Authenticate
 */

/**
 * The options of `routeUserSession`.
 * @typedef {object} AuthOptions
 * @property {Authenticate} [authenticate] Called in place of `AUTH_MODE`, with the request without its
 *   body; `null` is nobody.
 * @property {RequestContext} [ctx] The context of the request, which is ended if a client that was refused does not
 *   close its socket.
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
 * Finds what is wrong with an identity: the field's name and what was expected of it.
 * @param {unknown} identity
 * @param {number} now Milliseconds since the epoch.
 * @returns {string | null}
 */
export function identityProblem(identity, now) {
  if (typeof identity !== "object" || identity === null) return "expected an object or null";
  const { userId, issuedAt, expiresAt, credentialId, tokenId, isSignInTime } = /** @type {Record<string, unknown>} */ (
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
  if (credentialId !== undefined && !isCredentialId(credentialId)) return `credentialId: ${CREDENTIAL_ID_EXPECTED}`;
  if (tokenId !== undefined && !isCredentialId(tokenId)) return `tokenId: ${CREDENTIAL_ID_EXPECTED}`;
  if (isSignInTime !== undefined && typeof isSignInTime !== "boolean") return "isSignInTime: expected a boolean";
  return null;
}

/**
 * Copies an identity's own fields, with its times in whole units.
 * @param {Identity} identity
 * @returns {Identity}
 */
export function tidyIdentity({ userId, issuedAt, expiresAt, credentialId, tokenId, isSignInTime }) {
  return {
    userId,
    issuedAt: Math.floor(issuedAt),
    ...(expiresAt === undefined ? {} : { expiresAt: Math.floor(expiresAt) }),
    ...(credentialId ? { credentialId } : {}),
    ...(tokenId ? { tokenId } : {}),
    ...(isSignInTime === true ? { isSignInTime } : {}),
  };
}

/**
 * Makes the credential that the session gets for an access.
 * @param {Access} access
 * @returns {Credential}
 */
export function credentialOf(access) {
  if (access.kind === "trusted") return TRUSTED;
  const { issuedAt, expiresAt = 0, credentialId = "", tokenId = "", isSignInTime = false } = access.identity;
  return { issuedAt, expiresAt, isSignInTime, sessionId: credentialId, tokenId };
}

/**
 * @param {Identity} identity
 * @param {number} now
 */
export function hasExpired({ expiresAt }, now) {
  return expiresAt !== undefined && expiresAt <= now;
}

/**
 * Whether a value can be a user's id. All lone surrogates are the same in a URL: users whose ids differ by
 * them alone would share a session.
 * @param {unknown} value
 * @returns {value is string}
 */
export function isUserId(value) {
  return typeof value === "string" && value !== "" && value.isWellFormed();
}

/**
 * Whether a value can be the id of a session or token. Any other is refused, since no logout could name it.
 * @param {unknown} value
 * @returns {value is string}
 */
export function isCredentialId(value) {
  return typeof value === "string" && value !== "" && !isLonger(value, CREDENTIAL_ID_BYTES_MAX);
}

/**
 * Whether a value can be the time when a credential was issued: in seconds, and ahead of our clock by no
 * more than a day.
 * @param {unknown} value
 * @param {number} now Milliseconds since the epoch.
 * @returns {value is number}
 */
export function wasIssued(value, now) {
  return isTime(value, SECONDS_MAX) && value <= now / MS_PER_SECOND + AHEAD_SECONDS_MAX;
}

/**
 * Whether a value can be the time when a credential ends, in milliseconds. Seconds would be an end long
 * ago, and microseconds no end at all.
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
 * Whether a value is a time from the epoch up to `end`. A negative time would mean "trusted" to the session.
 * @param {unknown} value
 * @param {number} end
 * @returns {value is number}
 */
function isTime(value, end) {
  return typeof value === "number" && value >= 0 && value < end;
}
