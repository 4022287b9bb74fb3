/**
 * One simulated world: a user, the user's devices and tabs, the network and the server. It runs a plan's steps,
 * then ends all faults and waits until everything must be well again.
 */
import { PROTOCOL } from "./adapter.mjs";
import { App } from "./app.mjs";
import { Page } from "./browser/page.mjs";
import { Profile, storageOf } from "./browser/profile.mjs";
import { hashOf, streamOf } from "./chance.mjs";
import { Clock } from "./clock.mjs";
import { Ghost } from "./ghost.mjs";
import { Link } from "./network.mjs";
import { Server, USER } from "./server.mjs";
import { Thief } from "./thief.mjs";
import { Witness } from "./witness.mjs";

/** @import { Release } from "./bundle.mjs" */
/** @import { PageSocket } from "./browser/socket.mjs" */
/** @import { Credential } from "./issuer.mjs" */
/** @import { Law } from "./law.mjs" */
/** @import { CutRule } from "./network.mjs" */
/** @import { Stranger } from "./stranger.mjs" */
/** @import { Plan } from "./plan.mjs" */
/** @import { Violation } from "./properties.mjs" */

const ORIGIN = "https://app.example";

/** How long a browser without a network takes to say so. */
const OFFLINE_MS = 40;

/**
 * A tab of a profile, which keeps its storage when its page is loaded anew.
 * @typedef {object} Tab
 * @property {string} name
 * @property {Profile} profile
 * @property {ReturnType<typeof storageOf>} sessionStorage
 * @property {App | null} app `null` while the tab is closed.
 */

/**
 * @typedef {object} WorldOptions
 * @property {number} seed
 * @property {Release[]} releases
 * @property {Plan["profiles"]} profiles
 * @property {boolean} [isMixed] Whether there may be thieves, and credentials differ.
 * @property {boolean} [isKept] Whether the trace is kept, and not only hashed.
 */

export class World {
  clock = new Clock();
  ghost;
  server;
  /** @type {Map<string, Profile>} */
  profiles = new Map();
  /** @type {Map<string, Tab>} */
  tabs = new Map();
  /** All apps that were ever there, by their pages' names. @type {App[]} */
  apps = [];
  /** @type {Violation[]} */
  violations = [];
  /** Hashes what happened, and when. */
  hash = 0x811c9dc5;
  /** @type {{at: number, text: string}[] | null} */
  lines;
  /** Whether the faults are over. */
  isCalm = false;
  /** Backups of the rows, by name. @type {Map<string, {rows: Map<string, unknown>, deeds: number, law: ReturnType<Law["mark"]>}>} */
  backups = new Map();
  /** For how many seconds each kept message is kept. @type {Map<string, number>} */
  keptFor = new Map();
  /** How far the server's clock has jumped, all jumps together. */
  clockJumpMs = 0;
  /** How the next connection of a tab is cut. @type {Map<string, CutRule>} */
  nextCuts = new Map();
  /** @type {Stranger[]} */
  strangers = [];
  /** @type {Map<string, Thief>} */
  thieves = new Map();
  /** Whether a thief has connected as one of the owner's tabs, which throws that out. */
  isImpersonated = false;
  /** What each app was told, without the times. @type {Map<string, string[]>} */
  told = new Map();
  options;

  /** @param {WorldOptions} options */
  constructor(options) {
    this.options = options;
    this.lines = options.isKept ? [] : null;
    const { clock } = this;
    /** @type {Ghost} */
    const ghost = new Ghost(() => clock.now);
    this.ghost = ghost;
    this.server = new Server({
      clock,
      seed: options.seed,
      releases: options.releases,
      ghost,
      isMixed: options.isMixed ?? false,
      witness: (server, law) => new Witness(this, server, law),
      trace: (text) => this.trace(text),
      complain: (text) => this.violate("no-complaints", text),
    });
    for (const [name, { refusal }] of Object.entries(options.profiles)) {
      const profile = new Profile(name, clock);
      profile.refusal = refusal ?? null;
      this.profiles.set(name, profile);
    }
  }

  get law() {
    return this.server.law;
  }

  /** @param {string} text */
  trace(text) {
    const { now } = this.clock;
    this.hash = hashOf(`${now} ${text}`, this.hash);
    this.lines?.push({ at: now, text });
  }

  /** Notes what an app was told. @param {App} app @param {string} text */
  tell(app, text) {
    this.trace(`${app.name}: ${text}`);
    const lines = this.told.get(app.name) ?? [];
    this.told.set(app.name, lines);
    // A number of deeds is not what the app was told.
    lines.push(text.replace(/ at \d+$/, ""));
  }

  /** @param {string} property @param {string} what */
  violate(property, what) {
    this.trace(`!! ${property}: ${what}`);
    this.violations.push({ property, what, at: this.clock.now });
  }

  /** @param {string} name The profile's letter, then a number. */
  tab(name) {
    const known = this.tabs.get(name);
    if (known) return known;
    const profile = /** @type {Profile} */ (this.profiles.get(name[0]));
    const tab = { name, profile, sessionStorage: storageOf(new Map()), app: null };
    this.tabs.set(name, tab);
    return tab;
  }

