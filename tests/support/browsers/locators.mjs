/** Elements of a page as users find them: by selector, role, label or text. Each look is a new one. */
import { eventually } from "../eventually.mjs";

/** @import { Key } from "./keys.mjs" */
/** @import { Page } from "./page.mjs" */

/**
 * One step on the way to elements. A text is found anywhere, in any case, unless `exact`.
 * @typedef {object} Step
 * @property {string} [css]
 * @property {string} [role]
 * @property {string | Pattern} [name] Its accessible name.
 * @property {boolean} [exact]
 * @property {boolean} [pressed] Whether `aria-pressed` says so.
 * @property {string} [label]
 * @property {string | Pattern} [text] The elements whose own text it is.
 * @property {string | Pattern} [hasText] Keeps those of the elements that have it.
 * @property {boolean} [first] Keeps one.
 */

/** A regular expression on its way to a page. @typedef {{source: string, flags: string}} Pattern */

/**
 * Runs in the page.
 * @param {Step[]} steps
 * @returns {Element[]}
 */
function find(steps) {
  /** @type {Record<string, string>} */
  const tags = { button: "button, summary", link: "a[href]", status: "output", heading: "h1, h2, h3", checkbox: "[type=checkbox]" };
  const plain = (/** @type {string | null | undefined} */ text) => (text ?? "").replace(/\s+/g, " ").trim();
  /** @param {string} text @param {any} wanted @param {boolean | undefined} exact */
  const matches = (text, wanted, exact) => {
    if (wanted.source !== undefined) return new RegExp(wanted.source, wanted.flags).test(text);
    return exact ? text === wanted : text.toLowerCase().includes(wanted.toLowerCase());
  };
  const nameOf = (/** @type {Element} */ element) =>
    plain(element.getAttribute("aria-label") ?? (element.textContent || element.getAttribute("value")));
  /** @param {Element | Document} root @param {Step} step @returns {Element[]} */
  const below = (root, { css, role, name, exact, pressed, label, text }) => {
    const all = (/** @type {string} */ selector) => [...root.querySelectorAll(selector)];
    if (css !== undefined) return all(css);
    if (role !== undefined) {
      const found = all([`[role="${role}"]`, tags[role]].filter(Boolean).join(", "));
      const named = found.filter((element) => name === undefined || matches(nameOf(element), name, exact));
      return named.filter((one) => one.checkVisibility() && (pressed === undefined || one.getAttribute("aria-pressed") === String(pressed)));
    }
    if (label !== undefined) {
      return all("input, textarea, select, button").filter((field) => {
        const labels = [...(/** @type {HTMLInputElement} */ (field).labels ?? [])].map(({ textContent }) => textContent);
        return [...labels, field.getAttribute("aria-label")].some((given) => matches(plain(given), label, exact));
      });
    }
    const holding = all("*").filter((one) => !["SCRIPT", "STYLE"].includes(one.tagName) && matches(plain(one.textContent), text, exact));
    return holding.filter((one) => !holding.some((other) => other !== one && one.contains(other)));
  };
  /** @type {(Element | Document)[]} */
  let found = [document];
  for (const step of steps) {
    if (step.hasText !== undefined) found = found.filter((one) => matches(plain(one.textContent), step.hasText, false));
    else if (step.first) found = found.slice(0, 1);
    else found = [...new Set(found.flatMap((root) => below(root, step)))];
  }
  return /** @type {Element[]} */ (found);
}

/**
 * Runs in the page. Says where an element can be clicked, once it is there, alone, at rest and not covered, or why it
 * can't be. From then on the page lets no other element have the click, should it come between.
 * @param {Element[]} elements
 */
function aim(elements) {
  const page = /** @type {any} */ (globalThis);
  const [element] = elements;
  if (elements.length > 1) return { many: elements.length };
  if (!element?.checkVisibility()) return { why: "it is not there" };
  if (element.matches(":disabled")) return { why: "it is disabled" };
  element.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
  const { left, top, width, height } = element.getBoundingClientRect();
  const [x, y] = [left + width / 2, top + height / 2];
  const place = [left, top, width, height].join();
  const wasThere = page.aimedAt?.element === element && page.aimedAt.place === place;
  page.aimedAt = { element, place, hit: null };
  if (!wasThere) return { why: "it moves" };
  const isIts = (/** @type {any} */ target) => element.contains(target) || [.../** @type {any} */ (element).labels ?? []].some((label) => label.contains(target));
  if (!isIts(document.elementFromPoint(x, y))) return { why: "another covers it" };
  if (!page.watchesClicks) {
    page.watchesClicks = true;
    for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
      page.addEventListener(type, (/** @type {Event} */ event) => page.aimedAt?.guard?.(event), true);
    }
  }
  page.aimedAt.guard = (/** @type {Event} */ event) => {
    // Pressed on one element and released on another, the button clicks what holds both.
    if (event.type === "pointerdown") page.aimedAt.hit = isIts(event.target);
    if (event.type === "pointerup") page.aimedAt.hit &&= isIts(event.target);
    if (page.aimedAt.hit) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  return { x, y };
}

