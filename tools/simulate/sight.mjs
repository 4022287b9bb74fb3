/**
 * What one page has seen, compared at once with what it was entitled to see. Its place is the number of deeds
 * that it has seen or was told to do without; from there on it must see every deed, once and in order.
 */

import { INBOX_MAX, POINT, isOnlyLost } from "./adapter.mjs";

/** @import { App } from "./app.mjs" */
/** @import { Deed } from "./ghost.mjs" */
/** @import { World } from "./world.mjs" */

/** For so long an object remembers what it has sent, as long as nothing disturbs it. */
const REMEMBERED_MS = 540_000;
const REMEMBERED_DEEDS = 60;

export class Sight {
  /** How often each key was seen, and when first. @type {Map<string, {count: number, at: number}>} */
  seen = new Map();
  /** The keys that were seen at any time. */
  everSeen = new Set();
  /** The newest point of each page. @type {Map<string, number>} */
  #points = new Map();
  /** The numbers of the messages that were seen, in order. @type {number[]} */
  messages = [];
  /** When it was last told to start over. */
  resetAt = -Infinity;
  /** How many deeds there were when it was first connected. @type {number | null} */
  begunAt = null;
  /** `null` while it is not known where it is, which it is after a reset that another tab has passed on. */
  place = /** @type {number | null} */ (null);
  #app;
  #world;

  /** @param {App} app @param {World} world */
  constructor(app, world) {
    this.#app = app;
    this.#world = world;
  }

  /** @param {any} snapshot */
  snapshot({ state }) {
    if (this.begunAt !== null || !state) return;
    this.begunAt = this.#world.ghost.deeds.length;
    this.place = this.#placeOfConnection();
    this.#world.tell(this.#app, `begins at ${this.place}`);
  }

  /** The page begins anew when its user signs in again, since nothing is left of who was there before. */
  loggedOut() {
    this.begunAt = this.place = null;
    this.seen.clear();
    this.messages = [];
    this.#app.page.profile.forgottenAt = this.#world.clock.now;
  }

  reset() {
    this.resetAt = this.#world.clock.now;
    this.#checkReset();
    const { reading, lastText, profile, told } = this.#app.page;
    // Whoever asks for nothing that was missed begins where it connects, whatever else was lost. Whether a tab that is
    // served by another had to start over in an older version does not show.
    const hasAsked = !reading || reading.url.includes("&since=");
    const isGoingOn = hasAsked && isOnlyLost(reading ? lastText : (told?.firstFrame ?? ""));
    if (!reading && profile.usedOlder) this.place = null;
    else if (!isGoingOn) this.place = this.#placeOfConnection();
    this.#world.tell(this.#app, `onReset at ${this.place}`);
  }

  /**
   * @param {string} key
   * @param {number | null} number Of the message, if it is one.
   */
  saw(key, number) {
    const { ghost, clock } = this.#world;
    this.#world.tell(this.#app, `sees ${key}`);
    const { count, at } = this.seen.get(key) ?? { count: 0, at: clock.now };
    this.seen.set(key, { count: count + 1, at });
    this.everSeen.add(key);
    if (number !== null) this.messages.push(number);
    const deeds = ghost.doneAs(key).filter(({ isReal }) => isReal);
    if (deeds.length === 0) return this.#violate("once-in-order", `${key}, which nobody has done`);
    this.#checkRights(key, deeds);
    if (key.startsWith(POINT)) this.#checkNewest(key);
    if (isUncounted(key)) return undefined;
    if (this.place === null) {
      // What was done twice does not tell which of the two it was.
      if (deeds.length === 1) this.place = deeds[0].index + 1;
      return undefined;
    }
    return this.#advance(this.place, key, deeds);
  }

  /**
   * @param {number} place
   * @param {string} key
   * @param {Deed[]} deeds
   */
  #advance(place, key, deeds) {
    // A deed that a restored backup has undone is not the one that is seen if it was done again.
    const coming = deeds.filter(({ index }) => index >= place);
    const next = coming.find(({ isUndone }) => !isUndone) ?? coming[0];
    if (!next) {
      const what = (this.seen.get(key)?.count ?? 0) > 1 ? "twice" : "after what came later";
      return this.#violate("once-in-order", `${key} ${what}`);
    }
    const missed = this.missedUntil(place, next.index);
    this.place = next.index + 1;
    if (missed.length > 0) this.#violate("missed-in-silence", `${missed.join(", ")}, before ${key}`);
    return undefined;
  }

  /**
   * Lists what a page at a place has not seen.
   * @param {number} place
   * @param {number} end
   */
  missedUntil(place, end) {
    return this.#world.ghost.deeds
      .slice(place, end)
      .filter(({ key, isReal, isUndone }) => isReal && !isUndone && key !== "clear" && !isUncounted(key))
      .map(({ key }) => key);
  }

  /** No page is shown an older point of another's behind a newer one. @param {string} key */
  #checkNewest(key) {
    const [name, digits] = key.slice(POINT.length).split(" ");
    const n = Number(digits);
    if (n <= (this.#points.get(name) ?? -1)) this.#violate("once-in-order", `${key} after a newer one`);
    this.#points.set(name, n);
  }

  /** @param {string} key @param {Deed[]} deeds */
  #checkRights(key, deeds) {
    const { profile, reading } = this.#app.page;
    // Another tab's socket may have been let in by a credential that its browser has replaced meanwhile.
    const isSame = this.#world.clockJumpMs === 0 && !this.#world.options.isMixed;
    const credential = reading ? reading.credential : isSame ? profile.credential : null;
    const end = credential ? this.#world.law.endOf(credential) : Infinity;
    if (!deeds.every(({ index }) => index >= end)) return;
    this.#violate("silence-after-logout", `${key} came after the logout of ${credential?.id}`);
  }

  /** Nobody is told to start over who could have been brought what is missing. */
  #checkReset() {
    const { page } = this.#app;
    const { clock, ghost, server } = this.#world;
    // A tab that is served by another starts over if that had to, from the same place.
    const heard = (page.reading ? page : page.told?.by)?.heardBefore;
    if (this.place === null || page.profile.usedOlder || !heard) return;
    const missed = ghost.deeds.slice(this.place);
    const isLong = clock.now - heard.lastAt > REMEMBERED_MS || missed.length > REMEMBERED_DEEDS;
    const isErased = missed.some(({ key }) => key === "clear");
    // Messages that are dropped for lack of room are a reason, too.
    if (ghost.deeds.filter(({ key }) => isInbox(key)).length > INBOX_MAX) return;
    const knownSince = heard.socket.link.end?.acceptedAt ?? 0;
    if (isLong || isErased || server.disturbedAt >= knownSince) return;
    const seconds = (knownSince / 1_000).toFixed(3);
    this.#violate("no-needless-reset", `told to start over, although the object remembers all since ${seconds} s`);
  }

  /** Where a page begins: where its socket does, or the tab that serves it is. */
  #placeOfConnection() {
    const { reading, told } = this.#app.page;
    return reading ? (reading.link.end?.connectedAt ?? null) : (told?.place ?? null);
  }

  /** @param {string} property @param {string} what */
  #violate(property, what) {
    this.#world.violate(property, `${this.#app.name}: ${what}`);
  }
}

/** `isUncounted` tells whether a key is of what has no place in the sequence: a message of the inbox, a value, or an event to some devices or of which only the newest counts. @param {string} key */
function isUncounted(key) {
  return /^[kvw]/.test(key);
}

/** Whether a key is a message, which the inbox brings. @param {string} key */
export function isInbox(key) {
  return key.startsWith("k");
}
