/** The user's unread messages where the browser shows them: a number in the title, and notifications. */

/** @import { SessionSnapshot } from "/client/index.js" */

/** @typedef {Pick<typeof Notification, "permission" | "requestPermission"> & (new (title: string, options?: NotificationOptions) => {close(): void})} Notifications */

export class Notices {
  #title = document.title;
  #Notification;
  /** The notifications that are shown, by the number of the message. @type {Map<number, {close(): void}>} */
  #shown = new Map();

  /**
   * @param {HTMLElement} button Asks for the browser's permission.
   * @param {Notifications | undefined} [Class] The browser's own, unless it has none.
   */
  constructor(button, Class = globalThis.Notification) {
    this.#Notification = Class;
    const offer = () => (button.hidden = Class?.permission !== "default");
    offer();
    button.addEventListener("click", () => void Class?.requestPermission().then(offer));
  }

  /**
   * A message that is read on any device is unread on none, so its notification goes, too.
   * @param {Pick<SessionSnapshot, "messages" | "unread">} snapshot
   */
  render({ messages, unread }) {
    document.title = unread > 0 ? `(${unread}) ${this.#title}` : this.#title;
    for (const [inbox, notification] of this.#shown) {
      if (messages.some((message) => message.inbox === inbox)) continue;
      notification.close();
      this.#shown.delete(inbox);
    }
    if (this.#Notification?.permission !== "granted") return;
    for (const { inbox, data } of messages) {
      if (this.#shown.has(inbox)) continue;
      const { text } = /** @type {{text?: unknown}} */ (data);
      const options = { body: String(text ?? ""), tag: `message-${inbox}` };
      this.#shown.set(inbox, new this.#Notification("Your backend", options));
    }
  }
}
