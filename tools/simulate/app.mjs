/**
 * An app on a page, as its author would write it: it asks, it listens, and it signs in again when it has been
 * logged out. What it was told is noted for the properties.
 */
import { nameOf, numberOf } from "./adapter.mjs";
import { Sight } from "./sight.mjs";

/** @import { Page } from "./browser/page.mjs" */
/** @import { World } from "./world.mjs" */

/** How long a user takes to sign in again. */
const SIGN_IN_MS = 2_500;

/**
 * What an app has asked for.
 * @typedef {object} Asked
 * @property {App} app
 * @property {string} key What is unique about it.
 * @property {boolean} isUnique Whether the ghost can tell it from all others.
 * @property {number} at
 * @property {{ok: boolean, code?: string, replaced?: boolean} | null} outcome
 * @property {number} settled How often it was settled.
 * @property {boolean} isCertain Whether only the newest version of the protocol was spoken.
 */

export class App {
  /** @type {Asked[]} */
  asked = [];
  /** So many points it has published. */
  points = 0;
  /** When it began. */
  startedAt = 0;
  page;
  isSharing;
  /** @type {any} */
  client;
  sight;
  #world;
  #isSigningIn = false;
  #logouts = 0;

  /** @param {Page} page @param {World} world @param {{shareTabs: boolean}} how */
  constructor(page, world, { shareTabs }) {
    this.page = page;
    this.#world = world;
    this.isSharing = shareTabs;
    this.sight = new Sight(this, world);
    page.placeNow = () => {
      // While a page catches up, its state is ahead of what it has seen.
      const { place } = this.sight;
      return place === null ? null : Math.max(place, page.socket?.link.end?.connectedAt ?? 0);
    };
    this.client = new page.exports.UserSessionClient({
      userId: "kim",
      deviceId: page.profile.name,
      shareTabs,
    });
  }

  get name() {
    return this.page.name;
  }

  /** Whether what it sees and asks still counts. */
  get isRunning() {
    return !this.page.isGone;
  }

  start() {
    const { client, sight } = this;
    this.startedAt = this.#world.clock.now;
    let status = "idle";
    client.subscribe(() => {
      const { connectionStatus } = client.getSnapshot();
      if (connectionStatus === "logged_out" && status !== connectionStatus) {
        sight.loggedOut();
        this.#expectLogout();
      }
      sight.snapshot(client.getSnapshot());
      status = connectionStatus;
      const isOut = ["logged_out", "unauthorized", "forbidden"].includes(connectionStatus);
      if (isOut) this.#signInAgain();
      if (connectionStatus === "replaced" && this.#world.isImpersonated) this.#takeBack();
    });
    client.on("event", (/** @type {any} */ { event }) => sight.saw(nameOf(event.name, event.data), numberOf(event)));
    client.on("gameJoined", (/** @type {any} */ { gameId }) => sight.saw(`+${gameId}`, null));
    client.on("gameLeft", (/** @type {any} */ { gameId }) => sight.saw(`-${gameId}`, null));
    client.on("reset", () => sight.reset());
    client.on("loggedOut", () => {
      this.#logouts++;
      this.#world.tell(this, "onLoggedOut");
    });
    client.connect();
  }

  /**
   * Asks for something, and notes what becomes of it.
   * @param {string} key
   * @param {boolean} isUnique
   * @param {(client: any) => Promise<any>} ask
   */
  ask(key, isUnique, ask) {
    const { clock } = this.#world;
    const isCertain = !this.page.profile.usedOlder;
    /** @type {Asked} */
    const asked = { app: this, key, isUnique, at: clock.now, outcome: null, settled: 0, isCertain };
    this.asked.push(asked);
    void ask(this.client).then((outcome) => {
      asked.settled++;
      asked.outcome = outcome;
      this.#world.tell(this, `${key} ${outcome.ok ? (outcome.replaced ? "replaced" : "ok") : outcome.code}`);
    });
  }

  /** Whoever is told that it was logged out is called back. */
  #expectLogout() {
    const before = this.#logouts;
    this.#world.clock.afterTask(() => {
      if (this.#logouts === before) this.#world.violate("told-of-logout", `${this.name} shows a logout that it was not told of`);
    });
  }

  /** The user sees that a tab was replaced, and uses it again. */
  #takeBack() {
    this.#world.clock.after(SIGN_IN_MS, () => {
      this.page.task(() => this.client.getSnapshot().connectionStatus === "replaced" && this.client.reconnect());
    });
  }

  #signInAgain() {
    if (this.#isSigningIn) return;
    this.#isSigningIn = true;
    const { profile } = this.page;
    const before = profile.credential;
    this.#world.clock.after(SIGN_IN_MS, () =>
      this.page.task(() => {
        this.#isSigningIn = false;
        // Another tab of the browser may have been as quick.
        if (profile.credential === before) profile.credential = this.#world.server.issuer.signIn(profile.name);
        this.client.reconnect();
      }),
    );
  }
}
