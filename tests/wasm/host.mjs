/**
 * A platform for one session, in memory, that carries out the commands of scenario files: it keeps
 * what the session stores and attaches, and knows which sockets are open. tests/unit/host.cpp is
 * the same for the session without Wasm.
 */

import { SessionInstance } from "../../bindings/session-instance.js";
import { TRUSTED } from "../../worker/auth/identity.js";
import { ProtocolVersion, EffectKind } from "../../bindings/wire.js";
import { lineOf } from "./effect-lines.mjs";
import { credentialOf, demandOf, ownerSetting, pushOf } from "./host-words.mjs";
import { HostRows } from "./host-rows.mjs";
import { bytesOf, stringOf } from "./scenario-text.mjs";

/** @import { Effect, Position, SessionEvent } from "../../bindings/wire.js" */

const NO_BYTES = new Uint8Array(0);

/** A push to all devices that is not kept. */
export const TO_ALL = Object.freeze({ keep: 0, pushId: "", to: [], except: [] });

/** What a device of version 1 has of what only version 2 says. */
export const AS_VERSION_1 = Object.freeze({
  version: ProtocolVersion.Version1,
  tabId: "",
  run: "",
  since: Object.freeze({ epoch: 0, seq: 0 }),
  inbox: -1,
});

/** The requests that bring nothing but a credential. @type {Record<string, "ClearRequested" | "ExportRequested" | "TicketRequested">} */
const BY_CREDENTIAL = { clear: "ClearRequested", export: "ExportRequested", ticket: "TicketRequested" };

export class Host {
  /**
   * Told of each step, with the sockets that are open before its effects.
   * @type {(event: SessionEvent, effects: Effect[], open: number[]) => void}
   */
  onStep = () => {};
  #module;
  /** @type {SessionInstance | null} */
  #instance = null;
  #userId = "";
  #now = 0;
  #credential = TRUSTED;
  #rateLimits = openRateLimits();
  #owner = { notBefore: 0, clockSkew: 0, isNobodyChecked: false };
  #isMeasured = false;
  #rows = new HostRows();
  /** A backup of what is stored, made by the command `save`. */
  #saved = new HostRows();
  #randomness = 0;
  /** Why the frame or push of the next step does not fit the app's definition. */
  #misfit = "";
  /** The epochs that frames have told, in the order in which they were told first. @type {number[]} */
  #epochs = [];
  /** @type {Map<number, {attachment: Uint8Array, heartbeat: number}>} */
  #sockets = new Map();

  /** @param {WebAssembly.Module} module */
  constructor(module) {
    this.#module = module;
  }

  /**
   * Has the next instance run another module, as a deploy does under sleeping sockets.
   * @param {WebAssembly.Module} module
   */
  deploy(module) {
    this.#module = module;
  }

  /**
   * Carries out a command.
   * @param {string} command
   * @returns {string[]} Its effects, one a line.
   */
  run(command) {
    const [name, rest] = cut(command);
    if (name === "times") return this.#times(rest);
    if (name === "misfit") this.#misfit = stringOf(rest);
    if (name === "misfit" || this.#changeWorld(name, rest)) return [];
    return this.#act(name, rest).map(lineOf);
  }

  /**
   * Commands that change the world around the session; it is not told.
   * @param {string} name
   * @param {string} rest
   */
  #changeWorld(name, rest) {
    const [first, text] = cut(rest);
    const setting = ownerSetting(name, rest);
    if (setting) {
      Object.assign(this.#owner, setting);
      return true;
    }
    switch (name) {
      case "at":
        this.#now = Number(rest);
        return true;
      case "after":
        this.#now += Number(rest);
        return true;
      case "heartbeat":
        this.#socket(Number(rest)).heartbeat = this.#now;
        return true;
      case "attached":
        this.#socket(Number(first)).attachment = bytesOf(text);
        return true;
      case "appended": {
        const socket = this.#socket(Number(first));
        socket.attachment = Buffer.concat([socket.attachment, bytesOf(text)]);
        return true;
      }
      case "credential": {
        this.#credential = credentialOf(Number(first), text.split(" "));
        return true;
      }
      case "allow":
        this.#allow(first, text.split(" ").map(Number));
        return true;
      case "measured":
        this.#isMeasured = true;
        return true;
      case "stored":
        this.#rows.snapshot = bytesOf(rest);
        return true;
      case "stored_logout":
        this.#rows.logout = bytesOf(rest);
        return true;
      case "legacy":
        this.#rows.legacy = { lastActive: Number(first), games: text ? stringOf(text).split(",") : [] };
        return true;
      case "save":
        this.#saved = this.#rows.copy();
        return true;
      default:
        return false;
    }
  }

  /**
   * @param {string} what
   * @param {number[]} numbers
   */
  #allow(what, [count, perMs, burst]) {
    const rate = { count, perMs, burst };
    if (what === "devices") this.#rateLimits.devicesMax = count;
    if (what === "frames") this.#rateLimits.frames = rate;
    if (what === "user_frames") this.#rateLimits.userFrames = rate;
    if (what === "connects") this.#rateLimits.connects = rate;
  }

