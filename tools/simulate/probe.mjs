/**
 * Runs scripts on the model of the platform alone, without the session: the same scripts run on workerd, and
 * a test compares (tests/tools/simulate-platform.test.mjs).
 */
import { PageSocket } from "./browser/socket.mjs";
import { bundleWorker } from "./bundle.mjs";
import { streamOf } from "./chance.mjs";
import { Clock, Timers, inOwnTask } from "./clock.mjs";
import { Link } from "./network.mjs";
import { SimulatedObject } from "./platform/object.mjs";
import { SimulatedRequest } from "./platform/web.mjs";

/** @import { Program } from "./bundle.mjs" */
/** @import { Page } from "./browser/page.mjs" */

/** How long the model may take for a step, in virtual time. */
const STEP_MS = 1_500;

/**
 * @typedef {{connect?: string, send?: [string, string], close?: [string, number | undefined, string], cut?: string,
 *   evict?: "hibernate" | "close", seen: Record<string, number>}} ProbeStep
 */

export class ModelProbe {
  #clock = new Clock();
  #object;
  /** @type {Map<string, {socket: PageSocket, sights: string[]}>} */
  #sockets = new Map();

  /** @param {string} name @param {Program} worker */
  constructor(name, worker) {
    const clock = this.#clock;
    const release = { client: worker, worker, module: new WebAssembly.Module(EMPTY_MODULE) };
    this.#object = new SimulatedObject(name, {
      clock,
      random: streamOf(1, "probe"),
      wall: new Timers(clock),
      release: () => release,
      env: {},
      log: () => {},
      trace: () => {},
      disturbed: () => {},
      ended: () => {},
      planted: () => {},
      turned: () => null,
      connected: () => 0,
      commitMs: () => 2,
    });
  }

  /**
   * @param {string} file The object's source.
   * @param {string} name
   * @param {ProbeStep[]} script
   * @returns {Promise<Record<string, string[]>>} What each socket has seen, but for those that were cut.
   */
  static async run(file, name, script) {
    const worker = await bundleWorker(file);
    return inOwnTask(() => {
      const probe = new ModelProbe(name, worker);
      for (const step of script) probe.#perform(step);
      const cut = script.flatMap((step) => step.cut ?? []);
      const told = [...probe.#sockets].filter(([id]) => !cut.includes(id));
      return Object.fromEntries(told.map(([id, { sights }]) => [id, sights]));
    });
  }

  /** @param {ProbeStep} step */
  #perform(step) {
    const { seen } = step;
    this.#clock.after(0, () => this.#act(step));
    this.#clock.runUntil(this.#clock.now + 100);
    const deadline = this.#clock.now + STEP_MS;
    const isDone = () => Object.entries(seen).every(([id, count]) => this.#sightsOf(id).length >= count);
    while (!isDone() && this.#clock.now < deadline) this.#clock.runUntil(this.#clock.now + 10);
  }

  /** @param {ProbeStep} step */
  #act({ connect, send, close, cut, evict }) {
    if (connect) this.#connect(connect);
    if (send) this.#sockets.get(send[0])?.socket.send(send[1]);
    if (close) this.#sockets.get(close[0])?.socket.close(close[1], close[2]);
    if (cut) this.#sockets.get(cut)?.socket.link.cut({ page: true, server: true });
    if (evict === "hibernate") this.#object.sleep();
    if (evict === "close") this.#object.end("evict");
  }

  /** @param {string} id */
  #sightsOf(id) {
    return this.#sockets.get(id)?.sights ?? [];
  }

  /** @param {string} id */
  #connect(id) {
    /** @type {string[]} */
    const sights = [];
    const clock = this.#clock;
    const page = {
      task: (/** @type {() => void} */ run) => run(),
      later: (/** @type {number} */ ms, /** @type {() => void} */ run) => void clock.after(ms, run),
      sent() {},
      received: (/** @type {PageSocket} */ _socket, /** @type {string} */ text) => void sights.push(text),
      closed: (/** @type {PageSocket} */ _socket, /** @type {number} */ code, /** @type {string} */ reason) =>
        void sights.push(`close ${code} ${reason}`),
      whileReading: (/** @type {PageSocket} */ _socket, /** @type {() => void} */ run) => run(),
      connect: (/** @type {PageSocket} */ socket) => {
        const link = new Link(clock, streamOf(1, id), socket);
        void this.#object.fetch(new SimulatedRequest("https://probe/")).then((/** @type {any} */ response) => {
          link.sendDown({ kind: "open", protocol: "" });
          link.couple(response.webSocket);
        });
        return link;
      },
    };
    // A socket needs no more of its page than this.
    const socket = new PageSocket(/** @type {Page} */ (/** @type {unknown} */ (page)), "wss://probe/", []);
    this.#sockets.set(id, { socket, sights });
  }
}

/** The shortest module there is: its magic number and its version. */
const EMPTY_MODULE = new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