  /** Loads the app's page in a tab. @param {Tab} tab */
  load(tab) {
    const { profile } = tab;
    profile.credential ??= this.server.issuer.signIn(profile.name);
    const name = `${tab.name}.${this.apps.length}`;
    const page = new Page(name, {
      clock: this.clock,
      random: streamOf(this.options.seed, `page ${name}`),
      profile,
      sessionStorage: tab.sessionStorage,
      client: this.options.releases[0].client,
      connect: (socket, url, protocols) => this.connect(socket, url, protocols),
      fetch: (asking, url, init) => this.#fetch(asking, url, init),
      trace: (text) => this.trace(text),
      complain: (complaining, text) => this.violate("no-complaints", `${complaining.name} prints: ${text}`),
    });
    const { shareTabs } = this.options.profiles[profile.name];
    const app = (tab.app = new App(page, this, { shareTabs }));
    this.apps.push(app);
    page.task(() => app.start());
  }

  /** @param {string} name */
  thief(name) {
    const thief = this.thieves.get(name) ?? new Thief(this, name);
    this.thieves.set(name, thief);
    return thief;
  }

  /** The apps that run now. */
  running() {
    return [...this.tabs.values()].flatMap(({ app }) => (app ? [app] : []));
  }

  /** A profile has a network again. @param {Profile} profile */
  online(profile) {
    if (profile.isOnline) return;
    profile.isOnline = true;
    for (const page of profile.pages) page.dispatch("online");
  }

  /** Ends all faults: from now on everything works, and everybody is there. */
  calm() {
    this.trace("* calm");
    this.isCalm = true;
    this.nextCuts.clear();
    this.server.calm();
    for (const thief of this.thieves.values()) thief.leave();
    for (const profile of this.profiles.values()) {
      profile.clockOffsetMs = 0;
      for (const page of profile.pages) {
        page.clockSet();
        page.spareLinks();
        page.setVisible(true);
        page.atMoment = null;
        page.comeBack();
      }
      this.online(profile);
      const isAway = ![...this.tabs.values()].some((tab) => tab.profile === profile && tab.app);
      if (isAway) this.load(this.tab(`${profile.name}1`));
    }
  }

  /** @param {PageSocket} socket @param {string} url @param {string[]} protocols */
  connect(socket, url, protocols) {
    const { clock } = this;
    const { page } = socket;
    const random = streamOf(this.options.seed, `link ${page.name} ${clock.count}`);
    const link = new Link(clock, random, socket);
    const tabName = page.name.replace(/\..*/, "");
    link.cutAfter(this.nextCuts.get(tabName) ?? null);
    this.nextCuts.delete(tabName);
    if (!page.profile.isOnline) {
      clock.after(OFFLINE_MS, () => socket.receive({ kind: "break" }));
      return link;
    }
    const headers = {
      Upgrade: "websocket",
      Origin: ORIGIN,
      Cookie: `session=${page.profile.credential?.id}`,
      ...(protocols.length > 0 && { "Sec-WebSocket-Protocol": protocols.join(", ") }),
    };
    clock.after(10 + random.next() * 60, () => {
      const address = url.replace(/^ws/, "http");
      void this.server.fetch(address, { headers }).then((response) => this.#answer(link, socket, response));
    });
    return link;
  }

  /** @param {Link} link @param {PageSocket} socket @param {any} response */
  #answer(link, socket, response) {
    const end = response.webSocket;
    if (!end) return link.sendDown({ kind: "break" });
    link.sendDown({ kind: "open", protocol: response.headers.get("Sec-WebSocket-Protocol") ?? "" });
    if (response.headers.get("Sec-WebSocket-Protocol") !== PROTOCOL) socket.page.profile.usedOlder = true;
    return link.couple(end);
  }

  /** @param {Page} page @param {string} url @param {any} init */
  async #fetch(page, url, init) {
    await this.#travel();
    if (!page.profile.isOnline) throw new TypeError("Failed to fetch");
    const headers = { ...init?.headers, Cookie: `session=${page.profile.credential?.id}` };
    const response = await this.server.fetch(url, { ...init, headers });
    await this.#travel();
    return response;
  }

  /**
   * Asks something by HTTP, without a page.
   * @param {Credential} credential
   * @param {"GET" | "POST"} method
   * @param {string} path
   * @param {string} [query]
   */
  async request(credential, method, path, query = "") {
    await this.#travel();
    const url = `${ORIGIN}/__user-session${path}?userId=${USER}${query}`;
    const response = await this.server.fetch(url, { method, headers: { Cookie: `session=${credential.id}` } });
    this.trace(`${credential.id}: ${method} ${path}${query} ${response.status}`);
    return response;
  }

  /** Calls a method of the user's object, and notes what becomes of it. @param {string} method @param {any[]} args */
  callServer(method, ...args) {
    const tell = (/** @type {string} */ what) => this.trace(`server: ${method} ${JSON.stringify(args)} ${what}`);
    void this.server.call(method, ...args).then(
      (/** @type {unknown} */ result) => tell(JSON.stringify(result)),
      (/** @type {Error} */ error) => tell(`fails: ${error.message}`),
    );
  }

  /** @returns {Promise<void>} */
  #travel() {
    return new Promise((resolve) => void this.clock.after(30, () => resolve()));
  }
}
