/**
 * The app's own sign-in, which gives credentials and renews them. What it writes into one is a mixture, as issuers
 * differ: an id of the session, the time of the sign-in, an id of the credential itself, or none of these. The clock of
 * one may be ahead.
 */
import { streamOf } from "./chance.mjs";

/** How far the clock of an issuer may be ahead, in seconds. */
export const AHEAD_MAX_S = 10;

/** The claims that issuers write beside the second. */
const MIXTURES = [
  { hasSession: true, hasSignInTime: false, hasOwnId: false },
  { hasSession: true, hasSignInTime: false, hasOwnId: true },
  { hasSession: true, hasSignInTime: true, hasOwnId: true },
  { hasSession: false, hasSignInTime: true, hasOwnId: true },
  { hasSession: false, hasSignInTime: false, hasOwnId: true },
  { hasSession: false, hasSignInTime: false, hasOwnId: false },
];

/**
 * A credential, as the app's server would put it into a cookie.
 * @typedef {object} Credential
 * @property {string} id The cookie's value.
 * @property {string} who
 * @property {number} issuedAt The second that counts: that of the sign-in if the issuer says it, or else its own.
 * @property {string | null} sessionId Shared by all that is renewed from it.
 * @property {number | null} signInTime
 * @property {string | null} ownId
 * @property {number} aheadS How far its issuer's clock is ahead.
 */

export class Issuer {
  /** All that were ever given, by their ids. @type {Map<string, Credential>} */
  credentials = new Map();
  /** The newest second in one of them. */
  newest = 0;
  #seed;
  #second;
  #isMixed;
  /** How often each has signed in. @type {Map<string, number>} */
  #signIns = new Map();

  /** @param {number} seed @param {() => number} second The server's clock. @param {boolean} isMixed Whether credentials differ. */
  constructor(seed, second, isMixed) {
    this.#seed = seed;
    this.#second = second;
    this.#isMixed = isMixed;
  }

  /** Signs somebody in. @param {string} who @returns {Credential} */
  signIn(who) {
    const times = this.#signIns.get(who) ?? 0;
    this.#signIns.set(who, times + 1);
    const random = streamOf(this.#seed, `sign-in ${who} ${times}`);
    const mixture = this.#isMixed ? random.pick(MIXTURES) : MIXTURES[0];
    const aheadS = this.#isMixed ? random.pick([0, 0, 0, 2, AHEAD_MAX_S]) : 0;
    const name = `${who}-${this.credentials.size}`;
    const second = this.#second() + aheadS;
    return this.#keep({
      id: name,
      who,
      issuedAt: second,
      sessionId: mixture.hasSession ? `s-${name}` : null,
      signInTime: mixture.hasSignInTime ? second : null,
      ownId: mixture.hasOwnId ? `t-${name}` : null,
      aheadS,
    });
  }

  /** Renews a credential: its session and the time of its sign-in stay. @param {Credential} old @returns {Credential} */
  renew(old) {
    const name = `${old.who}-${this.credentials.size}`;
    return this.#keep({
      ...old,
      id: name,
      issuedAt: old.signInTime ?? this.#second() + old.aheadS,
      ownId: old.ownId && `t-${name}`,
    });
  }

  /** @param {Credential} credential */
  #keep(credential) {
    this.credentials.set(credential.id, credential);
    this.newest = Math.max(this.newest, credential.issuedAt);
    return credential;
  }
}

/**
 * The word of the app's `authenticate` on a credential.
 * @param {Credential} credential
 * @param {string} userId
 */
export function identityOf({ issuedAt, sessionId, ownId, signInTime }, userId) {
  return {
    userId,
    issuedAt,
    ...(sessionId && { credentialId: sessionId }),
    ...(ownId && { tokenId: ownId }),
    ...(signInTime !== null && { isSignInTime: true }),
  };
}

/**
 * The names of a credential: with all that is renewed from it, and its own.
 * @param {Credential} credential
 * @returns {{signIn: string, own: string}}
 */
export function namesOf({ sessionId, ownId, issuedAt, signInTime }) {
  const isKnownByTime = signInTime !== null || ownId === null;
  const signIn = sessionId ? nameOfId(sessionId) : isKnownByTime ? `second ${issuedAt}` : nameOfId(String(ownId));
  return { signIn, own: ownId ? nameOfId(ownId) : signIn };
}

/** @param {string} id The id of a session or of a credential. */
export function nameOfId(id) {
  return `id ${id}`;
}

/** Whether a credential goes by a name. @param {Credential} credential @param {string} name */
export function goesBy(credential, name) {
  const { signIn, own } = namesOf(credential);
  return signIn === name || own === name;
}
