/**
 * Which credentials have ended, by what is promised and by what was asked for alone: nothing of the server's own state is
 * looked at. There are two answers. Whoever has surely ended must see nothing more, and whoever has surely not must be
 * let in. Between them lies what the contract leaves open: a second that an issuer's clock has not reached yet, a
 * memory that may have been too small, a second that rose since more single credentials were ended than are kept.
 */
import { goesBy, nameOfId, namesOf } from "./issuer.mjs";

/** @import { Done } from "./adapter-logouts.mjs" */
/** @import { Credential, Issuer } from "./issuer.mjs" */

/** How many credentials that were ended alone are kept. */
const ENDED_MAX = 256;

/** The most seconds by which a credential that was never seen may be ahead. */
const SKEW_MAX_S = 60;

/**
 * Something that a logout, a restore or a crash makes a difference to.
 * @typedef {object} Entry
 * @property {number} index How many deeds there were.
 * @property {boolean} isGone Whether a crash has lost it or a restored backup undone it.
 */

/** A logout and what it surely ends. @typedef {Entry & {ends: (credential: Credential) => boolean}} Ending */

/**
 * A credential that was let in.
 * @typedef {Entry & {credential: Credential, device: string | null, isRemembered: boolean, isFromFuture: boolean}} Showing
 */

/** A socket that is open now. @typedef {{credential: Credential | null, device: string}} Here */

export class Law {
  /** @type {Ending[]} */
  #endings = [];
  /** @type {Showing[]} */
  #showings = [];
  /** Each says what it may have ended. @type {((credential: Credential) => boolean)[]} */
  #doubts = [];
  /** Up to this second all may have ended. */
  #allUntil = -1;
  /** The newest second that a logout may have ended for all but one. */
  #othersUntil = -1;
  /** The name that the last logout of others has spared, and all that it may have. */
  #spared = "";
  /** The names of what may have been ended alone. @type {Set<string>} */
  #single = new Set();
  /** How often the second may have risen up to which all has ended. */
  #overflows = 0;
  /** The results of `endOf` until something changes. @type {Map<Credential, number>} */
  #ends = new Map();
  #issuer;
  #second;

  /** @param {Issuer} issuer @param {() => number} second The server's clock. */
  constructor(issuer, second) {
    this.#issuer = issuer;
    this.#second = second;
  }

