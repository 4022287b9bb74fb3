/**
 * The server's side of a world: the front Worker, which checks who is asking, and the user's object behind it.
 */
import { ISSUER_METHOD } from "./adapter-logouts.mjs";
import { streamOf } from "./chance.mjs";
import { Timers } from "./clock.mjs";
import { Issuer, identityOf } from "./issuer.mjs";
import { Law } from "./law.mjs";
import { Isolate } from "./platform/isolate.mjs";
import { SimulatedObject } from "./platform/object.mjs";
import { SimulatedRequest } from "./platform/web.mjs";

/** @import { Release } from "./bundle.mjs" */
/** @import { Clock } from "./clock.mjs" */
/** @import { Ghost } from "./ghost.mjs" */
/** @import { Fate } from "./platform/object.mjs" */
/** @import { Rows } from "./platform/storage.mjs" */
/** @import { Witness } from "./witness.mjs" */

export const USER = "kim";

const MS_PER_SECOND = 1_000;

/**
 * @typedef {object} ServerSurroundings
 * @property {Clock} clock
 * @property {number} seed
 * @property {Release[]} releases The one that is deployed first, and the one that is deployed later.
 * @property {Ghost} ghost
 * @property {boolean} isMixed Whether credentials differ in what their issuers write into them.
 * @property {(server: Server, law: Law) => Witness} witness Makes what sees the sockets and answers of the object.
 * @property {(text: string) => void} trace
 * @property {(text: string) => void} complain Is told of a failure that nobody has planted.
 */

export class Server {
  object;
  wall;
  /** How often something may have been lost that only memory or sockets had. */
  losses = 0;
  /** When something last happened over which a place can be lost. */
  disturbedAt = 0;
  /** How much longer than usual writes take to become durable. */
  slownessMs = 0;
  issuer;
  law;
  witness;
  #around;
  #front;
  #release = 0;
  #planted = 0;
  #random;
  #wasSet = false;
  /** The furthest that the wall clock has been. */
  #latestMs = 0;

  /** @param {ServerSurroundings} around */
  constructor(around) {
    this.#around = around;
    const { clock, seed, trace, ghost } = around;
    this.#random = streamOf(seed, "server");
    this.wall = new Timers(clock);
    this.issuer = new Issuer(seed, () => this.second(), around.isMixed);
    this.law = new Law(this.issuer, () => this.second());
    this.witness = around.witness(this, this.law);
    const commits = streamOf(seed, "commits");
    this.object = new SimulatedObject(USER, {
      clock,
      random: streamOf(seed, "object"),
      wall: this.wall,
      release: () => this.#newest(),
      env: {},
      log: (text) => this.#logged(text),
      trace,
      disturbed: () => (this.disturbedAt = Math.max(this.disturbedAt, clock.now)),
      ended: () => void this.losses++,
      planted: (fault) => {
        this.losses++;
        // What a failure has lost may show only much later, at the next waking.
        this.disturbedAt = Infinity;
        trace(`planted: ${fault}`);
        this.#planted++;
      },
      turned: (turn) => both(ghost.turned(turn), this.witness.turned(turn)),
      witness: this.witness,
      connected: () => ghost.deeds.length,
      commitMs: () => commits.next() * 6 + this.slownessMs,
    });
    this.#front = this.#newFront();
    this.#watchAlarm();
  }

  /** The server's clock in seconds. */
  second() {
    return Math.floor(this.wall.wallMs() / MS_PER_SECOND);
  }

