/**
 * One Durable Object: its memory, which comes and goes, and what outlives it. It does with the class's code what
 * the platform does, and holds back what leaves the object until the writes before it are durable.
 */
import { Isolate } from "./isolate.mjs";
import { CLOSED, CLOSING, OPEN, ObjectSocket } from "./sockets.mjs";
import { ObjectStorage } from "./storage.mjs";

/** @import { Release } from "../bundle.mjs" */
/** @import { Random } from "../../torture/random.mjs" */
/** @import { Clock, Timers } from "../clock.mjs" */
/** @import { ServerEnd } from "./sockets.mjs" */

/** After so long without an event the platform takes an object out of memory. */
const IDLE_MS = 10_000;

/** The end of a socket as it reaches the object: a close frame, or nothing any more. */
/** @typedef {{kind: "close", code: number, reason: string} | {kind: "break"}} Ending */

/**
 * What a handler of the object has done in one turn.
 * @typedef {object} Turn
 * @property {"message" | "call" | "other"} kind
 * @property {ServerEnd | null} end The socket of the frame.
 * @property {string} content The frame, or the method that was called.
 * @property {any[]} args
 * @property {string[]} frames What was sent, each text once.
 * @property {string[]} closes The reasons of the closes.
 * @property {any} result
 */

/** Whether what a turn did became real. @typedef {{released: () => void, dropped: () => void} | null} Fate */

/**
 * A witness of the sockets of an object, and of its answers to requests.
 * @typedef {object} Witness
 * @property {(request: any, response: any) => Fate} answered
 * @property {(end: ServerEnd, text: string) => void} sent
 * @property {(end: ServerEnd, code: number, reason: string) => void} closed
 */

/**
 * @typedef {object} ObjectSurroundings
 * @property {Clock} clock
 * @property {Random} random
 * @property {Timers} wall
 * @property {() => Release} release The one that a new memory runs.
 * @property {object} env
 * @property {(text: string) => void} log
 * @property {(text: string) => void} trace
 * @property {() => void} disturbed Is told when the memory goes, and when the last socket does.
 * @property {() => void} ended Is told when the memory goes and takes all sockets along.
 * @property {(fault: string) => void} planted Is told of each planted failure that has struck.
 * @property {(turn: Turn) => Fate} turned Sees every turn, and is told whether its effects became real.
 * @property {Witness} [witness]
 * @property {() => number} connected Gives the number that a new connection is marked with.
 * @property {() => number} commitMs
 */

/** @typedef {{batch: number, run: () => void, drop: () => void}} Output */

export class SimulatedObject {
  /** The number of steps of the module that trap, and when in the step they do. */
  traps = { count: 0, isBefore: true };
  /** The number of attachments that can't be written. */
  attachFailures = 0;
  storage;
  name;
  #around;
  /** @type {Set<ServerEnd>} */
  #ends = new Set();
  /** @type {{request: string, response: string} | null} */
  #autoResponse = null;
  /** @type {Isolate | null} */
  #isolate = null;
  /** @type {any} */
  #instance = null;
  #lastEventAt = 0;
  #running = 0;
  /** @type {Set<(error: Error) => void>} */
  #calls = new Set();
  /** @type {Output[]} */
  #outputs = [];
  /** @type {Turn | null} */
  #turn = null;

  /** @param {string} name @param {ObjectSurroundings} around */
  constructor(name, around) {
    this.name = name;
    this.#around = around;
    this.storage = new ObjectStorage(around.clock, around.commitMs, {
      confirmed: () => this.#release(),
      failed: () => {
        around.trace("object: what was written can't be made durable");
        this.end("crash");
      },
      putFailed: () => around.planted("write"),
    });
  }

  /** The sockets that are listed, those included that the server has closed. */
  get ends() {
    return this.#ends;
  }

  get isAwake() {
    return this.#instance !== null;
  }

  /** Whether nothing keeps it in memory. */
  get isQuiet() {
    const timers = this.#isolate?.timers.size ?? 0;
    return this.#running === 0 && timers === 0 && this.storage.isQuiet && this.#outputs.length === 0;
  }

