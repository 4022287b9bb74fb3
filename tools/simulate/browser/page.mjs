/**
 * A page of a browser's tab, from its loading until it goes: its globals, its timers, and when it runs. A page that is
 * halted runs nothing, and gets all at once when it thaws. One that is frozen runs no timers and hears of no frames, but
 * of what other tabs say and of locks, as in Chromium.
 */
import { chanceGlobals } from "../chance.mjs";
import { Timers, settlePromises } from "../clock.mjs";
import { socketClassOf } from "./socket.mjs";

/** @import { Program } from "../bundle.mjs" */
/** @import { Random } from "../../torture/random.mjs" */
/** @import { Clock } from "../clock.mjs" */
/** @import { Link } from "../network.mjs" */
/** @import { Profile, storageOf } from "./profile.mjs" */
/** @import { PageSocket } from "./socket.mjs" */

export const ORIGIN = "https://app.example";

/** Chrome wakes the timers of a page that was hidden for so long once a minute. */
const THROTTLED_AFTER_MS = 300_000;
const THROTTLED_MS = 60_000;

/**
 * @typedef {object} PageSurroundings
 * @property {Clock} clock
 * @property {Random} random
 * @property {Profile} profile
 * @property {ReturnType<typeof storageOf>} sessionStorage
 * @property {Program} client
 * @property {(socket: PageSocket, url: string, protocols: string[]) => Link} connect
 * @property {(page: Page, url: string, init: any) => Promise<any>} fetch
 * @property {(text: string) => void} trace
 * @property {(page: Page, text: string) => void} complain Is told what the client prints.
 */

/** How a page stops. A frozen page is told before, in some browsers. @typedef {"halted" | "frozen" | "frozen-told"} Stop */

/** When something last came on a socket. @typedef {{socket: PageSocket, lastAt: number}} Heard */

/**
 * A message of another tab's.
 * @typedef {object} Told
 * @property {number | null} place The place that the other had come to, `null` if it had none.
 * @property {Page} by
 * @property {string} firstFrame That it has brought, empty if none.
 */

export class Page {
  name;
  profile;
  /** The client's exports. @type {any} */
  exports;
  isGone = false;
  /** The socket whose frame is being read. @type {PageSocket | null} */
  reading = null;
  /** How many of its sockets were closed. */
  closes = 0;
  /** What came last on any socket. */
  lastText = "";
  /** The socket that was made last. @type {PageSocket | null} */
  socket = null;
  sessionStorage;
  /** When it last asked for a socket. */
  connectedAt = -Infinity;
  /** Who has said what was read last of other tabs, and where that page was then. @type {Told | null} */
  told = null;
  /** The place that this page has come to. @type {() => number | null} */
  placeNow = () => null;
  /** Is called before each message to other tabs, each of theirs, and each frame. @type {(() => void) | null} */
  atMoment = null;
  /** What came on the socket before the present one. @type {Heard | null} */
  heardBefore = null;
  /** @type {Heard | null} */
  #heard = null;
  #around;
  #timers;
  /** @type {Stop | null} */
  #stop = null;
  #isVisible = true;
  #hiddenAt = 0;
  /** When it was last loaded, shown, or began to run again. */
  #runsSince = 0;
  /** @type {(() => void)[]} */
  #backlog = [];
  /** @type {Set<PageSocket>} */
  #sockets = new Set();
  #window = new Listeners();
  #document = new Listeners();

