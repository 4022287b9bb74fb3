/**
 * A browser's WebSocket. Its page gets what arrives as tasks, so a frozen page gets it when it thaws.
 */

/** @import { Link, Item } from "../network.mjs" */
/** @import { Page } from "./page.mjs" */

const CONNECTING = 0;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;
const NO_CODE = 1005;
const ABNORMAL = 1006;

/** How long a browser waits for the end of the connection after the closing handshake has begun. */
const CLOSE_WAIT_MS = 2_000;

/** @typedef {{code: number, reason: string}} Close */

export class PageSocket {
  readyState = CONNECTING;
  protocol = "";
  binaryType = "blob";
  bufferedAmount = 0;
  extensions = "";
  url;
  /** @type {Link} */
  link;
  /** @type {((event: any) => void) | null} */
  onopen = null;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  /** @type {((event: any) => void) | null} */
  onerror = null;
  /** Who was signed in when it was made. */
  credential;
  #page;
  /** The close frame that has come. @type {Close | null} */
  #received = null;

  /** @param {Page} page @param {string} url @param {string[]} protocols */
  constructor(page, url, protocols) {
    this.#page = page;
    this.url = url;
    this.credential = page.profile?.credential ?? null;
    this.link = page.connect(this, url, protocols);
  }

  get page() {
    return this.#page;
  }

  /** @param {string} text */
  send(text) {
    if (this.readyState === CONNECTING) throw new DOMException("Still in CONNECTING state", "InvalidStateError");
    if (this.readyState !== OPEN) return;
    this.#page.sent(this, text);
    this.link.sendUp({ kind: "text", text });
  }

  /** @param {number} [code] @param {string} [reason] */
  close(code = NO_CODE, reason = "") {
    if (this.readyState >= CLOSING) return;
    const wasConnecting = this.readyState === CONNECTING;
    this.readyState = CLOSING;
    if (wasConnecting) {
      this.link.pageBroke();
      return this.#page.task(() => this.#ended(ABNORMAL, "", true));
    }
    this.link.sendUp({ kind: "close", code, reason });
    this.#page.later(CLOSE_WAIT_MS, () => this.receive({ kind: "break" }));
  }

  /** The page goes, and takes its sockets along. @param {boolean} isOrderly Whether the browser can still say so. */
  abandon(isOrderly) {
    if (this.readyState === CLOSED) return;
    if (isOrderly && this.readyState === OPEN) this.link.sendUp({ kind: "close", code: 1001, reason: "" });
    else if (this.readyState < CLOSING) this.link.pageBroke();
    this.readyState = CLOSED;
  }

  /** @param {Item} item What the network brings. */
  receive(item) {
    this.#page.task(() => this.#take(item));
  }

  /** @param {Item} item */
  #take(item) {
    if (this.readyState === CLOSED) return;
    switch (item.kind) {
      case "open":
        if (this.readyState !== CONNECTING) return;
        this.readyState = OPEN;
        this.protocol = item.protocol;
        return this.onopen?.({ type: "open" });
      case "text":
        this.#page.atMoment?.();
        return this.#page.task(() => this.#read(String(item.text)));
      case "close":
        this.#received = { code: item.code, reason: item.reason };
        if (this.readyState === OPEN) {
          this.link.sendUp({ kind: "close", code: item.code, reason: item.reason });
          this.#page.later(CLOSE_WAIT_MS, () => this.receive({ kind: "finish" }));
        } else {
          this.#ended(item.code, item.reason, false);
        }
        this.readyState = Math.max(this.readyState, CLOSING);
        return;
      default: {
        const { code, reason } = this.#received ?? { code: ABNORMAL, reason: "" };
        this.#ended(code, reason, this.#received === null);
      }
    }
  }

  /** @param {string} text */
  #read(text) {
    if (this.readyState !== OPEN) return;
    this.#page.received(this, text);
    this.#page.whileReading(this, () => this.onmessage?.({ type: "message", data: text }));
  }

  /** @param {number} code @param {string} reason @param {boolean} isError */
  #ended(code, reason, isError) {
    if (this.readyState === CLOSED) return;
    this.readyState = CLOSED;
    this.#page.closed(this, code, reason);
    if (isError) this.onerror?.({ type: "error" });
    this.onclose?.({ type: "close", code, reason, wasClean: !isError });
  }
}

/**
 * Makes the class that a page's code finds as `WebSocket`.
 * @param {Page} page
 */
export function socketClassOf(page) {
  return class extends PageSocket {
    static CONNECTING = CONNECTING;
    static OPEN = OPEN;
    static CLOSING = CLOSING;
    static CLOSED = CLOSED;

    /** @param {string} url @param {string | string[]} [protocols] */
    constructor(url, protocols = []) {
      super(page, url, [protocols].flat());
    }
  };
}
