/** WebKitGTK's own small browser, driven by WebDriver: a process and a session for each profile, on a display of its own. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { eventually } from "../eventually.mjs";
import { freePort } from "../free-port.mjs";
import { startGate } from "./gate.mjs";
import { clicking, pressing, typing } from "./keys.mjs";
import { findProgram, makeFolder, startDisplay, startProgram } from "./programs.mjs";
import { Session, command } from "./webdriver.mjs";

/** @import { Driver, DriverProfile, DriverTab, EngineOptions, ProfileOptions } from "./driver.d.ts" */
/** @import { Gate } from "./gate.mjs" */

export const WEBKIT = ["WebKitWebDriver"];

/** GTK's settings, below the folder of its configuration. */
const SETTINGS = { folder: "gtk-3.0", file: "gtk-3.0/settings.ini", text: "[Settings]\ngtk-enable-animations=0\n" };

/** The browser without bars, which would keep its window from being narrow, and with windows that scripts open. */
const ARGS = ["--automation", "--full-screen", "--javascript-can-open-windows-automatically=true"];

/** Has pages be painted without OpenGL, which a machine without a graphics card does more dearly. */
const PLAIN = { WEBKIT_SKIA_ENABLE_CPU_RENDERING: "1" };

/** As much as this browser can refuse. */
const REFUSING = ["--cookies-policy=never", "--enable-html5-local-storage=false"];

/**
 * How long the browser may take to start, in milliseconds, and how often it is started. The driver tells the browser a
 * port that was free, on which it then waits for the driver: if others have taken it since, the driver never answers.
 */
const START_MS = 40_000;
const TRIES = 3;

/** The least width of the browser's window without bars, in CSS pixels. */
const NARROWEST = 334;

/** How many expressions have been evaluated, so that each has a name. */
let runs = 0;

const MOMENT_MS = 5;

/** The browser's window, with a viewport as large. */
const WINDOW = { width: 1280, height: 900 };

/** A driver, which has one session at a time. @typedef {{url: string, stop: () => Promise<void>}} Service */

/**
 * @param {EngineOptions} options
 * @returns {Promise<Driver>}
 */
export async function startWebkit({ blocksStorage }) {
  const display = await startDisplay();
  const folder = await makeFolder("webkit-");
  await mkdir(join(folder.path, SETTINGS.folder));
  await writeFile(join(folder.path, SETTINGS.file), SETTINGS.text);
  const homes = ["HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"].map((name) => [name, folder.path]);
  const env = { ...PLAIN, ...Object.fromEntries(homes), DISPLAY: `:${display.said[1]}` };
  /** @type {Service[]} */
  const idle = [];
  return {
    async newProfile(options) {
      const gate = options.goesOffline ? await startGate() : undefined;
      const body = { capabilities: { alwaysMatch: capabilitiesOf(options, Boolean(blocksStorage), gate) } };
      /** @type {{sessionId: string} | undefined} */
      let begun;
      let service = idle.pop() ?? (await startService(env));
      for (let tries = 1; !begun; tries++) {
        begun = await command(`${service.url}/session`, "POST", body, START_MS).catch(async (error) => {
          await service.stop();
          if (tries === TRIES) throw error;
          service = await startService(env);
          return undefined;
        });
      }
      const session = new Session(`${service.url}/session/${begun.sessionId}`);
      return profileOf(session, options.viewport ?? WINDOW, gate, () => void idle.push(service));
    },
    async close() {
      await Promise.all(idle.map(({ stop }) => stop()));
      await display.stop();
      await folder.remove();
    },
  };
}

/** @param {Record<string, string>} env @returns {Promise<Service>} */
async function startService(env) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { stop } = await startProgram(findProgram(WEBKIT) ?? "", [`--port=${port}`, "--host=127.0.0.1"], { env });
  await eventually("WebKitWebDriver", () => command(`${url}/status`, "GET").catch(() => null));
  return { url, stop };
}

/**
 * @param {ProfileOptions} options
 * @param {boolean} blocksStorage
 * @param {Gate | undefined} gate
 */
