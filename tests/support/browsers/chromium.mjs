/** Chromium, driven by Playwright: the shell without windows, or the whole browser, whose tabs are as a user's. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { CHROMIUM, WHOLE_CHROMIUM } from "../../../scripts/lib/native-tools.mjs";
import { PATIENCE_MS } from "../patience.mjs";
import { findProgram, makeFolder, startProgram } from "./programs.mjs";

/** @import { Browser, BrowserContext, BrowserContextOptions, CDPSession, Page } from "playwright-core" */
/** @import { Driver, DriverProfile, DriverTab, EngineOptions, ProfileOptions, Told } from "./driver.d.ts" */

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-quic",
];

/**
 * Starts Chromium with a profile of its own that it deletes at the end.
 * @param {string[]} [args] More of its arguments.
 * @returns {Promise<Browser>}
 */
export function launchChromium(args = []) {
  const executablePath = findProgram(CHROMIUM);
  if (!executablePath) throw new Error(`none of ${CHROMIUM.join(", ")} is in the PATH: install one`);
  return chromium.launch({ executablePath, headless: true, args: [...ARGS, ...args] });
}

/**
 * Opens a page in a window of its own, with cookies and a storage of its own.
 * @param {Browser} browser
 * @param {BrowserContextOptions} [options]
 */
export async function openWindow(browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE_MS);
  return context.newPage();
}

/**
 * @param {EngineOptions} options
 * @returns {Promise<Driver>}
 */
export async function startChromium({ hasRealTabs, blocksStorage }) {
  if (hasRealTabs || blocksStorage) {
    return {
      newProfile: (options, told) => newWholeProfile(Boolean(blocksStorage), options, told),
      close: async () => {},
    };
  }
  const browser = await launchChromium();
  return {
    async newProfile({ viewport, colorScheme, deviceScaleFactor }, told) {
      const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor, reducedMotion: "reduce" });
      return profileOf(context, told, () => context.close());
    },
    close: () => browser.close(),
  };
}

/**
 * A browser of its own, with the one profile that can be set up before it starts. Playwright changes nothing of its
 * pages, which it would else hold visible and in focus.
 * @param {boolean} blocksStorage
 * @param {ProfileOptions} options
 * @param {Told} told
 */
async function newWholeProfile(blocksStorage, { viewport, colorScheme }, told) {
  const folder = await makeFolder("chromium-");
  if (blocksStorage) {
    await mkdir(join(folder.path, "Default"));
    const preferences = { profile: { default_content_setting_values: { cookies: 2 } } };
    await writeFile(join(folder.path, "Default/Preferences"), JSON.stringify(preferences));
  }
  const args = ["--headless=new", ...ARGS, "--disable-popup-blocking", "--force-prefers-reduced-motion"];
  if (colorScheme === "dark") args.push("--force-dark-mode");
  if (viewport) args.push(`--window-size=${viewport.width},${viewport.height}`);
  args.push("--remote-debugging-port=0", `--user-data-dir=${folder.path}`, "about:blank");
  const program = await startProgram(findProgram(WHOLE_CHROMIUM) ?? "chromium", args, {
    ready: /listening on (ws\S+)/,
    env: { TMPDIR: folder.path },
  });
  const browser = await chromium.connectOverCDP(program.said[1], { noDefaults: true });
  return profileOf(browser.contexts()[0], told, async () => {
    // Playwright's own end would only leave the browser.
    await (await browser.newBrowserCDPSession()).send("Browser.close").catch(() => {});
    await browser.close();
    await program.stop();
    await folder.remove();
  });
}

/**
 * @param {BrowserContext} context
 * @param {Told} told
 * @param {() => Promise<void>} close
 * @returns {DriverProfile}
 */
function profileOf(context, told, close) {
  context.setDefaultTimeout(PATIENCE_MS);
  context.on("console", (message) => told.console(message.type(), message.text()));
  context.on("weberror", (error) => told.error(String(error.error())));
  context.on("request", (request) => told.request(request.url()));
  return {
    newTab: async () => new ChromiumTab(await context.newPage()),
    tabs: async () => new Map(context.pages().map((page) => [page, new ChromiumTab(page)])),
    setOffline: (isOffline) => context.setOffline(isOffline),
    close,
  };
}

/** @implements {DriverTab} */
class ChromiumTab {
  #page;
  /** @type {Promise<CDPSession> | undefined} */
  #protocol;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
  }

  /** @param {string} expression */
  run(expression) {
    return this.#page.evaluate(expression);
  }

  /** @param {string} url */
  async goto(url) {
    await this.#page.goto(url);
  }

  async reload() {
    await this.#page.reload();
  }

  /** @param {-1 | 1} delta */
  async traverse(delta) {
    // A page that comes out of the back/forward cache does not load, so nobody waits for that.
    const options = /** @type {const} */ ({ waitUntil: "commit" });
    await (delta < 0 ? this.#page.goBack(options) : this.#page.goForward(options));
  }

  /** @param {number} x @param {number} y */
  click(x, y) {
    return this.#page.mouse.click(x, y);
  }

  /** @param {import("./keys.mjs").Key} key */
  press(key) {
    return this.#page.keyboard.press(key);
  }

  /** @param {string} text */
  type(text) {
    return this.#page.keyboard.insertText(text);
  }

  /** @param {{width: number, height: number}} viewport */
  setViewport(viewport) {
    return this.#page.setViewportSize(viewport);
  }

  screenshot() {
    return this.#page.screenshot();
  }

  async hide() {
    const other = await this.#page.context().newPage();
    await other.bringToFront();
  }

  show() {
    return this.#page.bringToFront();
  }

  /** Stops the page's scripts, as Chromium does with a tab that nobody has looked at for some minutes. */
  freeze() {
    return this.#setLifecycle("frozen");
  }

  thaw() {
    return this.#setLifecycle("active");
  }

  /** @param {"frozen" | "active"} state */
  async #setLifecycle(state) {
    this.#protocol ??= this.#page.context().newCDPSession(this.#page);
    await (await this.#protocol).send("Page.setWebLifecycleState", { state });
  }

  close() {
    return this.#page.close();
  }
}
