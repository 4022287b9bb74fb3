/** The newest messages that a device has received. */
import { clock, element } from "./dom.js";

/** @import { SessionDevice, SessionEvent } from "/client/index.js" */

const MESSAGES_MAX = 4;

export class Messages {
  #list;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  /**
   * Shows a message above those before.
   * @param {SessionEvent} event
   * @param {readonly SessionDevice[]} devices Those that the receiver knows.
   * @returns {{from: string, text: string, isOwn: boolean}} Who sent it, and what it says.
   */
  add({ name, data, from, inbox }, devices) {
    const sender = devices.find(({ deviceId }) => deviceId === from);
    const isOwn = sender?.current ?? false;
    const who = from === null ? "your backend" : sender?.name || from;
    const pushed = /** @type {{text?: unknown}} */ (from === null ? data : {}).text;
    const said = from === null ? pushed : data;
    const text = typeof said === "string" ? said : `${name} ${JSON.stringify(said ?? null)}`;
    const when = inbox === null ? clock() : `${clock()}, kept a day`;
    const author = element("strong", {}, isOwn ? "this device" : who);
    this.#list.prepend(element("li", {}, author, `: ${text} `, element("time", {}, when)));
    while (this.#list.children.length > MESSAGES_MAX) this.#list.lastElementChild?.remove();
    return { from: who, text, isOwn };
  }
}
