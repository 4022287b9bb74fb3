/** How long after a logout each device knew that its session was over. */
import { element, part, write } from "./dom.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Condition } from "./network.js" */

/**
 * A device that a logout ends.
 * @typedef {{deviceId: string, name: string, condition: Condition}} Target
 */

/**
 * @typedef {object} Row
 * @property {Target} target
 * @property {HTMLElement} text
 * @property {number | null} ms Until its connection was closed.
 */

/** What is said of a device that is not online, before it knows. */
const AWAY = {
  online: "not yet",
  asleep: "asleep, finds out when it wakes",
  offline: "offline. A real server refuses it when it returns; this one checks no credentials",
};

export class LogoutTimes {
  #root;
  #announcer;
  #title = "";
  #askedAt = 0;
  /** The devices that the logout has ended, or is to end. @type {Map<string, Row>} */
  #rows = new Map();

  /**
   * @param {HTMLElement} root
   * @param {Announcer} announcer
   * @param {() => void} signIn Called when all are to sign in again.
   */
  constructor(root, announcer, signIn) {
    this.#root = root;
    this.#announcer = announcer;
    part(root, "button").addEventListener("click", () => {
      this.#rows.clear();
      root.hidden = true;
      signIn();
    });
  }

  /**
   * A device has asked the server for a logout, right now.
   * @param {string} title What was asked, and where.
   * @param {Target[]} targets
   */
  begin(title, targets) {
    this.#askedAt = performance.now();
    this.#title = title;
    write(part(this.#root, "h2"), title);
    const list = part(this.#root, "dl");
    list.replaceChildren();
    this.#rows.clear();
    for (const target of targets) {
      const text = element("dd", {}, AWAY[target.condition]);
      this.#rows.set(target.deviceId, { target, text, ms: null });
      list.append(element("div", { "data-of": target.deviceId }, element("dt", {}, target.name), text));
    }
    this.#root.hidden = targets.length === 0;
  }

  /** A device is connected anew, so a later end is not this logout's. @param {string} deviceId */
  begun(deviceId) {
    const row = this.#rows.get(deviceId);
    if (row?.text.textContent === AWAY.offline) write(row.text, "was offline and is back: this server checks no credentials");
    this.#rows.delete(deviceId);
    if (this.#rows.size === 0) this.#root.hidden = true;
  }

  /** The server has closed a device's connection. @param {string} deviceId */
  closed(deviceId) {
    const row = this.#rows.get(deviceId);
    if (row?.ms === null && row.target.condition !== "offline") this.#note(row);
  }

  /**
   * A device knows that its session is over.
   * @param {string} deviceId
   * @returns {number | null} After how many milliseconds it did, `null` if it was away or nobody here has asked.
   */
  over(deviceId) {
    const row = this.#rows.get(deviceId);
    if (!row) return null;
    const { condition } = row.target;
    if (condition === "online" && row.ms === null) this.#note(row);
    if (condition === "asleep") write(row.text, `closed after ${row.ms} ms, found out when it woke`);
    if (condition === "offline") write(row.text, "refused when it came back");
    return condition === "online" ? row.ms : null;
  }

  /** @param {Row} row Its time is now. */
  #note(row) {
    row.ms = Math.max(1, Math.round(performance.now() - this.#askedAt));
    row.text.classList.toggle("ms", row.target.condition === "online");
    write(row.text, row.target.condition === "asleep" ? `closed after ${row.ms} ms; ${AWAY.asleep}` : `${row.ms} ms`);
    const rows = [...this.#rows.values()];
    if (rows.some(({ ms, target }) => ms === null && target.condition !== "offline")) return;
    const times = rows.map(({ target, text }) => `${target.name} ${text.textContent}`);
    this.#announcer.say(this.#title, times.join(", "), "times");
  }
}
