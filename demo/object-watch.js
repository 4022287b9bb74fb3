/**
 * What a page can know of the user's Durable Object without waking it. It sees when the object has
 * worked, since something was asked of it or it sent something, and asks for the object's own counts
 * right then, while it is awake anyway. From there it reckons by the clock.
 */

/** The platform lets an object go some ten seconds after it has last worked. */
export const SLEEPS_AFTER_MS = 10_000;

/** What belongs together is asked about once, but in time if much goes on. */
const ASKED_AFTER_MS = 400;
const ASKED_AT_LATEST_AFTER_MS = 1_500;

/**
 * The object saves its counts once a second, when it has something to do. Asking once more has it
 * save the last of them before it sleeps.
 */
const SAVED_AFTER_MS = 1_300;

const ENDPOINT = "/__user-session";

/** What devices ask for, as the object counts it. */
const WORK = /** @type {const} */ ([
  ...["connects", "join_game", "leave_game", "update_presence", "sync_state", "broadcast"],
  ...["logout_all", "refused", "requests"],
]);

/**
 * What the object has counted, see docs/operating.md.
 * @typedef {Record<string, number>} Counts
 */

/**
 * What two askings tell of the time between them.
 * @typedef {object} Finding
 * @property {"first" | "woken" | "awake" | "anew"} kind Nothing was known before; whether it had
 *   slept; or there was no device for a moment, and it counts anew.
 * @property {number} wakes Which wake this is.
 * @property {number} rows
 * @property {[string, number][]} work
 * @property {boolean} isSurprise The clock had said otherwise.
 */

/**
 * @typedef {object} WatchListener
 * @property {(finding: Finding) => void} found
 * @property {(message: string) => void} failed
 */

export class ObjectWatch {
  /** @type {Counts | null} */
  counts = null;
  /** Heartbeats that were answered while it slept, by the clock. */
  heartbeatsAsleep = 0;
  /** `null` while it is unknown. @type {number | null} */
  workedAt = null;
  /** Whether it did not answer when it was last asked. */
  isSilent = false;
  #userId;
  #listener;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #lastTimer;
  /** Since when there is something to ask about. @type {number | null} */
  #newsSince = null;
  #wasAsleep = false;
  /** Its own requests since the last finding. */
  #asked = 0;
  #isAsking = false;

  /** @param {string} userId @param {WatchListener} listener */
  constructor(userId, listener) {
    this.#userId = userId;
    this.#listener = listener;
  }

  /** Milliseconds until it may sleep, negative since it does; `null` while nothing is known. */
  get msToSleep() {
    return this.workedAt === null ? null : this.workedAt + SLEEPS_AFTER_MS - performance.now();
  }

  get isAsleep() {
    const ms = this.msToSleep;
    return ms !== null && ms <= 0;
  }

  /** About which share of the time since the first device came it has slept, `null` if unknown. */
  get shareAsleep() {
    if (!this.counts) return null;
    const { wakes, asleepMs, awakeMs } = this.counts;
    const asleep = Math.max(0, asleepMs - Math.max(0, wakes - 1) * SLEEPS_AFTER_MS);
    const now = Math.max(0, -(this.msToSleep ?? 0));
    const whole = asleepMs + awakeMs + (this.workedAt === null ? 0 : performance.now() - this.workedAt);
    return whole > 0 ? (asleep + now) / whole : 0;
  }

  /** A heartbeat has been answered, which the platform does. */
  heartbeat() {
    if (this.isAsleep) this.heartbeatsAsleep++;
  }

  /** The object has worked: it sent something, or was asked for something. */
  worked() {
    const now = performance.now();
    this.#wasAsleep ||= this.isAsleep;
    // Whatever a device tries with a server that is gone is no work of the object's.
    if (!this.isSilent) this.workedAt = now;
    this.#newsSince ??= now;
    clearTimeout(this.#timer);
    const wait = Math.min(ASKED_AFTER_MS, this.#newsSince + ASKED_AT_LATEST_AFTER_MS - now);
    this.#timer = setTimeout(() => void this.ask(), wait);
    clearTimeout(this.#lastTimer);
    this.#lastTimer = setTimeout(() => void this.ask(true), SAVED_AFTER_MS);
  }

  /** Asks for its counts, which wakes it. @param {boolean} [isQuiet] Says nothing if there is no news. */
  async ask(isQuiet = false) {
    if (this.#isAsking) return this.worked();
    clearTimeout(this.#timer);
    this.#isAsking = true;
    this.#newsSince = null;
    try {
      const response = await fetch(this.#address("/metrics"), { cache: "no-store" });
      if (!response.ok) throw new Error(`it answered ${response.status}`);
      this.#asked++;
      this.#learned(/** @type {Counts} */ (await response.json()), isQuiet);
    } catch (error) {
      this.isSilent = true;
      this.workedAt = null;
      this.#listener.failed(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isAsking = false;
    }
  }

  /**
   * Sends a message to all devices, as a server of the app's does.
   * @param {object} message
   * @param {boolean} isKept Whether it waits a day for devices that are away.
   * @returns {Promise<{delivered: number}>}
   */
  async push(message, isKept) {
    /** @type {Record<string, string>} */
    const query = isKept ? { keep: "86400" } : {};
    const body = JSON.stringify(message);
    const response = await fetch(this.#address("", query), { method: "POST", body });
    this.worked();
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    return response.json();
  }

  /** @param {string} path @param {Record<string, string>} [query] */
  #address(path, query = {}) {
    return `${ENDPOINT}${path}?${new URLSearchParams({ userId: this.#userId, ...query })}`;
  }

  /** @param {Counts} counts @param {boolean} isQuiet */
  #learned(counts, isQuiet) {
    const before = this.counts;
    const wasSilent = this.isSilent;
    const thoughtAsleep = this.#wasAsleep || this.isAsleep;
    const isAnew = before !== null && before.since !== counts.since;
    const base = before && !isAnew ? before : {};
    /** @param {string} name */
    const more = (name) => counts[name] - (base[name] ?? 0);
    const hasWoken = more("wakes") > 0;
    this.counts = counts;
    this.workedAt = performance.now();
    this.#wasAsleep = this.isSilent = false;
    /** @type {[string, number][]} */
    const work = WORK.map((name) => [name, more(name) - (name === "requests" ? this.#asked : 0)]);
    this.#asked = 0;
    const done = work.filter(([, times]) => times > 0);
    const rows = more("rowsWritten");
    const kind = before === null ? "first" : isAnew ? "anew" : hasWoken ? "woken" : "awake";
    if (isQuiet && !wasSilent && kind === "awake" && done.length === 0 && rows === 0) return;
    this.#listener.found({
      kind,
      wakes: counts.wakes,
      rows,
      work: done,
      isSurprise: !wasSilent && ["woken", "awake"].includes(kind) && hasWoken !== thoughtAsleep,
    });
  }
}
