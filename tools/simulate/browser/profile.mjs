/**
 * A browser profile, which the tabs of one device share: its storage, its channels and locks, who is signed in,
 * and whether it has a network.
 */
import { firstFrameIn } from "../adapter.mjs";

/** @import { Clock } from "../clock.mjs" */
/** @import { Credential } from "../issuer.mjs" */
/** @import { Page } from "./page.mjs" */

/**
 * What the browser refuses to a page whose storage is blocked: the constructor of channels, their use, locks as a whole,
 * or each request for one.
 * @typedef {"channel" | "post" | "locks" | "lock"} BrowserRefusal
 */

/**
 * A lock that is held or waited for.
 * @typedef {object} Lock
 * @property {Page} page
 * @property {string} name
 * @property {"exclusive" | "shared"} mode
 * @property {() => void} grant
 * @property {(error: Error) => void} fail
 */

export class Profile {
  isOnline = true;
  /** How far the device's clock is ahead. */
  clockOffsetMs = 0;
  /** @type {Credential | null} */
  credential = null;
  /** Whether one of its pages has spoken an older version of the protocol, which promises less. */
  usedOlder = false;
  /** When a page of it was last logged out. */
  forgottenAt = -Infinity;
  /** @type {BrowserRefusal | null} */
  refusal = null;
  localStorage = storageOf(new Map());
  /** @type {Set<Page>} */
  pages = new Set();
  name;
  #clock;
  /** @type {Set<Channel>} */
  #channels = new Set();
  /** @type {Lock[]} */
  #held = [];
  /** @type {Lock[]} */
  #waiting = [];

  /** @param {string} name @param {Clock} clock */
  constructor(name, clock) {
    this.name = name;
    this.#clock = clock;
  }

  /** Makes the class that a page's code finds as `BroadcastChannel`. @param {Page} page */
  channelClassOf(page) {
    const profile = this;
    return class extends Channel {
      /** @param {string} name */
      constructor(name) {
        if (profile.refusal === "channel") throw new DOMException("The operation is insecure.", "SecurityError");
        super(profile.#clock, profile.#channels, page, name);
      }

      /** @override @param {unknown} message */
      postMessage(message) {
        if (profile.refusal === "post") throw new DOMException("The operation is insecure.", "SecurityError");
        super.postMessage(message);
      }
    };
  }

  /** What a page's code finds as `navigator.locks`. @param {Page} page */
  locksOf(page) {
    return {
      /** @param {string} name @param {any} options @param {any} callback */
      request: (name, options, callback) => this.#request(page, name, options, callback),
      // The answer comes behind what the browser has told the page of its locks before.
      query: () =>
        new Promise((resolve) => {
          const held = this.#held.map(({ name, mode }) => ({ name, mode }));
          const pending = this.#waiting.map(({ name, mode }) => ({ name, mode }));
          this.#clock.after(0, () => page.task(() => resolve({ held, pending }), true));
        }),
    };
  }

  /** A page has gone, and with it what it held. @param {Page} page */
  leave(page) {
    this.pages.delete(page);
    for (const channel of [...this.#channels]) if (channel.page === page) channel.close();
    this.#held = this.#held.filter((lock) => lock.page !== page);
    this.#waiting = this.#waiting.filter((lock) => lock.page !== page);
    this.#grantWaiting();
  }

  /**
   * @param {Page} page
   * @param {string} name
   * @param {{mode?: "exclusive" | "shared", steal?: boolean, signal?: AbortSignal}} options
   * @param {(lock: object) => any} callback
   */
  #request(page, name, { mode = "exclusive", steal = false, signal }, callback) {
    if (this.refusal === "lock") throw new DOMException("The request was denied.", "SecurityError");
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new DOMException("aborted", "AbortError"));
      /** @type {Lock} */
      const lock = {
        page,
        name,
        mode,
        grant: () =>
          page.task(() => {
            const result = Promise.resolve().then(() => callback({ name, mode }));
            const release = () => this.#release(lock);
            result.then(resolve, reject);
            result.then(release, release);
          }, true),
        fail: reject,
      };
      if (steal) {
        for (const other of this.#held.filter((one) => one.name === name)) {
          other.page.task(() => other.fail(new DOMException("stolen", "AbortError")), true);
        }
        this.#held = this.#held.filter((one) => one.name !== name);
        this.#hold(lock);
        return undefined;
      }
      this.#waiting.push(lock);
      signal?.addEventListener("abort", () => {
        if (!this.#waiting.includes(lock)) return;
        this.#waiting = this.#waiting.filter((one) => one !== lock);
        reject(new DOMException("aborted", "AbortError"));
      });
      this.#grantWaiting();
      return undefined;
    });
  }

  /** @param {Lock} lock */
  #hold(lock) {
    this.#held.push(lock);
    this.#clock.after(0, lock.grant);
  }

  /** @param {Lock} lock */
  #release(lock) {
    this.#held = this.#held.filter((one) => one !== lock);
    this.#grantWaiting();
  }

  #grantWaiting() {
    for (const lock of [...this.#waiting]) {
      const rivals = this.#held.filter(({ name }) => name === lock.name);
      const isFree = rivals.every(({ mode }) => mode === "shared" && lock.mode === "shared");
      const isFirst = this.#waiting.find(({ name }) => name === lock.name) === lock;
      if (!isFree || !isFirst) continue;
      this.#waiting = this.#waiting.filter((one) => one !== lock);
      this.#hold(lock);
    }
  }
}

class Channel {
  /** @type {((event: {data: unknown}) => void) | null} */
  onmessage = null;
  page;
  name;
  #clock;
  #all;

  /** @param {Clock} clock @param {Set<Channel>} all @param {Page} page @param {string} name */
  constructor(clock, all, page, name) {
    this.#clock = clock;
    this.#all = all;
    this.page = page;
    this.name = name;
    all.add(this);
  }

  /** @param {unknown} message */
  postMessage(message) {
    this.page.atMoment?.();
    if (this.page.isGone) return;
    const place = this.page.placeNow();
    for (const other of this.#all) {
      if (other === this || other.name !== this.name) continue;
      const data = structuredClone(message);
      this.#clock.after(1, () => other.page.task(() => this.#all.has(other) && other.#take(data, place, this.page), true));
    }
  }

  /** @param {unknown} data @param {number | null} place @param {Page} by */
  #take(data, place, by) {
    this.page.atMoment?.();
    this.page.task(() => {
      this.page.told = { place, by, firstFrame: firstFrameIn(data) };
      this.onmessage?.({ data });
    }, true);
  }

  close() {
    this.#all.delete(this);
  }
}

/** What a page's code finds as a storage. @param {Map<string, string>} items */
export function storageOf(items) {
  return {
    items,
    /** @param {string} key */
    getItem: (key) => items.get(key) ?? null,
    /** @param {string} key @param {string} value */
    setItem: (key, value) => void items.set(key, String(value)),
    /** @param {string} key */
    removeItem: (key) => void items.delete(key),
  };
}
