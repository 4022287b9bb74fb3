/**
 * Firefox, driven by WebDriver BiDi. Each page has a window of its own, so that it is shown. To open one costs as much as
 * a page does, so a window outlives its page by a tab that nobody uses, and the page of a later profile gets it.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { FIREFOX } from "../../../scripts/lib/native-tools.mjs";
import { Bidi } from "./bidi.mjs";
import { clicking, pressing, typing } from "./keys.mjs";
import { findProgram, makeFolder, startProgram } from "./programs.mjs";

/** @import { Driver, DriverProfile, DriverTab, EngineOptions, ProfileOptions, Told } from "./driver.d.ts" */

/** What users are not asked and nobody is told in a test. */
const PREFERENCES = {
  "app.update.disabledForTesting": true,
  "browser.newtabpage.enabled": false,
  "browser.sessionstore.resume_from_crash": false,
  "browser.shell.checkDefaultBrowser": false,
  "browser.startup.homepage": "about:blank",
  "browser.startup.homepage_override.mstone": "ignore",
  "browser.startup.page": 0,
  "datareporting.policy.dataSubmissionEnabled": false,
  "dom.disable_open_during_load": false,
  "extensions.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "remote.active-protocols": 1,
  "services.settings.server": "data:,#remote-settings-dummy/v1",
  "termsofuse.bypassNotification": true,
  "toolkit.telemetry.reportingpolicy.firstRun": false,
  "ui.prefersReducedMotion": 1,
};

/** Cookies and storage are refused to all sites. */
const REFUSING = { "network.cookie.cookieBehavior": 2 };

const EVENTS = ["browsingContext.contextCreated", "log.entryAdded", "network.beforeRequestSent"];

/**
 * @param {EngineOptions} options
 * @returns {Promise<Driver>}
 */
export async function startFirefox({ blocksStorage }) {
  const folder = await makeFolder("firefox-");
  const preferences = Object.entries({ ...PREFERENCES, ...(blocksStorage && REFUSING) });
  const lines = preferences.map((pair) => `user_pref(${pair.map((part) => JSON.stringify(part)).join(", ")});\n`);
  await writeFile(join(folder.path, "user.js"), lines.join(""));
  const args = ["--headless", "--no-remote", "--profile", folder.path, "--remote-debugging-port=0", "--remote-allow-system-access"];
  const program = await startProgram(findProgram(FIREFOX) ?? "firefox", args, {
    ready: /WebDriver BiDi listening on (\S+)/,
  });
  /** Who is told of what pages do, by their profile. @type {Map<string, Told>} */
  const told = new Map();
  const bidi = await Bidi.connect(`${program.said[1]}/session`, listener(told));
  await bidi.send("session.subscribe", { events: EVENTS });
  const { contexts } = await bidi.send("browsingContext.getTree", { maxDepth: 0 });
  const windows = new Windows(bidi, contexts.map((/** @type {any} */ { context }) => context));
  return {
    newProfile: (options, toTell) => newProfile(bidi, windows, told, options, toTell),
    async close() {
      bidi.close();
      await program.stop();
      await folder.remove();
    },
  };
}

/** @param {Map<string, Told>} told @returns {(method: string, params: any) => void} */
function listener(told) {
  /** The profile of each page. @type {Map<string, string>} */
  const profiles = new Map();
  return (method, params) => {
    if (method === "browsingContext.contextCreated") return void profiles.set(params.context, params.userContext);
    const profile = told.get(profiles.get(params.context ?? params.source?.context) ?? "");
    if (method === "network.beforeRequestSent") return profile?.request(params.request.url);
    if (params.type === "javascript") return profile?.error(params.text);
    return profile?.console(params.level === "warn" ? "warning" : params.level, params.text);
  };
}

/** The browser's windows, each named by a tab of its own that no page has. */
class Windows {
  #bidi;
  #free;

  /** @param {Bidi} bidi @param {string[]} free Those that no profile has. */
  constructor(bidi, free) {
    this.#bidi = bidi;
    this.#free = free;
  }

  /** @returns {Promise<string>} One in which no page is. */
  async take() {
    return this.#free.pop() ?? (await this.#bidi.send("browsingContext.create", { type: "window" })).context;
  }

  /** @param {string[]} windows Whose pages have gone. */
  release(windows) {
    this.#free.push(...windows);
  }
}

/**
 * @param {Bidi} bidi
 * @param {Windows} windows
 * @param {Map<string, Told>} told
 * @param {ProfileOptions} options
 * @param {Told} toTell
 * @returns {Promise<DriverProfile>}
 */
