/** The user's own state on all devices: a theme, which is a setting, and a note, which is written. */
import { part, write } from "./dom.js";

/** @import { RequestOutcome, SessionSnapshot, UserSessionClient } from "/client/index.js" */

const THEMES = ["light", "dark"];

/**
 * @typedef {object} ValuesListener
 * @property {(what: string, asked: Promise<RequestOutcome>, expected?: string[]) => Promise<RequestOutcome>} ask Shows a
 *   request until it is answered, and why it was not done, unless with one of the expected codes.
 * @property {(text: string, subject: string) => void} said Something to read out, see `Announcer.say`.
 */

export class SharedValues {
  #root;
  #values;
  #listener;
  #text;
  /** The version that what is being written began with, `null` while nothing is. @type {number | null} */
  #begun = null;
  /** The note as it was shown last. @type {{text: string, version: number}} */
  #note = { text: "", version: 0 };
  #isKnown = false;
  /** A save is under way, and another one was asked for. */
  #isSaving = false;
  #isMore = false;

  /**
   * @param {HTMLElement} root The device's panel.
   * @param {string} deviceId
   * @param {UserSessionClient} client
   * @param {ValuesListener} listener
   */
  constructor(root, deviceId, { values }, listener) {
    this.#root = root;
    this.#values = values;
    this.#listener = listener;
    this.#text = /** @type {HTMLTextAreaElement} */ (this.#part(".note textarea"));
    for (const radio of this.#themes()) {
      radio.name = `theme-${deviceId}`;
      radio.addEventListener("change", () => void listener.ask(`theme ${radio.value}`, values.set("theme", radio.value)));
    }
    this.#text.addEventListener("input", () => this.#write());
    this.#part(".note").addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#begun !== null) void this.#save(this.#begun);
    });
    this.#part(".keep-mine").addEventListener("click", () => void this.#save(this.#note.version));
    this.#part(".take-theirs").addEventListener("click", () => {
      this.#settle();
      this.#text.focus();
    });
  }

  /** @param {SessionSnapshot} snapshot */
  render({ values, state }) {
    const theme = String(values["theme"]?.value);
    this.#root.dataset["theme"] = THEMES.includes(theme) ? theme : "";
    for (const radio of this.#themes()) radio.checked = radio.value === theme;
    // After a logout somebody else may sit here.
    if (!state && this.#isKnown) this.#forget();
    const { value = "", version = 0, isPending = false } = values["note"] ?? {};
    // The text has a pending change already.
    if (state && !isPending) this.#showNote({ text: String(value), version });
  }

  /** @param {{text: string, version: number}} note */
  #showNote(note) {
    const { text, version } = note;
    const isOthers = this.#isKnown && version !== this.#note.version && text !== this.#text.value;
    this.#isKnown = true;
    this.#note = note;
    if (isOthers) this.#listener.said(`note: ${text || "empty"}`, "note");
    if (this.#begun === null) this.#text.value = text;
    else if (isOthers) write(this.#part(".note-state"), "Another device has saved another text since you began.");
  }

  #write() {
    this.#begun ??= this.#note.version;
    write(this.#part(".note-state"), "Not saved yet.");
  }

  /**
   * Saves what was written, if the note is still the one that it began with.
   * @param {number} version
   * @returns {Promise<void>}
   */
  async #save(version) {
    // The next save is for the version that this one makes.
    if (this.#isSaving) return void (this.#isMore = true);
    this.#isSaving = true;
    const text = this.#text.value;
    write(this.#part(".note-state"), "Saving …");
    const asked = this.#values.set("note", text, { ifVersion: version });
    const outcome = await this.#listener.ask(`note “${text}”`, asked, ["conflict"]);
    const isMore = this.#isMore;
    this.#isSaving = this.#isMore = false;
    if (outcome.ok && this.#text.value === text) return this.#settle("Saved, on all devices.");
    if (!outcome.ok && outcome.code === "conflict") return this.#showConflict();
    write(this.#part(".note-state"), "Not saved yet.");
    if (!outcome.ok) return;
    this.#begun = this.#note.version;
    if (isMore) await this.#save(this.#begun);
  }

  #showConflict() {
    write(this.#part(".note-state"), "");
    write(this.#part(".theirs"), this.#note.text || "(empty)");
    const conflict = this.#part(".conflict");
    conflict.hidden = false;
    this.#part(".keep-mine").focus();
    this.#listener.said(`not saved, since another device has saved: ${this.#note.text || "empty"}`, "note");
  }

  /** Nothing is written any more. @param {string} [state] */
  #settle(state = "") {
    this.#begun = null;
    this.#part(".conflict").hidden = true;
    this.#text.value = this.#note.text;
    write(this.#part(".note-state"), state);
  }

  #forget() {
    this.#isKnown = false;
    this.#note = { text: "", version: 0 };
    this.#settle();
  }

  #themes() {
    return /** @type {NodeListOf<HTMLInputElement>} */ (this.#root.querySelectorAll(".theme [type=radio]"));
  }

  /** @param {string} selector */
  #part(selector) {
    return part(this.#root, selector);
  }
}