  /** Takes the object out of memory and leaves its sockets open. @returns Whether that was possible. */
  sleep() {
    if (!this.#instance || !this.isQuiet) return false;
    this.#instance = null;
    for (const end of this.#ends) end.forgetWrapper();
    // A new release is taken up when the object wakes.
    if (this.#isolate?.release !== this.#around.release()) {
      this.#isolate?.end();
      this.#isolate = null;
    }
    this.#around.trace("object: sleeps");
    this.#around.disturbed();
    return true;
  }

  /**
   * Damages what is attached to one of the sockets while the object sleeps.
   * @param {number} at Which of them, counted round and round.
   * @returns Whether there was one.
   */
  damageAttachment(at) {
    if (!this.sleep()) return false;
    const attached = [...this.#ends].filter((end) => end.readyState === OPEN && end.attachment instanceof Uint8Array);
    if (attached.length === 0) return false;
    const end = attached[at % attached.length];
    const bytes = Uint8Array.from(/** @type {any} */ (end.attachment));
    // No format has this number.
    bytes[0] = 0xff;
    end.attachment = bytes;
    this.#around.trace(`object: attachment ${at % attached.length} of ${attached.length} is damaged`);
    return true;
  }

  /**
   * Ends the object's memory, and every socket with it.
   * @param {"crash" | "evict" | "abort"} how A crash loses what is not durable; an abort does, too.
   * @param {string} [reason] The message of the error that callers get.
   */
  end(how, reason = "Network connection lost.") {
    this.#around.trace(`object: ends by ${how}`);
    this.#around.disturbed();
    this.#around.ended();
    this.#isolate?.end();
    this.#isolate = this.#instance = this.#turn = null;
    this.#running = 0;
    for (const { drop } of this.#outputs.splice(0)) drop();
    this.storage.crash();
    const error = Object.assign(new Error(reason), how === "abort" ? {} : { retryable: true });
    for (const reject of [...this.#calls]) reject(error);
    this.#calls.clear();
    for (const end of this.#ends) {
      end.readyState = CLOSED;
      end.object = null;
      end.forgetWrapper();
      end.link?.serverBroke();
    }
    this.#ends.clear();
  }

  /** Lets something leave the object, in order, once the writes before it are durable. */
  emit(/** @type {() => void} */ run, drop = () => {}) {
    if (this.#outputs.length === 0 && this.storage.isQuiet) return run();
    this.#outputs.push({ batch: this.storage.written, run, drop });
  }

  #release() {
    while (this.#outputs.length > 0 && this.#outputs[0].batch <= this.storage.confirmed) {
      this.#outputs.shift()?.run();
    }
  }

  /** @param {ServerEnd} end @param {string} text */
  noteSent(end, text) {
    this.#around.witness?.sent(end, text);
    if (this.#turn && !this.#turn.frames.includes(text)) this.#turn.frames.push(text);
  }

  /** @param {ServerEnd} end @param {number} code @param {string} reason */
  noteClosed(end, code, reason) {
    this.#around.witness?.closed(end, code, reason);
    this.#turn?.closes.push(reason);
  }

  failAttachmentIfPlanned() {
    if (this.attachFailures === 0) return;
    this.attachFailures--;
    this.#around.planted("attachment");
    throw new Error("planted: the attachment can't be written");
  }

  // What reaches the object

  /** @param {ServerEnd} end @param {string} text */
  receive(end, text) {
    end.hasSpoken = true;
    const auto = this.#autoResponse;
    if (auto && text === auto.request) {
      if (end.readyState !== OPEN) return;
      end.answeredAt = this.#around.wall.wallMs();
      end.link?.sendDown({ kind: "text", text: auto.response });
      return;
    }
    this.#handle({ kind: "message", end, content: text }, (instance) =>
      instance.webSocketMessage(end.wrapper, text),
    );
  }

  /** A device has closed its end, or is gone. @param {ServerEnd} end @param {Ending} ending */
  receiveEnd(end, ending) {
    if (!this.#ends.has(end)) return;
    const isClose = ending.kind === "close";
    const wasOurs = end.hasSentClose;
    end.readyState = wasOurs ? CLOSED : CLOSING;
    const [code, reason] = isClose
      ? [ending.code, ending.reason]
      : [1006, "WebSocket disconnected without sending Close frame."];
    this.#handle({ kind: "other", end, content: `close ${code}` }, (instance) =>
      instance.webSocketClose(end.wrapper, code, reason, isClose),
    );
    end.readyState = CLOSED;
    this.#ends.delete(end);
    if (isClose && wasOurs) this.emit(() => end.link?.finish());
  }

  alarm() {
    this.storage.alarmAt = null;
    return this.#call("alarm", (instance) => instance.alarm({ retryCount: 0, isRetry: false })).catch(() => {});
  }

  /** @param {any} request */
  fetch(request) {
    return this.#call("fetch", (instance) => instance.fetch(request), [], (response) => {
      const fate = this.#around.witness?.answered(request, response);
      if (fate) this.emit(fate.released, fate.dropped);
    });
  }

  /** @param {string} method @param {any[]} args */
  call(method, args) {
    return this.#call(method, (instance) => instance[method](...structuredClone(args)), args).then(structuredClone);
  }

  /**
   * Runs a request or a call, whose answer leaves the object as frames do.
   * @param {string} content
   * @param {(instance: any) => any} work
   * @param {any[]} [args]
   * @param {(value: any) => void} [see] Sees the answer before it leaves.
   */
  #call(content, work, args = [], see = () => {}) {
    return new Promise((resolve, reject) => {
      this.#calls.add(reject);
      const settle = (/** @type {() => void} */ tell) => {
        if (!this.#calls.has(reject)) return;
        this.emit(() => {
          if (this.#calls.delete(reject)) tell();
        });
      };
      this.#running++;
      const isolate = this.#wake();
      const done = () => {
        if (!isolate.isDead) this.#running--;
      };
      const kind = content === "fetch" || content === "alarm" ? "other" : "call";
      const result = this.#handle({ kind, end: null, content, args }, work);
      Promise.resolve(result).then(
        (value) => {
          if (!isolate.isDead) see(value);
          done();
          settle(() => resolve(value));
        },
        (error) => {
          done();
          settle(() => reject(error));
        },
      );
    });
  }

  /**
   * Runs a handler of the object, and has what it did seen.
   * @param {Partial<Turn> & Pick<Turn, "kind" | "end" | "content">} begun
   * @param {(instance: any) => any} work
   */
  #handle(begun, work) {
    const isolate = this.#wake();
    const turn = { args: [], ...begun, frames: [], closes: [], result: undefined };
    this.#turn = turn;
    this.#lastEventAt = this.#around.clock.now;
    try {
      turn.result = work(this.#instance);
    } catch (error) {
      if (turn.kind === "call") return Promise.reject(error);
      this.#around.log(`uncaught in ${turn.content.slice(0, 40)}: ${String(error)}`);
      return undefined;
    } finally {
      if (this.#turn === turn) this.#turn = null;
      const seen = isolate.isDead ? null : this.#around.turned(turn);
      if (seen) this.emit(seen.released, seen.dropped);
    }
    return turn.result;
  }

  #wake() {
    const { clock, random, wall, log, release, env } = this.#around;
    if (this.#instance && clock.now - this.#lastEventAt >= IDLE_MS) this.sleep();
    this.#isolate ??= new Isolate(release(), { clock, random, wall, log, step: (step) => this.#step(step) });
    const isolate = this.#isolate;
    if (this.#instance) return isolate;
    const { UserSessionDO } = isolate.exports;
    this.#instance = new UserSessionDO(this.#context(isolate), env);
    this.#lastEventAt = clock.now;
    return isolate;
  }

  /** @param {() => number} step */
  #step(step) {
    if (this.traps.count === 0) return step();
    this.traps.count--;
    this.#around.planted("trap");
    if (!this.traps.isBefore) step();
    throw new WebAssembly.RuntimeError("unreachable");
  }

  /** @param {Isolate} isolate */
  #context(isolate) {
    const isDead = () => isolate.isDead;
    const endOf = ObjectSocket.endOf;
    return {
      id: { name: this.name, toString: () => this.name },
      storage: this.storage.surface(isDead),
      getWebSockets: (/** @type {string | undefined} */ tag) => {
        const ends = isDead() ? [] : [...this.#ends].filter(({ tags }) => tag === undefined || tags.includes(tag));
        return ends.map((end) => end.wrapper);
      },
      getTags: (/** @type {ObjectSocket} */ socket) => endOf(socket).tags,
      acceptWebSocket: (/** @type {ObjectSocket} */ socket, /** @type {string[]} */ tags = []) => this.#accept(endOf(socket), tags),
      setWebSocketAutoResponse: (/** @type {any} */ pair) => {
        this.#autoResponse = pair ?? null;
      },
      getWebSocketAutoResponse: () => this.#autoResponse,
      getWebSocketAutoResponseTimestamp: (/** @type {ObjectSocket} */ socket) => {
        const at = endOf(socket).answeredAt;
        return at === null ? null : new isolate.Date(at);
      },
      waitUntil: (/** @type {Promise<unknown>} */ work) => {
        this.#running++;
        const done = () => {
          if (!isDead()) this.#running--;
        };
        Promise.resolve(work).then(done, done);
      },
      abort: (/** @type {string} */ reason) => {
        if (!isDead()) this.end("abort", reason);
        throw new Error(reason);
      },
    };
  }

  /** @param {ServerEnd} end @param {string[]} tags */
  #accept(end, tags) {
    if (end.object) throw new Error("Cannot call `acceptWebSocket()` twice on one WebSocket.");
    end.object = this;
    end.tags = tags;
    end.acceptedAt = this.#around.clock.now;
    end.connectedAt = this.#around.connected();
    this.#ends.add(end);
  }
}