async function newProfile(bidi, windows, told, options, toTell) {
  const { userContext } = await bidi.send("browser.createUserContext");
  told.set(userContext, toTell);
  /** @type {string[]} */
  const taken = [];
  const look = async () => {
    if (options.colorScheme) await setColorScheme(bidi, userContext, options.colorScheme);
  };
  const tab = (/** @type {string} */ context) => new FirefoxTab(bidi, context, userContext, look);
  return {
    async newTab() {
      const { context } = await bidi.alone(async () => {
        const referenceContext = await windows.take();
        taken.push(referenceContext);
        return bidi.send("browsingContext.create", { type: "tab", referenceContext, userContext });
      });
      if (options.viewport) await bidi.send("browsingContext.setViewport", { context, viewport: options.viewport });
      await look();
      return tab(context);
    },
    async tabs() {
      const { contexts } = await bidi.send("browsingContext.getTree", { maxDepth: 0 });
      const own = contexts.filter((/** @type {any} */ context) => context.userContext === userContext);
      return new Map(own.map((/** @type {any} */ { context }) => [context, tab(context)]));
    },
    async setOffline(isOffline) {
      const networkConditions = isOffline ? { type: "offline" } : null;
      await bidi.send("emulation.setNetworkConditions", { networkConditions, userContexts: [userContext] });
    },
    async close() {
      told.delete(userContext);
      await bidi.send("browser.removeUserContext", { userContext });
      windows.release(taken);
    },
  };
}

/**
 * Sets the colour scheme of a profile's pages. BiDi has no command for it in this version; the browser's own script can.
 * @param {Bidi} bidi
 * @param {string} userContext
 * @param {"light" | "dark"} scheme
 */
async function setColorScheme(bidi, userContext, scheme) {
  const { contexts } = await bidi.send("browsingContext.getTree", { "moz:scope": "chrome", maxDepth: 0 });
  const expression = `
    for (const window of Services.wm.getEnumerator("navigator:browser")) {
      for (const { browsingContext } of window.gBrowser.browsers) {
        const { userContextId } = browsingContext.originAttributes;
        const isOwn = ChromeUtils.importESModule("chrome://remote/content/shared/UserContextManager.sys.mjs")
          .UserContextManager.getIdByInternalId(userContextId) === ${JSON.stringify(userContext)};
        if (isOwn) browsingContext.prefersColorSchemeOverride = "${scheme}";
      }
    }`;
  const target = { context: contexts[0].context };
  const { type, exceptionDetails } = await bidi.send("script.evaluate", { expression, target, awaitPromise: false });
  if (type !== "success") throw new Error(exceptionDetails.text);
}

/** @implements {DriverTab} */
class FirefoxTab {
  #bidi;
  #context;
  #userContext;
  #look;

  /**
   * @param {Bidi} bidi
   * @param {string} context
   * @param {string} userContext
   * @param {() => Promise<void>} look Gives the profile's pages their colours.
   */
  constructor(bidi, context, userContext, look) {
    this.#bidi = bidi;
    this.#context = context;
    this.#userContext = userContext;
    this.#look = look;
  }

  /** @param {string} method @param {object} [params] */
  #send(method, params) {
    return this.#bidi.send(method, { context: this.#context, ...params });
  }

  /** @param {string} expression */
  async run(expression) {
    const target = { context: this.#context };
    const options = { expression, target, awaitPromise: true, userActivation: false };
    const { type, result, exceptionDetails } = await this.#bidi.send("script.evaluate", options);
    if (type !== "success") throw new Error(exceptionDetails.text);
    return result.value;
  }

  /** @param {string} url */
  async goto(url) {
    await this.#send("browsingContext.navigate", { url, wait: "complete" });
    // A page that may be come back to keeps them, and the next one has none.
    await this.#look();
  }

  async reload() {
    await this.#send("browsingContext.reload", { wait: "complete" });
  }

  /** @param {-1 | 1} delta */
  async traverse(delta) {
    await this.#send("browsingContext.traverseHistory", { delta });
  }

  /** @param {number} x @param {number} y */
  async click(x, y) {
    await this.#send("input.performActions", { actions: clicking(x, y) });
  }

  /** @param {import("./keys.mjs").Key} key */
  async press(key) {
    await this.#keyboard(pressing(key));
  }

  /** @param {string} text */
  async type(text) {
    await this.#keyboard(typing(text));
  }

  /** @param {object[]} actions */
  #keyboard(actions) {
    return this.#bidi.alone(async () => {
      await this.#send("browsingContext.activate");
      await this.#send("input.performActions", { actions });
    });
  }

  /** @param {{width: number, height: number}} viewport */
  async setViewport(viewport) {
    await this.#send("browsingContext.setViewport", { viewport });
  }

  async screenshot() {
    const { data } = await this.#send("browsingContext.captureScreenshot");
    return Buffer.from(data, "base64");
  }

  async hide() {
    const options = { type: "tab", referenceContext: this.#context, userContext: this.#userContext };
    await this.#bidi.alone(() => this.#bidi.send("browsingContext.create", options));
  }

  async show() {
    await this.#bidi.alone(() => this.#send("browsingContext.activate"));
  }

  async close() {
    await this.#send("browsingContext.close");
  }
}