  /**
   * @param {string} name
   * @param {string} rest
   * @returns {Effect[]}
   */
  #act(name, rest) {
    const [first, text] = cut(rest);
    const connection = Number(first);
    const now = this.#now;
    switch (name) {
      case "wake":
        this.#userId = stringOf(rest);
        return this.#wake();
      case "sleep":
        return this.#wake();
      case "crash":
        this.#sockets.clear();
        return this.#wake();
      case "lost":
        this.#sockets.delete(connection);
        return this.#wake(true);
      case "restore":
        this.#rows = this.#saved.copy();
        this.#sockets.clear();
        return this.#wake();
      case "connect":
        return this.#connect(connection, stringOf(text));
      case "connect2":
        return this.#connectV2(connection, text);
      case "frame":
        return this.#step({ type: "FrameReceived", connection, now, content: stringOf(text) });
      case "binary": {
        const content = new ArrayBuffer(Number(text));
        return this.#step({ type: "FrameReceived", connection, now, content });
      }
      case "disconnect":
        return this.#disconnect(connection);
      default:
        return this.#step(this.#request(name, rest));
    }
  }

  /**
   * @param {string} name
   * @param {string} rest
   * @returns {SessionEvent}
   */
  #request(name, rest) {
    const now = this.#now;
    const credential = this.#credential;
    if (Object.hasOwn(BY_CREDENTIAL, name)) return { type: BY_CREDENTIAL[name], now, credential };
    switch (name) {
      case "push":
        return { type: "PushRequested", now, body: bytesOf(rest), options: TO_ALL };
      case "push2":
        return { type: "PushRequested", now, ...pushOf(rest) };
      case "join":
        return { type: "GameJoinRequested", now, gameId: stringOf(rest) };
      case "leave":
        return { type: "GameLeaveRequested", now, gameId: stringOf(rest) };
      case "metrics":
        return { type: "MetricsRequested", now };
      case "logout":
        return { type: "LogoutRequested", now, credential: TRUSTED, ...demandOf(rest === "" ? "all" : `device ${rest}`) };
      case "logout2":
        return { type: "LogoutRequested", now, credential, ...demandOf(rest) };
      case "devices":
        return { type: "DevicesRequested", now };
      case "values":
        return { type: "ValuesRequested", now, credential, key: stringOf(rest) };
      case "change":
        return { type: "ValueChangeRequested", now, credential, frame: stringOf(rest) };
      case "heartbeats": {
        const heartbeats = this.#inOrder().map(([id, { heartbeat }]) =>
          ({ connection: id, at: heartbeat }));
        return { type: "HeartbeatsRead", now, heartbeats };
      }
      case "state": {
        const heartbeats = [...this.#sockets.values()].map(({ heartbeat }) => heartbeat);
        const heartbeat = Math.max(0, ...heartbeats);
        return { type: "StateRequested", now, heartbeat, credential };
      }
      default:
        throw new Error(`there is no command ${name}`);
    }
  }

  #inOrder() {
    return [...this.#sockets].sort(([a], [b]) => a - b);
  }

  /** @param {boolean} [isAnyLost] */
  #wake(isAnyLost) {
    this.#instance = new SessionInstance(this.#module, (slot) => this.#rows.valueOf(slot));
    const connections = this.#inOrder().map(([connection, socket]) => ({ connection, ...socket }));
    return this.#step({
      type: "Woken",
      userId: this.#userId,
      now: this.#now,
      ...this.#rows.woken(),
      connections,
      rateLimits: this.#rateLimits,
      ...this.#owner,
      isMeasured: this.#isMeasured,
      isAnyLost,
      randomness: this.#randomness++,
    });
  }

  /**
   * @param {number} connection
   * @param {string} deviceId
   * @param {{version: number, tabId: string, run: string, since: Position, inbox: number}} [more]
   */
  #connect(connection, deviceId, more = AS_VERSION_1) {
    this.#sockets.set(connection, { attachment: NO_BYTES, heartbeat: 0 });
    const now = this.#now;
    const credential = this.#credential;
    const event = { type: /** @type {const} */ ("Connected"), connection, now, deviceId, credential };
    const effects = this.#step({ ...event, ...more });
    if (!effects.some(({ kind }) => kind === EffectKind.Accept)) this.#sockets.delete(connection);
    return effects;
  }

  /**
   * `DEVICE[/TAB] [run=RUN] [since=EPOCH.SEQ] [inbox=N]`.
   * @param {number} connection
   * @param {string} text
   */
  #connectV2(connection, text) {
    const [names, ...options] = text.split(" ");
    const [deviceId, tabId = ""] = stringOf(names).split("/");
    const says = Object.fromEntries(options.map((option) => option.split("=")));
    return this.#connect(connection, deviceId, {
      version: ProtocolVersion.Version2,
      tabId,
      run: stringOf(says.run ?? ""),
      since: this.#placeOf(says.since),
      inbox: Number(says.inbox ?? -1),
    });
  }

  /**
   * The epoch of a place is a number, or `^` for the newest that a frame has told, `^^` for the one before.
   * @param {string | undefined} text
   */
  #placeOf(text) {
    if (text === undefined) return AS_VERSION_1.since;
    const [epoch, seq] = text.split(".");
    const told = epoch.startsWith("^") ? this.#epochs.at(-epoch.length) : Number(epoch);
    return { epoch: /** @type {number} */ (told), seq: Number(seq) };
  }

  /** @param {number} connection */
  #disconnect(connection) {
    const heartbeat = this.#sockets.get(connection)?.heartbeat ?? 0;
    const effects = this.#step({ type: "Disconnected", connection, now: this.#now, heartbeat });
    this.#sockets.delete(connection);
    return effects;
  }

  /** @param {number} connection */
  #socket(connection) {
    const known = this.#sockets.get(connection);
    if (known) return known;
    const socket = { attachment: NO_BYTES, heartbeat: 0 };
    this.#sockets.set(connection, socket);
    return socket;
  }

  /** @param {SessionEvent} event */
  #step(event) {
    if (!this.#instance) throw new Error("the scenario must begin with wake");
    const whole = /** @type {SessionEvent} */ ({ ...event, misfit: this.#misfit });
    this.#misfit = "";
    const effects = this.#instance.step(whole);
    this.onStep(whole, effects, [...this.#sockets.keys()]);
    for (const effect of effects) this.#apply(effect);
    return effects;
  }

  /** @param {Effect} effect */
  #apply(effect) {
    const { kind, connection, text, bytes } = effect;
    this.#rows.apply(effect);
    if (kind === EffectKind.Close || kind === EffectKind.Expel) this.#sockets.delete(connection);
    if (kind === EffectKind.CloseAll) this.#sockets.clear();
    if (kind === EffectKind.Send || kind === EffectKind.SendToAll) this.#noteEpoch(text);
    const socket = this.#sockets.get(connection);
    // They lie in the module's memory, where the next step writes.
    if (kind === EffectKind.SetAttachment && socket) socket.attachment = bytes.slice();
  }

  /** @param {string} frame */
  #noteEpoch(frame) {
    const epoch = Number(/^.*"epoch":(\d+)/s.exec(frame)?.[1] ?? NaN);
    if (epoch && !this.#epochs.includes(epoch)) this.#epochs.push(epoch);
  }

  /**
   * Runs commands many times and counts the effects of each kind.
   * @param {string} rest
   */
  #times(rest) {
    const [times, commands] = cut(rest);
    /** @type {Map<string, number>} */
    const counts = new Map();
    for (let i = 1; i <= Number(times); i++) {
      for (const command of commands.split(" ; ")) {
        for (const line of this.run(command.replaceAll("<i>", String(i)))) {
          const [kind] = cut(line);
          counts.set(kind, (counts.get(kind) ?? 0) + 1);
        }
      }
    }
    return [...counts].map(([kind, count]) => `${count} x ${kind}`);
  }
}

/** Rate limits that limit nothing but the number of devices. */
export function openRateLimits() {
  const unlimited = { count: 0, perMs: 1000, burst: 0 };
  return { frames: unlimited, userFrames: unlimited, connects: unlimited, devicesMax: 128 };
}

/**
 * The first word of a text, and the rest.
 * @param {string} text
 * @returns {[string, string]}
 */
function cut(text) {
  const end = text.indexOf(" ");
  return end < 0 ? [text, ""] : [text.slice(0, end), text.slice(end + 1)];
}