  /** @param {number} deltaMs */
  setClock(deltaMs) {
    this.#wasSet = true;
    this.#latestMs = Math.max(this.#latestMs, this.wall.wallMs());
    this.wall.offsetMs += deltaMs;
    this.disturbedAt = Math.max(this.disturbedAt, this.#around.clock.now);
  }

  /** Ends all faults. The clock is set to a time that it has not shown yet. */
  calm() {
    this.slownessMs = 0;
    this.object.traps.count = this.object.attachFailures = 0;
    Object.assign(this.object.storage.faults, { puts: 0, commits: 0 });
    this.#latestMs = Math.max(this.#latestMs, this.wall.wallMs());
    this.wall.offsetMs = 0;
    if (this.#wasSet) this.wall.offsetMs = Math.max(0, this.#latestMs + MS_PER_SECOND - this.wall.wallMs());
  }

  /** A release is deployed: the front takes it up at once, the object when it wakes. */
  deploy() {
    this.#release = (this.#release + 1) % this.#around.releases.length;
    this.#front = this.#newFront();
  }

  /** @param {Rows} rows A backup that is put back. */
  restore(rows) {
    this.object.end("crash");
    this.object.storage.replace(rows);
  }

  /** @param {number} at Which socket's attachment is damaged. */
  damageAttachment(at) {
    if (!this.object.damageAttachment(at)) return;
    this.losses++;
    this.disturbedAt = Infinity;
  }

  /**
   * Serves a request from outside.
   * @param {string} url
   * @param {any} init
   * @returns {Promise<any>}
   */
  fetch(url, init) {
    const idIn = (/** @type {any} */ headers) => /session=([^;]+)/.exec(headers.get("Cookie") ?? "")?.[1] ?? "";
    const authenticate = (/** @type {any} */ asked) => {
      const known = this.issuer.credentials.get(idIn(asked.headers));
      return known ? identityOf(known, USER) : null;
    };
    // The server does not look at who stands before the host; the witness does.
    const address = Object.assign(new URL(url), { username: idIn(new Headers(init.headers)) }).href;
    return this.#front.exports.routeUserSession(new SimulatedRequest(address, init), this.#env(), { authenticate });
  }

  /** Calls a method of the user's object, as the app's own Worker does. @param {string} method @param {any[]} args */
  call(method, ...args) {
    return this.#front.exports.userSession(this.#env(), USER, { own: [ISSUER_METHOD] })[method](...args);
  }

  #newest() {
    return this.#around.releases[this.#release];
  }

  #newFront() {
    const { clock, seed } = this.#around;
    const random = streamOf(seed, "front");
    const log = (/** @type {string} */ text) => this.#logged(text);
    return new Isolate(this.#newest(), { clock, random, wall: this.wall, log, step: (step) => step() });
  }

  #env() {
    return { USER_SESSION_DO: { idFromName: (/** @type {string} */ name) => name, get: () => this.#stub() } };
  }

  /** A stub that has failed once is of no use any more. */
  #stub() {
    /** @type {Error | null} */
    let broken = null;
    const ask = async (/** @type {() => Promise<any>} */ work) => {
      if (broken) throw broken;
      await this.#travel();
      try {
        return await work();
      } catch (error) {
        broken = /** @type {Error} */ (error);
        throw error;
      }
    };
    return new Proxy(/** @type {Record<string, any>} */ ({}), {
      get: (_, name) => {
        if (name === "then" || typeof name === "symbol") return undefined;
        if (name === "fetch") return (/** @type {any} */ request) => ask(() => this.object.fetch(request));
        return (/** @type {any[]} */ ...args) => ask(() => this.object.call(name, args));
      },
    });
  }

  /** @returns {Promise<void>} */
  #travel() {
    const { clock } = this.#around;
    return new Promise((resolve) => void clock.after(0.2 + this.#random.next() * 3, () => resolve()));
  }

  /** @param {string} text */
  #logged(text) {
    this.#around.trace(`log: ${text.slice(0, 300)}`);
    const isFailure = /failed|uncaught/.test(text);
    if (!isFailure) return;
    // A request that an ending of the object broke off is logged, too.
    if (/could not be passed on|lost|has been reset/.test(text)) return;
    if (this.#planted > 0) this.#planted--;
    else this.#around.complain(`the server logs: ${text.slice(0, 500)}`);
  }

  #watchAlarm() {
    const { clock } = this.#around;
    const check = () => {
      const { alarmAt } = this.object.storage;
      if (alarmAt !== null && alarmAt <= this.wall.wallMs()) void this.object.alarm();
      clock.after(alarmAt === null ? 60_000 : 500, check);
    };
    clock.after(500, check);
  }
}

/** @param {Fate} one @param {Fate} other @returns {Fate} */
function both(one, other) {
  if (!one || !other) return one ?? other;
  return {
    released: () => [one, other].forEach(({ released }) => released()),
    dropped: () => [one, other].forEach(({ dropped }) => dropped()),
  };
}