/** Runs in the page. Whether the click came to what was aimed at; what came to a page that has gone since did. */
function hit() {
  const page = /** @type {any} */ (globalThis);
  const isHit = page.aimedAt?.hit ?? page.aimedAt === undefined;
  page.aimedAt = undefined;
  return isHit;
}

/** @param {string | RegExp | undefined} text @returns {any} */
function portable(text) {
  return text instanceof RegExp ? { source: text.source, flags: text.flags } : text;
}

/** @typedef {{name?: string | RegExp, exact?: boolean, pressed?: boolean}} RoleOptions */

export class Locator {
  #page;
  #steps;

  /** @param {Page} page @param {Step[]} steps */
  constructor(page, steps) {
    this.#page = page;
    this.#steps = steps;
  }

  /** @param {Step} step */
  #then(step) {
    return new Locator(this.#page, [...this.#steps, step]);
  }

  /** Those below that a selector matches. @param {string} css */
  locator(css) {
    return this.#then({ css });
  }

  /** Those below that are seen and have a role. @param {string} role @param {RoleOptions} [options] */
  getByRole(role, { name, ...options } = {}) {
    return this.#then({ role, name: portable(name), ...options });
  }

  /** The fields below that have a label. @param {string} label */
  getByLabel(label) {
    return this.#then({ label });
  }

  /** The innermost elements below that have a text. @param {string | RegExp} text @param {{exact?: boolean}} [options] */
  getByText(text, options = {}) {
    return this.#then({ text: portable(text), ...options });
  }

  /** Those of them that have a text. @param {{hasText: string | RegExp}} options */
  filter({ hasText }) {
    return this.#then({ hasText: portable(hasText) });
  }

  first() {
    return this.#then({ first: true });
  }

  get #text() {
    return JSON.stringify(this.#steps);
  }

  /** An expression of the elements there are. */
  get #found() {
    return `(${find})(${this.#text})`;
  }

  /**
   * What a function makes of all of them, at once, be there any or not.
   * @template T, [A=undefined]
   * @param {(elements: any[], given: A) => T} make Runs in the page.
   * @param {A} [given]
   * @returns {Promise<Awaited<T>>}
   */
  evaluateAll(make, given) {
    return this.#page.evaluate(`(${make})(${this.#found}, ${JSON.stringify(given)})`);
  }

  /**
   * What a function makes of the only one, once it is there.
   * @template T, [A=undefined]
   * @param {(element: any, given: A) => T} make Runs in the page.
   * @param {A} [given]
   * @returns {Promise<Awaited<T>>}
   */
  async evaluate(make, given) {
    const expression = `((found) => found.length === 1 ? { made: (${make})(found[0], ${JSON.stringify(given)}) } : { count: found.length })(${this.#found})`;
    /** @type {any} */
    const { made } = await eventually(`${this.#text} to be there`, async () => {
      const answer = await this.#page.evaluate(expression);
      if (answer.count > 1) throw new Error(`${answer.count} elements are ${this.#text}`);
      return answer.count === 0 ? null : answer;
    });
    return made;
  }

  /** Waits until one of them is seen. */
  async waitFor() {
    const isSeen = `${this.#found}.some((one) => one.checkVisibility({ visibilityProperty: true }))`;
    await this.#page.waitFor(isSeen, `${this.#text} to be seen`);
  }

  count() {
    return this.evaluateAll((all) => all.length);
  }

  /** @returns {Promise<string[]>} */
  allTextContents() {
    return this.evaluateAll((all) => all.map(({ textContent }) => textContent));
  }

  /** @returns {Promise<string | null>} */
  textContent() {
    return this.evaluate((element) => element.textContent);
  }

  /** @returns {Promise<string>} */
  innerText() {
    return this.evaluate((element) => element.innerText);
  }

  /** @param {string} name @returns {Promise<string | null>} */
  getAttribute(name) {
    return this.evaluate((element, given) => element.getAttribute(given), name);
  }

  /** @returns {Promise<boolean>} */
  isDisabled() {
    return this.evaluate((element) => element.matches(":disabled"));
  }

  /** Clicks with the mouse as soon as that is possible. */
  async click() {
    await eventually(`a click on ${this.#text}`, async () => {
      const { x, y, many } = await this.#page.evaluate(`(${aim})(${this.#found})`);
      if (many) throw new Error(`${many} elements are ${this.#text}`);
      if (x === undefined) return false;
      await this.#page.click(x, y);
      return this.#page.evaluate(hit).catch(() => true);
    });
  }

  /** Chooses a radio button or a box. */
  async check() {
    if (!(await this.evaluate((element) => element.checked))) await this.click();
  }

  /** Types a text in place of what is in the field. @param {string} text */
  async fill(text) {
    await this.evaluate((field) => (field.focus(), field.select()));
    if (text === "") return this.#page.press("Delete");
    return this.#page.type(text);
  }

  /** @param {Key} key */
  async press(key) {
    await this.evaluate((element) => element.focus());
    await this.#page.press(key);
  }
}
