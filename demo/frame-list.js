/** The newest frames of a device, the newest first, each with its JSON on demand. */
import { clock, element } from "./dom.js";
import { HEARTBEAT, HEARTBEAT_ANSWER } from "./network.js";

/** How many are kept. */
const ROWS_MAX = 40;

const encoder = new TextEncoder();

export class FrameList {
  #list;
  /** The newest row, if it tells of heartbeats. @type {{row: Element, count: number} | null} */
  #beats = null;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
    list.addEventListener("keydown", (event) => this.#moved(event));
    list.addEventListener("focusin", ({ target }) => this.#chose(target));
  }

  /** @param {"sent" | "received"} direction @param {string} text */
  add(direction, text) {
    if (text === HEARTBEAT) return;
    if (text === HEARTBEAT_ANSWER) return this.#beat();
    const { type, seq } = read(text);
    const arrow = direction === "sent" ? "↑" : "↓";
    const bytes = encoder.encode(text).length;
    const summary = element(
      "summary",
      { tabindex: "-1" },
      element("span", { class: "arrow", "aria-hidden": "true" }, arrow),
      element("span", { class: "visually-hidden" }, `${direction} `),
      element("span", { class: "type" }, type),
      element("span", { class: "seq" }, seq === undefined ? "" : ` seq ${seq}`),
      element("span", { class: "bytes" }, ` ${bytes} B`),
      element("time", {}, ` ${clock()}`),
    );
    const json = element("pre", {}, JSON.stringify(JSON.parse(text), null, 2));
    this.#show(element("li", { class: direction }, element("details", {}, summary, json)));
  }

  /** Says something of the connection itself. @param {string} text */
  note(text) {
    this.#show(element("li", { class: "note" }, text));
  }

  /** Those with nothing between them are one row. */
  #beat() {
    if (!this.#beats) {
      const row = element("li", { class: "beat" });
      this.#show(row);
      this.#beats = { row, count: 0 };
    }
    const { row } = this.#beats;
    row.textContent = `heartbeat × ${++this.#beats.count}, the server not woken`;
  }

  /** @param {Element} row */
  #show(row) {
    this.#beats = null;
    this.#list.prepend(row);
    while (this.#list.children.length > ROWS_MAX) this.#list.lastElementChild?.remove();
    // One of them is in the tab order, and the arrow keys go on from there.
    const summaries = this.#summaries();
    if (!summaries.some(({ tabIndex }) => tabIndex === 0)) summaries[0]?.setAttribute("tabindex", "0");
  }

  #summaries() {
    return [...this.#list.querySelectorAll("summary")];
  }

  /** @param {KeyboardEvent} event */
  #moved(event) {
    const summaries = this.#summaries();
    const at = summaries.indexOf(/** @type {HTMLElement} */ (event.target));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (at < 0 || !step) return;
    event.preventDefault();
    summaries[at + step]?.focus();
  }

  /** @param {EventTarget | null} target */
  #chose(target) {
    for (const summary of this.#summaries()) summary.tabIndex = summary === target ? 0 : -1;
    if (!this.#summaries().some(({ tabIndex }) => tabIndex === 0)) {
      this.#summaries()[0]?.setAttribute("tabindex", "0");
    }
  }
}

/**
 * @param {string} text
 * @returns {{type: string, seq: number | undefined}}
 */
function read(text) {
  const { type, seq } = JSON.parse(text);
  return { type: String(type), seq };
}