  /** @param {string} name @param {PageSurroundings} around */
  constructor(name, around) {
    this.name = name;
    this.#around = around;
    this.profile = around.profile;
    this.sessionStorage = around.sessionStorage;
    this.#timers = new Timers(around.clock, {
      runTask: (run) => this.task(run),
      delayOf: (delayMs) => this.#throttled(delayMs),
    });
    this.#timers.offsetMs = this.profile.clockOffsetMs;
    this.#runsSince = around.clock.now;
    this.profile.pages.add(this);
    this.exports = around.client(this.#globals());
  }

  get isFrozen() {
    return this.#stop !== null;
  }

  get isVisible() {
    return this.#isVisible;
  }

  /** Whether somebody has looked at it, and it has run, since some moment. @param {number} since */
  mayLead(since) {
    return this.#isVisible && !this.isFrozen && this.#runsSince <= since;
  }

  /** The device's clock was set. */
  clockSet() {
    this.#timers.offsetMs = this.profile.clockOffsetMs;
  }

  /**
   * Runs something as a task of the page.
   * @param {() => void} run
   * @param {boolean} [isOfTabs] Whether another tab's message or a lock is why.
   */
  task(run, isOfTabs = false) {
    if (this.isGone) return undefined;
    if (this.#stop === "halted" || (this.#stop !== null && !isOfTabs)) return void this.#backlog.push(run);
    try {
      run();
    } catch (error) {
      this.#around.complain(this, `uncaught: ${/** @type {Error} */ (error).stack}`);
    }
    return undefined;
  }

  /** Runs something later that the browser does, whatever the page does. @param {number} ms @param {() => void} run */
  later(ms, run) {
    this.#around.clock.after(ms, () => {
      if (!this.isGone) run();
    });
  }

  // What happens to a page

  /** @param {string} type @param {object} [more] */
  dispatch(type, more = {}) {
    this.task(() => this.#window.dispatch({ type, ...more }));
  }

  /** @param {boolean} isVisible */
  setVisible(isVisible) {
    if (isVisible === this.#isVisible) return;
    this.#isVisible = isVisible;
    this.#hiddenAt = this.#runsSince = this.#around.clock.now;
    this.task(() => this.#document.dispatch({ type: "visibilitychange" }));
  }

  /** @param {Stop} [how] */
  freeze(how = "halted") {
    if (this.#stop !== null) return;
    if (how === "frozen-told") this.task(() => this.#document.dispatch({ type: "freeze" }));
    this.#stop = how;
  }

  thaw() {
    const isTold = this.#stop === "frozen-told";
    if (this.#stop === null) return;
    this.#stop = null;
    if (isTold) this.task(() => this.#document.dispatch({ type: "resume" }));
    this.#catchUp();
  }

  /**
   * Does something between two things that the page does, or in the middle of one.
   * @param {number} count How many messages and frames before it.
   * @param {() => void} act
   */
  interrupt(count, act) {
    let left = count;
    this.atMoment = () => {
      if (--left > 0) return;
      this.atMoment = null;
      act();
    };
  }

  /**
   * The page is left for another, or for good.
   * @param {"close" | "kill" | "cache"} how A page in the cache can come back.
   */
  leave(how) {
    if (how !== "kill") this.dispatch("pagehide", { persisted: how === "cache" });
    if (how === "cache") return this.freeze();
    this.isGone = true;
    for (const socket of this.#sockets) socket.abandon(how === "close");
    this.#timers.clear();
    this.#backlog = [];
    this.profile.leave(this);
    return undefined;
  }

  /** Comes back out of the cache; the page hears of that before its timers run. */
  comeBack() {
    if (this.#stop === null) return;
    this.#stop = null;
    this.dispatch("pageshow", { persisted: true });
    this.#catchUp();
  }

  /** Runs what has come while the page ran nothing, each as a task of its own. */
  #catchUp() {
    this.#runsSince = this.#around.clock.now;
    for (const run of this.#backlog.splice(0)) {
      this.task(run);
      settlePromises();
    }
  }

  /** No fault that was planned for any of its connections happens any more. */
  spareLinks() {
    for (const { link } of this.#sockets) link.cutAfter(null);
  }

  // What its sockets do

  /** @param {PageSocket} socket @param {string} url @param {string[]} protocols */
  connect(socket, url, protocols) {
    this.#around.trace(`${this.name}: connects ${url.slice(url.indexOf("?"))}`);
    this.#sockets.add(socket);
    this.socket = socket;
    this.connectedAt = this.#around.clock.now;
    return this.#around.connect(socket, url, protocols);
  }

  /** @param {PageSocket} _socket @param {string} text */
  sent(_socket, text) {
    this.#around.trace(`${this.name}: sends ${text}`);
  }

  /** @param {PageSocket} socket @param {string} text */
  received(socket, text) {
    const { now } = this.#around.clock;
    if (this.#heard?.socket !== socket) this.heardBefore = this.#heard;
    this.#heard = { socket, lastAt: now };
    this.lastText = text;
    this.#around.trace(`${this.name}: gets ${text}`);
  }

  /** @param {PageSocket} socket @param {number} code @param {string} reason */
  closed(socket, code, reason) {
    this.#around.trace(`${this.name}: closed ${code} ${reason}`);
    this.#sockets.delete(socket);
    this.closes++;
  }

  /** @param {PageSocket} socket @param {() => void} run */
  whileReading(socket, run) {
    this.reading = socket;
    try {
      run();
    } finally {
      this.reading = null;
    }
  }

  /** @param {number} delayMs */
  #throttled(delayMs) {
    const { now } = this.#around.clock;
    if (this.#isVisible || now - this.#hiddenAt < THROTTLED_AFTER_MS) return delayMs;
    return Math.ceil((now + delayMs) / THROTTLED_MS) * THROTTLED_MS - now;
  }

  #globals() {
    const page = this;
    const { random, profile, sessionStorage } = this.#around;
    const { setTimeout, clearTimeout, monotonicMs } = this.#timers;
    const complain = (/** @type {unknown} */ text) => this.#around.complain(this, String(text));
    const globals = {
      ...chanceGlobals(random),
      Date: this.#timers.dateClass(),
      performance: { now: monotonicMs },
      setTimeout,
      clearTimeout,
      queueMicrotask: (/** @type {() => void} */ run) => void Promise.resolve().then(run).catch(complain),
      console: { log: () => {}, warn: complain, error: complain },
      fetch: (/** @type {string} */ url, /** @type {any} */ init) => this.#around.fetch(this, url, init),
      navigator: {
        get onLine() {
          return profile.isOnline;
        },
        ...(profile.refusal !== "locks" && { locks: profile.locksOf(this) }),
      },
      document: {
        get visibilityState() {
          return page.#isVisible ? "visible" : "hidden";
        },
        ...this.#document.surface(),
      },
      location: { href: `${ORIGIN}/` },
      localStorage: profile.localStorage,
      sessionStorage,
      WebSocket: socketClassOf(this),
      BroadcastChannel: profile.channelClassOf(this),
      AbortController,
    };
    return { ...globals, globalThis: { ...globals, ...this.#window.surface() } };
  }
}

/** A target of events. */
class Listeners {
  /** @type {Map<string, Set<(event: any) => void>>} */
  #listeners = new Map();

  surface() {
    return {
      /** @param {string} type @param {(event: any) => void} listener */
      addEventListener: (type, listener) => {
        const known = this.#listeners.get(type) ?? new Set();
        this.#listeners.set(type, known.add(listener));
      },
      /** @param {string} type @param {(event: any) => void} listener */
      removeEventListener: (type, listener) => void this.#listeners.get(type)?.delete(listener),
    };
  }

  /** @param {{type: string}} event */
  dispatch(event) {
    for (const listener of [...(this.#listeners.get(event.type) ?? [])]) listener(event);
  }
}