  /** How far the history goes now, for a backup. */
  mark() {
    return { endings: this.#endings.length, showings: this.#showings.length };
  }

  /** A backup is put back. @param {ReturnType<Law["mark"]>} mark */
  restored({ endings, showings }) {
    for (const entry of [...this.#endings.slice(endings), ...this.#showings.slice(showings)]) entry.isGone = true;
    this.#ends.clear();
  }

  /** A crash has lost what was done. @param {Entry} entry */
  drop(entry) {
    entry.isGone = true;
    this.#ends.clear();
  }

  /**
   * A credential was let in.
   * @param {Credential} credential
   * @param {{device: string | null, isRemembered: boolean}} by The device that it came by, and whether the server knows it later.
   * @param {number} index
   */
  shown(credential, by, index) {
    const isFromFuture = credential.issuedAt > this.#second();
    const showing = { index, isGone: false, credential, ...by, isFromFuture };
    this.#showings.push(showing);
    return showing;
  }

  /**
   * A logout was done.
   * @param {Done} done
   * @param {Credential | null} asker `null` if it was a server.
   * @param {Here[]} here The sockets that were open before it.
   * @param {number} index
   */
  loggedOut(done, asker, here, index) {
    const isDoubtful = !done.isAnswered && (!asker || this.mayHaveEnded(asker));
    this.#note(done, asker, here);
    const ends = isDoubtful ? () => false : this.#surely(done, asker, here);
    /** @type {Ending} */
    const ending = { index, isGone: false, ends };
    this.#endings.push(ending);
    this.#ends.clear();
    return ending;
  }

  /** From which deed on a credential has surely ended. @param {Credential} credential */
  endOf(credential) {
    const known = this.#ends.get(credential);
    if (known !== undefined) return known;
    const first = this.#endings.find(({ isGone, ends }) => !isGone && ends(credential));
    const end = first?.index ?? Infinity;
    this.#ends.set(credential, end);
    return end;
  }

  /** @param {Credential} credential */
  hasEnded(credential) {
    return this.endOf(credential) < Infinity;
  }

  /** Whether a logout may have ended a credential; `false` is sure. @param {Credential} credential */
  mayHaveEnded(credential) {
    return credential.issuedAt <= this.#allUntil || this.#doubts.some((mayEnd) => mayEnd(credential));
  }

  /**
   * Finds the credentials that a logout surely ends.
   * @param {Done} done
   * @param {Credential | null} asker
   * @param {Here[]} here
   * @returns {(credential: Credential) => boolean}
   */
  #surely({ scope, id, endedAt, isComplete }, asker, here) {
    const until = this.#newestShown();
    const name = nameOfId(id);
    switch (scope) {
      case "all":
        return ({ issuedAt }) => issuedAt <= until;
      case "others": {
        const spared = asker && id === "" ? [namesOf(asker).signIn] : this.#sharing(name);
        return (credential) => credential.issuedAt <= until && !spared.some((one) => goesBy(credential, one));
      }
      case "device": {
        const known = isComplete ? this.#knownOf(id) : [];
        const names = this.#signInsAt(id, here, known).filter((one) => !asker || one !== namesOf(asker).signIn);
        return this.#whileKept(until, (credential) => names.includes(namesOf(credential).signIn));
      }
      case "credential":
        return this.#whileKept(until, (credential) => goesBy(credential, name));
      case "issuer": {
        const isHere = here.some(({ credential }) => credential && namesOf(credential).signIn === name);
        return this.#whileKept(until, (credential) => goesBy(credential, name) && (isHere || credential.issuedAt <= endedAt));
      }
    }
  }

  /**
   * Limits an end of single credentials to the time in which all of them are kept. Beyond that it is open what becomes of
   * a session that its issuer goes on renewing.
   * @param {number} until
   * @param {(credential: Credential) => boolean} isNamed
   */
  #whileKept(until, isNamed) {
    const overflows = this.#overflows;
    return (/** @type {Credential} */ credential) => isNamed(credential) && (credential.issuedAt <= until || this.#overflows <= overflows);
  }

  /** Notes what a logout may end. @param {Done} done @param {Credential | null} asker @param {Here[]} here */
  #note({ scope, id, endedAt }, asker, here) {
    const latest = Math.max(this.#second(), this.#issuer.newest, this.#allUntil, this.#othersUntil);
    // A single one may be one more than are kept, and then another one is kept no more.
    if (scope !== "all" && scope !== "others" && this.#single.size >= ENDED_MAX) this.#overflows++;
    switch (scope) {
      case "all":
        this.#allUntil = latest;
        break;
      case "others":
        this.#noteOthers(asker && id === "" ? namesOf(asker).signIn : nameOfId(id), latest);
        break;
      case "issuer":
        this.#allUntil = Math.max(this.#allUntil, endedAt);
        this.#noteSingle([nameOfId(id)], latest);
        break;
      case "credential":
        this.#noteSingle([nameOfId(id)], latest);
        break;
      case "device":
        this.#noteSingle(this.#signInsAt(id, here, this.#showings).filter((one) => !asker || one !== namesOf(asker).signIn), latest);
    }
  }

  /** @param {string} spared @param {number} latest */
  #noteOthers(spared, latest) {
    if (this.#spared !== spared) this.#allUntil = Math.max(this.#allUntil, this.#othersUntil);
    this.#spared = spared;
    this.#othersUntil = latest;
    this.#doubts.push((credential) => credential.issuedAt <= latest && !goesBy(credential, spared));
  }

  /** @param {string[]} names @param {number} latest */
  #noteSingle(names, latest) {
    for (const name of names) this.#single.add(name);
    this.#doubts.push((credential) => names.some((name) => goesBy(credential, name)));
    if (this.#single.size > ENDED_MAX) this.#allUntil = Math.max(this.#allUntil, latest + SKEW_MAX_S);
  }

  /** The second up to which a logout of all that was issued reaches at least. */
  #newestShown() {
    const ahead = this.#showings.filter(({ isGone, isFromFuture }) => isFromFuture && !isGone);
    return Math.max(this.#second(), ...ahead.map(({ credential }) => credential.issuedAt));
  }

  /** The names of all sign-ins of which a credential goes by a name. @param {string} name */
  #sharing(name) {
    const all = [...this.#issuer.credentials.values()].filter((credential) => goesBy(credential, name));
    return [name, ...all.map((credential) => namesOf(credential).signIn)];
  }

  /**
   * Lists the credentials of a device that the server surely knows if it says that it has forgotten nothing. Those that have ended are known
   * no more; what is renewed from one later has to be shown again.
   * @param {string} device
   */
  #knownOf(device) {
    const known = this.#showings.filter((showing) => showing.device === device && showing.isRemembered && !showing.isGone);
    return known.filter(({ credential }) => !this.hasEnded(credential));
  }

  /** @param {string} device @param {Here[]} here @param {Showing[]} known */
  #signInsAt(device, here, known) {
    const open = here.flatMap((one) => (one.device === device && one.credential ? [one.credential] : []));
    const before = known.flatMap((showing) => (showing.device === device ? [showing.credential] : []));
    return [...new Set([...open, ...before].map((credential) => namesOf(credential).signIn))];
  }
}

