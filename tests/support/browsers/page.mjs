/** Devices and their pages, the same in all engines. */
import { eventually } from "../eventually.mjs";
import { Locator } from "./locators.mjs";

/** @import { DriverProfile, DriverTab } from "./driver.d.ts" */
/** @import { Key } from "./keys.mjs" */
/** @import { RoleOptions } from "./locators.mjs" */

/** What a page has thrown. */
export class PageError extends Error {}

/**
 * A profile, which is a device: its pages share cookies, storage, channels and locks with each other, and with no other's.
 */
export class Profile {
  /** What its pages have said to the console. @type {{level: string, text: string}[]} */
  messages;
  /** The exceptions in its pages that nobody has caught. @type {string[]} */
  errors;
  /** The addresses of the network that its pages have asked for. @type {string[]} */
  requests;
  #driver;

  /** @param {DriverProfile} driver @param {Pick<Profile, "messages" | "errors" | "requests">} heard */
  constructor(driver, { messages, errors, requests }) {
    this.#driver = driver;
    this.messages = messages;
    this.errors = errors;
    this.requests = requests;
  }

  /** @param {(told: import("./driver.d.ts").Told) => Promise<DriverProfile>} start */
  static async start(start) {
    /** @type {Pick<Profile, "messages" | "errors" | "requests">} */
    const heard = { messages: [], errors: [], requests: [] };
    const driver = await start({
      console: (level, text) => void heard.messages.push({ level, text }),
      error: (text) => void heard.errors.push(text),
      // Firefox's own parts have fonts at addresses of data.
      request: (url) => /^(http|ws)s?:/.test(url) && void heard.requests.push(url),
    });
    return new Profile(driver, heard);
  }

  /** Opens an empty page, in a window of its own. */
  async newPage() {
    return new Page(await this.#driver.newTab());
  }

  /**
   * The page that something opens.
   * @param {() => Promise<unknown>} open
   */
  async opened(open) {
    const before = await this.#driver.tabs();
    await open();
    const opened = await eventually("a page that opens", async () => {
      const now = await this.#driver.tabs();
      return [...now].find(([id]) => !before.has(id));
    });
    return new Page(/** @type {[unknown, DriverTab]} */ (opened)[1]);
  }

  /** Takes the network away from its pages, or gives it back. @param {boolean} isOffline */
  setOffline(isOffline) {
    return this.#driver.setOffline(isOffline);
  }

  /** Closes its pages and forgets all that they have kept. */
  close() {
    return this.#driver.close();
  }
}

let marks = 0;

export class Page {
  #tab;

  /** @param {DriverTab} tab */
  constructor(tab) {
    this.#tab = tab;
  }

  /** Goes to an address, and waits until all of the page is loaded. @param {string} url */
  goto(url) {
    return this.#leave(() => this.#tab.goto(url));
  }

  /** Loads the page anew, and waits as `goto` does. */
  reload() {
    return this.#leave(() => this.#tab.reload());
  }

  /** Goes back to the page before, and waits until it is there. */
  back() {
    return this.#leave(() => this.#tab.traverse(-1));
  }

  /** Goes forward again. */
  forward() {
    return this.#leave(() => this.#tab.traverse(1));
  }

  /**
   * Does something by which another page comes. Not every driver waits for all of it: WebKit's may answer before.
   * @param {() => Promise<void>} go
   */
  async #leave(go) {
    const mark = `left ${marks++}`;
    await this.evaluate((given) => void (/** @type {any} */ (globalThis).leftFor = given), mark);
    await go();
    await this.waitFor(`globalThis.leftFor !== "${mark}" && document.readyState === "complete"`, "the page");
  }

  /**
   * What an expression, or a function of the argument, is in the page. A promise is waited for. Argument and result
   * are JSON.
   * @template [T=any], [A=undefined]
   * @param {string | ((given: A) => T)} code An expression, no statement.
   * @param {A} [given]
   * @returns {Promise<Awaited<T>>}
   * @throws {PageError} What the page throws.
   */
  async evaluate(code, given) {
    const expression = typeof code === "function" ? `(${code})(${JSON.stringify(given)})` : code;
    const text = await this.#tab.run(
      `(async () => JSON.stringify({ value: await (${expression}) }))().catch((error) => JSON.stringify({ error: String(error) }))`,
    );
    const { value, error } = JSON.parse(String(text));
    if (error !== undefined) throw new PageError(`${error} in ${expression.slice(0, 300)}`);
    return value;
  }

  /**
   * Waits until an expression is true, also past a page that is left.
   * @param {string} expression
   * @param {string} [what] It stands in the failure's message.
   */
  async waitFor(expression, what = expression) {
    await eventually(what, () =>
      this.evaluate(`Boolean(${expression})`).catch((error) => {
        if (error instanceof PageError) throw error;
        return false;
      }),
    );
  }

  /** Elements that a selector matches. @param {string} css */
  locator(css) {
    return new Locator(this, [{ css }]);
  }

  /** Elements that are seen and have a role. @param {string} role @param {RoleOptions} [options] */
  getByRole(role, options) {
    return new Locator(this, []).getByRole(role, options);
  }

  /** Fields that have a label. @param {string} label */
  getByLabel(label) {
    return new Locator(this, []).getByLabel(label);
  }

  /** The innermost elements that have a text. @param {string | RegExp} text @param {{exact?: boolean}} [options] */
  getByText(text, options) {
    return new Locator(this, []).getByText(text, options);
  }

  /** The page's address. @returns {Promise<string>} */
  url() {
    return this.evaluate("location.href");
  }

  /** Clicks with the mouse. @param {number} x CSS pixels from the viewport's corner, as `y`. @param {number} y */
  click(x, y) {
    return this.#tab.click(x, y);
  }

  /** Presses a key where the focus is. @param {Key} key */
  press(key) {
    return this.#tab.press(key);
  }

  /** Types a text where the focus is. @param {string} text */
  type(text) {
    return this.#tab.type(text);
  }

  /** @param {{width: number, height: number}} viewport CSS pixels. */
  setViewport(viewport) {
    return this.#tab.setViewport(viewport);
  }

  /** @returns {Promise<Buffer>} A PNG of the viewport. */
  screenshot() {
    return this.#tab.screenshot();
  }

  /** Has the page be hidden, as by another tab in front of it. */
  async hide() {
    await this.#tab.hide();
    await this.waitFor('document.visibilityState === "hidden"');
  }

  /** Has the page be seen again. */
  async show() {
    await this.#tab.show();
    await this.waitFor('document.visibilityState === "visible"');
  }

  /** Hides the page and stops it: it is still evaluated, but neither its timers nor its sockets do anything. */
  async freeze() {
    if (!this.#tab.freeze) throw new Error("this engine freezes no page on demand");
    await this.#tab.freeze();
  }

  /** Lets the page go on. It stays hidden. */
  async thaw() {
    await this.#tab.thaw?.();
  }

  close() {
    return this.#tab.close();
  }
}
