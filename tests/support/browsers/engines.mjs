/**
 * The engines in which stories about pages are told. `inEachEngine` declares a file's stories; a story gets pages from
 * `Engine.newProfile`, whose methods are those of ./page.mjs, the same in every engine.
 */
import { after, describe, test } from "node:test";

import { whyLeftOut } from "../../../scripts/lib/native-tools.mjs";
import { startChromium } from "./chromium.mjs";
import { startFirefox } from "./firefox.mjs";
import { Profile } from "./page.mjs";
import { startWebkit } from "./webkit.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Driver, EngineName, EngineOptions, ProfileOptions } from "./driver.d.ts" */

/**
 * What not every engine can do.
 * @typedef {"console" | "requests" | "freeze" | "narrow" | "onLine" | "pixels"} Ability
 */

/**
 * @typedef {object} EngineKind
 * @property {string} title
 * @property {(options: EngineOptions) => Promise<Driver>} start
 * @property {string[]} tools Debian's packages of what it needs.
 * @property {Partial<Record<Ability, string>>} cannot Why not.
 */

/** @type {Record<EngineName, EngineKind>} */
export const ENGINES = {
  chromium: { title: "Chromium", start: startChromium, tools: [], cannot: {} },
  firefox: {
    title: "Firefox",
    start: startFirefox,
    tools: ["firefox-esr"],
    cannot: {
      freeze: "Firefox freezes pages on Android alone, and WebDriver BiDi has no command for it",
      pixels: "WebDriver BiDi's pixel ratio is not what the pictures are made for",
    },
  },
  webkit: {
    title: "WebKit",
    start: startWebkit,
    tools: ["webkit2gtk-driver", "xvfb"],
    cannot: {
      console: "WebKitWebDriver tells nothing of the console, and an ephemeral profile prints nothing of it",
      requests: "WebKitWebDriver tells nothing of requests",
      freeze: "WebKitWebDriver has no command that freezes a page",
      narrow: "the window of WebKitGTK's browser is never narrower than 334 pixels",
      onLine: "WebKitGTK is offline only if the whole machine is: its pages lose the network but are not told",
      pixels: "WebKitWebDriver has no command for the pixel ratio",
    },
  },
};

/** Starts with the first profile, so that nobody waits for an engine whose stories are not told. */
export class Engine {
  /** @type {EngineName} */
  name;
  /** @type {string} */
  title;
  #options;
  /** @type {Promise<Driver> | undefined} */
  #driver;
  /** Those that are open. @type {Set<Profile>} */
  #profiles = new Set();

  /** @param {EngineName} name @param {EngineOptions} [options] */
  constructor(name, options = {}) {
    this.name = name;
    this.title = ENGINES[name].title;
    this.#options = options;
  }

  /** Why it can't be used here, if it can't. @returns {string | false} */
  get isMissing() {
    const { hasRealTabs, blocksStorage } = this.#options;
    const isWhole = this.name === "chromium" && (hasRealTabs || blocksStorage);
    return whyLeftOut(this.title, isWhole ? ["chromium"] : ENGINES[this.name].tools);
  }

  /**
   * Why it can't do something that a story needs, if it can't.
   * @param {Ability[]} needs
   * @returns {string | false}
   */
  without(needs) {
    return needs.map((ability) => ENGINES[this.name].cannot[ability]).find(Boolean) ?? false;
  }

  /**
   * A new device, which goes at the test's end.
   * @param {{after: (end: () => Promise<void>) => void}} t The test, or who else has an end.
   * @param {ProfileOptions} [options]
   */
  async newProfile(t, options = {}) {
    this.#driver ??= ENGINES[this.name].start(this.#options);
    const driver = await this.#driver;
    const profile = await Profile.start((told) => driver.newProfile(options, told));
    this.#profiles.add(profile);
    t.after(async () => {
      if (this.#profiles.delete(profile)) await profile.close();
    });
    return profile;
  }

  /** Ends it and all of its profiles. */
  async close() {
    const driver = this.#driver;
    this.#driver = undefined;
    for (const profile of this.#profiles) await profile.close();
    this.#profiles.clear();
    // Who has waited for a start that failed was told.
    await (await driver?.catch(() => undefined))?.close();
  }
}

/**
 * What the stories of a file share in one engine.
 * @template Stage
 * @typedef {object} Telling
 * @property {(engine: Engine, atEnd: (end: () => unknown) => void) => Promise<Stage>} setUp Called before the first story
 *     of an engine; what is given to `atEnd` is called after the last, in reverse.
 * @property {EngineOptions} [options]
 * @property {number} [concurrency] How many stories are told at a time; default: one.
 */

/**
 * A file's stories, each of which is a test in each engine, all engines side by side: `story` declares one, and `run`
 * tells them. One declared by `storyThatNeeds` is skipped where the engine can't do what it needs, and says why; one by
 * `storyInOne` is told in Chromium alone, since an engine has no part in what it is about.
 * @template Stage
 * @param {Telling<Stage>} telling
 */
export function inEachEngine({ setUp, options, concurrency = 1 }) {
  /** @typedef {(t: TestContext, stage: Stage & {engine: Engine}) => Promise<void>} Body */
  /** @type {{name: string, body: Body, needs: Ability[], isInOne?: boolean}[]} */
  const stories = [];
  /** @param {string} name @param {Body} body */
  const story = (name, body) => void stories.push({ name, body, needs: [] });
  /** @param {string} name @param {Ability[]} needs @param {Body} body */
  const storyThatNeeds = (name, needs, body) => void stories.push({ name, body, needs });
  /** @param {string} name @param {Body} body */
  const storyInOne = (name, body) => void stories.push({ name, body, needs: [], isInOne: true });

  /** @param {EngineName} name */
  const tell = (name) => {
    const engine = new Engine(name, options);
    /** @type {(() => unknown)[]} */
    const ends = [() => engine.close()];
    /** @type {Promise<Stage & {engine: Engine}> | undefined} */
    let stage;
    const begin = async () => ({ ...(await setUp(engine, (end) => void ends.push(end))), engine });
    after(async () => {
      await stage?.catch(() => {});
      for (const end of ends.reverse()) await end();
    });
    for (const { name: title, body, needs, isInOne } of stories) {
      if (isInOne && name !== "chromium") continue;
      const skip = engine.isMissing || engine.without(needs);
      void test(`${engine.title}: ${title}`, { skip }, async (t) => body(t, await (stage ??= begin())));
    }
  };
  const run = () =>
    void describe("stories", { concurrency: true }, () => {
      for (const name of /** @type {EngineName[]} */ (Object.keys(ENGINES))) {
        void describe(ENGINES[name].title, { concurrency }, () => tell(name));
      }
    });
  return { story, storyThatNeeds, storyInOne, run };
}