function capabilitiesOf({ colorScheme }, blocksStorage, gate) {
  const args = [...ARGS, ...(blocksStorage ? REFUSING : []), ...(colorScheme === "dark" ? ["--dark-mode"] : [])];
  return {
    "webkitgtk:browserOptions": { args },
    ...(gate && { proxy: { proxyType: "manual", httpProxy: gate.address, sslProxy: gate.address } }),
  };
}

/**
 * @param {Session} session
 * @param {{width: number, height: number}} viewport
 * @param {Gate | undefined} gate
 * @param {() => void} release Is called when the driver can have another session.
 * @returns {DriverProfile}
 */
function profileOf(session, viewport, gate, release) {
  let isFirst = true;
  return {
    async newTab() {
      const wasFirst = isFirst;
      isFirst = false;
      if (!wasFirst) {
        const { handle } = await session.send("POST", "/window/new", { type: "window" });
        return new WebkitTab(session, handle);
      }
      const tab = new WebkitTab(session, await session.send("GET", "/window"));
      await tab.setViewport(viewport);
      return tab;
    },
    async tabs() {
      const handles = await session.send("GET", "/window/handles");
      return new Map(handles.map((/** @type {string} */ handle) => [handle, new WebkitTab(session, handle)]));
    },
    async setOffline(isOffline) {
      if (!gate) throw new Error("say goesOffline when the profile begins");
      gate.setShut(isOffline);
    },
    async close() {
      await session.send("DELETE", "");
      gate?.close();
      release();
    },
  };
}

/** @implements {DriverTab} */
class WebkitTab {
  #session;
  #handle;

  /**
   * @param {Session} session
   * @param {string} handle The window's.
   */
  constructor(session, handle) {
    this.#session = session;
    this.#handle = handle;
  }

  /** @param {string} path @param {object} [body] */
  #post(path, body = {}) {
    return this.#session.send("POST", path, body, this.#handle);
  }

  /** @param {string} expression */
  async run(expression) {
    const name = `run${runs++}`;
    const begin = `const run = (globalThis.${name} = {});
      const done = (${expression}).then((value) => (run.value = value));
      return Promise.race([done, new Promise((resolve) => setTimeout(resolve, ${MOMENT_MS}, null))]);`;
    let text = await this.#post("/execute/sync", { script: begin, args: [] });
    // What lasts is asked for again and again, since a command that waited for it would hold up all other windows.
    const ask = `return globalThis.${name}.value ?? null`;
    while (text === null) {
      await delay(MOMENT_MS);
      text = await this.#post("/execute/sync", { script: ask, args: [] });
    }
    return text;
  }

  /** @param {string} url */
  async goto(url) {
    await this.#post("/url", { url });
  }

  async reload() {
    await this.#post("/refresh");
  }

  /** @param {-1 | 1} delta */
  async traverse(delta) {
    await this.#post(delta < 0 ? "/back" : "/forward");
  }

  /** @param {number} x @param {number} y */
  async click(x, y) {
    await this.#post("/actions", { actions: clicking(x, y) });
  }

  /** @param {import("./keys.mjs").Key} key */
  async press(key) {
    await this.#post("/actions", { actions: pressing(key) });
  }

  /** @param {string} text */
  async type(text) {
    await this.#post("/actions", { actions: typing(text) });
  }

  /** @param {{width: number, height: number}} viewport */
  async setViewport({ width, height }) {
    if (width < NARROWEST) throw new Error(`this browser is never narrower than ${NARROWEST} pixels`);
    await this.#post("/window/rect", { width, height });
  }

  async screenshot() {
    return Buffer.from(await this.#session.send("GET", "/screenshot", undefined, this.#handle), "base64");
  }

  async hide() {
    await this.#post("/window/minimize");
  }

  async show() {
    await this.#post("/window/rect", { x: 0 });
  }

  async close() {
    const handles = await this.#session.send("GET", "/window/handles");
    // With its last window the browser ends, and the session.
    if (handles.length === 1) await this.#session.send("POST", "/window/new", { type: "window" });
    const [left] = await this.#session.send("DELETE", "/window", undefined, this.#handle);
    // Commands that are for no window in particular need one that is there, too.
    await this.#session.send("GET", "/title", undefined, left);
  }
}
