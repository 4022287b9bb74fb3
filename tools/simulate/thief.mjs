/**
 * Somebody with credentials of the user, by a stolen cookie, a sign-in of his own or a renewal of either. He does what he
 * can: he connects by both versions, under the ids of the owner's devices and tabs, asks by HTTP alone, and fills
 * whatever the server remembers. What he must not see is checked by witness.mjs.
 */
import { PROTOCOL } from "./adapter.mjs";
import { logoutFrame, logoutQuery } from "./adapter-logouts.mjs";
import { Page } from "./browser/page.mjs";
import { Profile, storageOf } from "./browser/profile.mjs";
import { PageSocket } from "./browser/socket.mjs";
import { streamOf } from "./chance.mjs";

/** @import { Scope } from "./adapter-logouts.mjs" */
/** @import { Credential } from "./issuer.mjs" */
/** @import { World } from "./world.mjs" */

const ADDRESS = "https://app.example/__user-session";

/** How long a socket of a flood stays open. */
const BRIEF_MS = 400;

/** The pauses between the requests of a flood. */
const FLOOD_PAUSE_MS = 60;
const FLOOD_OF_IDS_PAUSE_MS = 4;

/** @typedef {{version: 1 | 2, device: string, tab?: string | null, ticket?: string, isBrief?: boolean}} Way How he connects. */

/** @typedef {{socket: PageSocket, version: 1 | 2, run: string, asked: number}} Open */

export class Thief {
  /** @type {Credential[]} */
  credentials = [];
  name;
  /** @type {Set<Open>} */
  #open = new Set();
  /** @type {string[]} */
  #tickets = [];
  #world;
  #profile;
  #page;
  #connects = 0;

  /** @param {World} world @param {string} name */
  constructor(world, name) {
    this.#world = world;
    this.name = name;
    this.#profile = new Profile(name, world.clock);
    this.#page = new Page(`${name}.thief`, {
      clock: world.clock,
      random: streamOf(world.options.seed, `thief ${name}`),
      profile: this.#profile,
      sessionStorage: storageOf(new Map()),
      client: () => null,
      connect: (socket, url, protocols) => world.connect(socket, url, protocols),
      fetch: () => Promise.reject(new Error("it has no client")),
      trace: (text) => world.trace(text),
      complain: () => {},
    });
  }

  /** @param {number} pick Counted round and round. */
  credential(pick) {
    if (this.credentials.length === 0) this.credentials.push(this.#world.server.issuer.signIn(this.name));
    return this.credentials[pick % this.credentials.length];
  }

  /** @param {Credential} credential @param {Way} way */
  connect(credential, { version, device, tab, ticket, isBrief = false }) {
    const run = `${this.name}-${this.#connects++}`.padEnd(20, "-");
    const named = `&deviceId=${encodeURIComponent(device)}${version === 2 && tab ? `&tabId=${tab}` : ""}`;
    const url = `${ADDRESS.replace("https", "wss")}?userId=kim${named}${version === 2 ? `&run=${run}` : ""}`;
    this.#profile.credential = credential;
    const protocols = [...(version === 2 ? [PROTOCOL] : []), ...(ticket ? ["user-session.v1", `ticket.${ticket}`] : [])];
    const socket = new PageSocket(this.#page, url, version === 2 ? protocols.filter((name) => !name.endsWith("v1")) : protocols);
    const open = { socket, version, run, asked: 0 };
    this.#open.add(open);
    socket.onclose = () => this.#open.delete(open);
    if (isBrief) this.#world.clock.after(BRIEF_MS, () => socket.close(1000));
  }

  leave() {
    for (const { socket } of this.#open) socket.close(1000);
  }

  /** @param {Credential} credential @param {"state" | "export" | "clear" | "ticket"} what */
  ask(credential, what) {
    const method = what === "state" || what === "export" ? "GET" : "POST";
    void this.#world.request(credential, method, `/${what}`).then(async (response) => {
      if (what === "ticket" && response.ok) this.#tickets.push((await response.json()).ticket);
    });
  }

  /** Uses the ticket that it has had for longest. @param {Way} way */
  useTicket(way) {
    const ticket = this.#tickets.shift();
    if (ticket) this.connect(this.credential(0), { ...way, ticket });
    return ticket !== undefined;
  }

  /** Sends a frame on each of its sockets. @param {(open: Open, id: string | undefined) => string} frameOf */
  send(frameOf) {
    for (const open of this.#open) {
      if (open.socket.readyState !== 1) continue;
      const id = open.version === 2 ? `${open.run}.${++open.asked}` : undefined;
      open.socket.send(frameOf(open, id));
    }
    return this.#open.size > 0;
  }

  /** @param {string} key */
  publish(key) {
    let at = 0;
    return this.send((_, id) => JSON.stringify({ type: "broadcast", event: `${key}-${at++}`, ...(id && { id }) }));
  }

  /** @param {Scope} scope @param {string} target */
  logOutByFrame(scope, target) {
    return this.send(({ version }, id) => logoutFrame(version === 2 ? scope : "all", target, id));
  }

  /** @param {Credential} credential @param {Scope} scope @param {string} target */
  logOutByRequest(credential, scope, target) {
    void this.#world.request(credential, "POST", "/logout", logoutQuery(scope, target));
  }

  /**
   * Fills what the server remembers: with devices, with credentials of one device, or with ids of credentials.
   * @param {"devices" | "credentials" | "ids"} what @param {number} count @param {string} device @param {Credential} credential
   */
  flood(what, count, device, credential) {
    const { clock, server } = this.#world;
    for (let at = 0; at < count; at++) {
      clock.after(at * (what === "ids" ? FLOOD_OF_IDS_PAUSE_MS : FLOOD_PAUSE_MS), () => {
        if (what === "ids") return this.logOutByRequest(credential, "credential", `none-${this.name}-${this.#connects++}`);
        if (what === "devices") return this.connect(credential, { version: 2, device: `${this.name}-${at}`, isBrief: true });
        const other = at % 3 === 2 ? server.issuer.renew(credential) : server.issuer.signIn(this.name);
        this.credentials.push(other);
        return this.connect(other, { version: 2, device, isBrief: true });
      });
    }
  }

  /** Tries whatever could still let him in. @param {string} device @param {string | null} tab */
  tryAll(device, tab) {
    this.credentials.slice(-6).forEach((credential, at) => {
      this.#world.clock.after(at * FLOOD_PAUSE_MS, () => {
        this.ask(credential, at % 2 === 0 ? "state" : "export");
        this.ask(credential, "ticket");
        this.connect(credential, { version: 1, device, isBrief: true });
        this.connect(credential, { version: 2, device: at % 2 === 0 ? device : this.name, tab, isBrief: true });
      });
    });
  }
}
