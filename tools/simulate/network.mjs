/**
 * The network between the pages and the platform. A link carries one socket: each direction keeps its order, and
 * is late, silent or gone as the world's faults say. One direction or both may be dead without anybody knowing.
 */

/** @import { Random } from "../torture/random.mjs" */
/** @import { Clock, Task } from "./clock.mjs" */
/** @import { PageSocket } from "./browser/socket.mjs" */
/** @import { Outgoing, ServerEnd } from "./platform/sockets.mjs" */

/**
 * Who notices that a connection is gone.
 * @typedef {object} Notice
 * @property {boolean} page
 * @property {boolean} server
 */

/** @typedef {{direction: "up" | "down", frames: number, notice: Notice}} CutRule */

/** @typedef {Outgoing | {kind: "open", protocol: string} | {kind: "break"} | {kind: "finish"}} Item */

/** A network gives a connection up for dead after a while between these, in milliseconds. */
const GIVEN_UP_MS = { least: 60_000, most: 900_000 };

/** One way of a link. */
class Direction {
  /** Whether everything that is sent is lost. */
  isDead = false;
  #clock;
  #latency;
  #deliver;
  /** @type {{item: Item, at: number}[]} */
  #queue = [];
  #stalledUntil = 0;
  /** @type {Task | null} */
  #task = null;

  /** @param {Clock} clock @param {() => number} latency @param {(item: Item) => void} deliver */
  constructor(clock, latency, deliver) {
    this.#clock = clock;
    this.#latency = latency;
    this.#deliver = deliver;
  }

  get length() {
    return this.#queue.length;
  }

  /** @param {Item} item */
  send(item) {
    if (this.isDead) return;
    const before = this.#queue.at(-1)?.at ?? 0;
    this.#queue.push({ item, at: Math.max(before, this.#clock.now + this.#latency()) });
    if (this.#queue.length === 1) this.#pump();
  }

  /** @param {number} ms */
  stall(ms) {
    this.#stalledUntil = Math.max(this.#stalledUntil, this.#clock.now + ms);
  }

  /** Loses what is under way and all that follows. */
  kill() {
    this.isDead = true;
    this.#clock.cancel(this.#task);
    this.#queue = [];
  }

  #pump() {
    const [first] = this.#queue;
    if (!first) return;
    const at = Math.max(first.at, this.#stalledUntil);
    this.#task = this.#clock.after(at - this.#clock.now, () => {
      if (this.#clock.now < this.#stalledUntil) return this.#pump();
      const entry = this.#queue.shift();
      if (entry) this.#deliver(entry.item);
      this.#pump();
    });
  }
}

/** The connection between a page's socket and the server's end. */
export class Link {
  /** @type {ServerEnd | null} */
  end = null;
  up;
  down;
  #clock;
  #random;
  #page;
  #isBroken = false;
  /** Whether the server has yet to be told that the page's side is gone. */
  #isBreakDue = false;
  /** @type {CutRule | null} */
  #cutAfter = null;

  /** @param {Clock} clock @param {Random} random @param {PageSocket} page */
  constructor(clock, random, page) {
    this.#clock = clock;
    this.#random = random;
    this.#page = page;
    const base = random.between(5, 60);
    const latency = () => base + random.next() * 10;
    this.up = new Direction(clock, latency, (item) => this.#arrivedUp(item));
    this.down = new Direction(clock, latency, (item) => this.#arrivedDown(item));
  }

  /** @param {ServerEnd} end */
  couple(end) {
    this.end = end;
    end.attach(this);
    if (this.#isBreakDue) this.#clock.after(1, () => this.#breakServer());
  }

  /** @param {Item} item */
  sendDown(item) {
    this.down.send(item);
  }

  /** @param {Item} item */
  sendUp(item) {
    this.up.send(item);
  }

  /** Both close frames are there: the server ends the connection. */
  finish() {
    this.#isBroken = true;
    const isMute = this.end?.hasSpoken === false;
    // The platform keeps the connection of a socket that has never sent anything.
    this.#clock.after(isMute ? 10_000 : 0, () => this.down.send({ kind: "finish" }));
  }

  /** The server's process has gone, and the connection with it. */
  serverBroke() {
    this.up.kill();
    this.down.send({ kind: "break" });
  }

  /** The page has gone, or waits no longer. */
  pageBroke() {
    this.down.kill();
    this.up.send({ kind: "break" });
  }

  /** Cuts the connection once so many frames have arrived. @param {CutRule | null} rule */
  cutAfter(rule) {
    this.#cutAfter = rule && { ...rule };
  }

  /**
   * Cuts the connection now: what is under way is lost.
   * @param {Notice} notice
   * @returns {number} How many frames that were.
   */
  cut(notice) {
    const lost = this.up.length + this.down.length;
    if (this.#isBroken) return 0;
    this.#isBroken = true;
    this.up.kill();
    this.down.kill();
    const late = () => this.#random.between(GIVEN_UP_MS.least, GIVEN_UP_MS.most);
    const soon = () => this.#random.next() * 20;
    this.#clock.after(notice.page ? soon() : late(), () => this.#page.receive({ kind: "break" }));
    this.#clock.after(notice.server ? soon() : late(), () => this.#breakServer());
    return lost;
  }

  #breakServer() {
    const { end } = this;
    this.#isBreakDue = end === null;
    if (end?.object) end.object.receiveEnd(end, { kind: "break" });
    else end?.ended("error");
  }

  /** @param {"up" | "down"} direction */
  #countArrival(direction) {
    const rule = this.#cutAfter;
    if (!rule || rule.direction !== direction) return;
    rule.frames--;
    if (rule.frames > 0) return;
    this.#cutAfter = null;
    // What has just arrived is handled before the connection goes.
    this.#clock.after(0, () => this.cut(rule.notice));
  }

  /** @param {Item} item */
  #arrivedUp(item) {
    const { end } = this;
    if (!end) return this.#breakServer();
    if (item.kind === "text") {
      end.object?.receive(end, String(item.text));
      this.#countArrival("up");
      return;
    }
    if (item.kind === "close" && !end.object) {
      end.ended("close");
      return this.finish();
    }
    if (item.kind === "close") end.object?.receiveEnd(end, item);
    else this.#breakServer();
  }

  /** @param {Item} item */
  #arrivedDown(item) {
    this.#page.receive(item);
    if (item.kind === "text") this.#countArrival("down");
  }
}
