/** What screen readers are told of all devices, in few words. */
import { element } from "./dom.js";

/** What happens within this time is told together, so that three devices that do the same say it once. */
const COLLECTED_MS = 700;

/** Older lines are gone: they have been read. */
const LINES_MAX = 10;

export class Announcer {
  #root;
  /** What is to be told: who, and what of them. @type {Map<string, {who: string, text: string}>} */
  #news = new Map();
  #count = 0;

  /** @param {HTMLElement} root Its live region. */
  constructor(root) {
    this.#root = root;
  }

  /**
   * Tells something soon.
   * @param {string} who A device, or the server.
   * @param {string} text
   * @param {string} [subject] What the text is about, such as a status: of the same subject only the last word is told.
   */
  say(who, text, subject = `news ${this.#count++}`) {
    if (this.#news.size === 0) setTimeout(() => this.#tell(), COLLECTED_MS);
    this.#news.set(`${who}: ${subject}`, { who, text });
  }

  #tell() {
    const byText = Map.groupBy(this.#news.values(), ({ text }) => text);
    this.#news.clear();
    for (const [text, all] of byText) {
      const names = [...new Set(all.map(({ who }) => who))];
      this.#root.append(element("p", {}, `${names.join(", ")}: ${text}`));
    }
    while (this.#root.children.length > LINES_MAX) this.#root.firstElementChild?.remove();
  }
}
