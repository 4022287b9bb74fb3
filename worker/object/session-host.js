/**
 * A session at work inside its Durable Object: gives it the events it needs to know where it stands
 * and carries out what it wants done.
 */
import { EventFailure, Failures, WakingFailure, internalError } from "./failures.js";
import { HEARTBEATS_INTERVAL_MS, Heartbeats } from "./heartbeats.js";
import { quoted, report } from "../shared/log.js";
import { requireSqlite } from "../shared/platform.js";
import { NO_NAME, PlatformError } from "../shared/requirements.js";
import { TRY_AGAIN_CLOSE } from "../http/responses.js";
import { SessionInstance } from "../../bindings/session-instance.js";
import { SessionStorage } from "./storage.js";
import { SocketTable } from "./socket-table.js";
import { close, send } from "./sockets.js";
import { ProtocolVersion, EffectKind } from "../../bindings/wire.js";

/** @import { Handshake } from "../http/handshake.js" */
/** @import { OpenSocket } from "./socket-table.js" */
/** @import { ResolvedPushOptions, RateLimits, Answer, Credential, Effect, RequestEvent, SessionEvent, WokenConnection } from "../../bindings/wire.js" */

const NO_BYTES = new Uint8Array(0);

/**
 * What a session needs of the object around it.
 * @typedef {object} Surroundings
 * @property {RateLimits} rateLimits
 * @property {((counts: number[]) => void) | null} collect Takes what has been counted, in the order of
 *   `Counter` in src/format/metrics.h; `null` if nobody does.
 * @property {(closed: OpenSocket[]) => void} onLoggedOut Told of a logout, in the turn in which it is
 *   stored, and of the sockets that it has closed.
 */

export class SessionHost {
  #ctx;
  #module;
  #rateLimits;
  #onLoggedOut;
  #collect;
  /** @type {SessionInstance | null} */
  #instance = null;
  #sockets = new SocketTable();
  #storage;
  #failures = new Failures();
  #heartbeats;
  /** A device has left without the session: what only its attachment knew is unknown now. */
  #hasLostAttachment = false;
  /** The socket that waits to be accepted. @type {{socket: WebSocket, version: number} | null} */
  #pending = null;

  /**
   * @param {DurableObjectState} ctx
   * @param {WebAssembly.Module} module
   * @param {Surroundings} surroundings
   */
  constructor(ctx, module, { rateLimits, collect, onLoggedOut }) {
    this.#ctx = ctx;
    this.#heartbeats = new Heartbeats(ctx);
    this.#storage = new SessionStorage(ctx.storage);
    this.#module = module;
    this.#rateLimits = rateLimits;
    this.#collect = collect;
    this.#onLoggedOut = onLoggedOut;
  }

  /**
   * Makes sure that there is an instance which knows what is stored and which sockets are open.
   * @param {WebSocket} [closing] The socket whose close event is being served: it is no longer open,
   *   but the session has yet to hear of it.
   * @param {boolean} [isAnswered] Whether its close has been answered.
   */
  wake(closing, isAnswered = false) {
    if (this.#instance) return;
    requireSqlite(this.#ctx.storage);
    this.#sockets.clear();
    this.#heartbeats.forget();
    /** @type {WokenConnection[]} */
    const connections = [];
    for (const socket of this.#ctx.getWebSockets()) {
      // Sockets that the server has closed are still listed, in state 2, or in 3 once the device has
      // answered. One that its device closes is in state 2 only during its own close event.
      const isKnown = socket.readyState === WebSocket.OPEN ||
        (socket === closing && (isAnswered || socket.readyState === WebSocket.CLOSING));
      if (!isKnown) continue;
      const attachment = socket.deserializeAttachment();
      connections.push({
        connection: this.#sockets.add(socket),
        heartbeat: this.#heartbeats.of(socket),
        attachment: attachment instanceof Uint8Array ? attachment : NO_BYTES,
      });
    }
    if (this.#hasLostAttachment) {
      connections.push({ connection: connections.length, heartbeat: 0, attachment: NO_BYTES });
    }
    /** @type {SessionEvent} */
    const event = {
      type: "Woken",
      userId: this.userId(),
      now: Date.now(),
      ...this.#storage.read(),
      connections,
      rateLimits: this.#rateLimits,
      isMeasured: this.#collect !== null,
    };
    try {
      const instance = new SessionInstance(this.#module);
      this.#apply(instance.step(event));
      this.#instance = instance;
      this.#hasLostAttachment = false;
    } catch (error) {
      throw this.#failure(event, error);
    }
  }

  /**
   * Hands an event to the session and does what it wants done.
   * @param {SessionEvent} event
   * @returns {Answer | null} The answer, if the event was a request.
   * @throws {EventFailure} when the module traps or the storage refuses. Nothing was announced then,
   *   and the next event is served by a new instance.
   */
  #run(event) {
    this.wake();
    try {
      const answer = this.#apply(/** @type {SessionInstance} */ (this.#instance).step(event));
      // Those come unasked between others, and say nothing about them.
      if (event.type !== "HeartbeatsRead") this.#failures.noteServed();
      return answer;
    } catch (error) {
      throw this.#failure(event, error);
    }
  }

  /**
   * Gives up the instance, which has trapped, or believes what is not stored. One that wakes anew from
   * storage and attachments goes on as if the event had never been.
   * @param {SessionEvent} event
   * @param {unknown} error
   */
  #failure(event, error) {
    this.#instance = null;
    const line = this.#failures.note(event, error, {
      connections: this.#sockets.size,
      readStored: () => this.#storage.read(),
    });
    report(`user ${quoted(this.userId())}: an event failed, nothing of it was done: ${line}`);
    this.#sockets.clear();
    return event.type === "Woken" ? new WakingFailure() : new EventFailure();
  }

  /**
   * Lets a device in, or not.
   * @param {WebSocket} socket The object's end of a new pair.
   * @param {Handshake} handshake
   * @param {Credential} credential
   * @returns {Answer | null} The refusal, if it is one.
   */
  connect(socket, { version, deviceId, tabId, since }, credential) {
    // Only devices of version 2 are told of others.
    const seesOthers = version === ProtocolVersion.Version2;
    this.#pollHeartbeats(seesOthers ? 0 : HEARTBEATS_INTERVAL_MS);
    const connection = this.#sockets.add(socket);
    const now = Date.now();
    this.#pending = { socket, version };
    try {
      const answer = this.#run({ type: "Connected", connection, now, deviceId, credential, version, tabId, since });
      if (answer) this.#sockets.remove(connection);
      return answer;
    } finally {
      this.#pending = null;
    }
  }

  /**
   * Hands a device's frame to the session. One that comes from a socket the server has closed does
   * nothing: such a socket is not in the table.
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   */
  receive(socket, content) {
    this.#pollHeartbeats(HEARTBEATS_INTERVAL_MS, socket);
    const open = this.#sockets.find(socket);
    if (!open) return;
    open.hasSpoken = true;
    this.#run({ type: "FrameReceived", connection: open.connection, now: Date.now(), content });
  }

  /**
   * Tells a device that its frame has failed. When its frames fail too often its socket is closed, so
   * that it comes back later.
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   */
  answerFailure(socket, content) {
    if (socket.readyState !== WebSocket.OPEN) return;
    // The tag stays with its socket when the instance is lost, and when the object sleeps.
    const isV2 = this.#ctx.getTags(socket).includes(String(ProtocolVersion.Version2));
    send(socket, internalError(isV2 ? content : ""));
    if (!this.#failures.noteFrameFailure(socket)) return;
    try {
      this.disconnect(socket);
    } catch {
      // It has been reported, and a socket that is closed is no device at the next waking.
    }
    close(socket, TRY_AGAIN_CLOSE, "our fault: your frames can't be handled now, come back later");
  }

  /**
   * Tells the session that a socket has gone, unless it was the session that closed it. Nobody will
   * say so again, so it is tried a second time.
   * @param {WebSocket} socket
   */
  disconnect(socket) {
    try {
      this.#leave(socket);
    } catch {
      this.#leaveAgain(socket);
    }
  }

  /** @param {WebSocket} socket */
  #leaveAgain(socket) {
    try {
      this.#leave(socket);
    } catch (error) {
      this.#hasLostAttachment = true;
      throw error;
    }
  }

  /** @param {WebSocket} socket */
  #leave(socket) {
    this.wake(socket, true);
    const open = this.#sockets.find(socket);
    if (!open) return;
    const { connection } = open;
    this.#run({ type: "Disconnected", connection, heartbeat: this.#heartbeats.of(socket) });
    this.#sockets.remove(connection);
  }

  /** @param {Credential} credential */
  requestState(credential) {
    return this.#serve({ type: "StateRequested", now: Date.now(), heartbeat: 0, credential });
  }

  requestDevices() {
    return this.#serve({ type: "DevicesRequested", now: Date.now() });
  }

  /** @param {Credential} credential */
  export(credential) {
    return this.#serve({ type: "ExportRequested", now: Date.now(), credential });
  }

  /** @param {Credential} credential */
  clear(credential) {
    return this.#serve({ type: "ClearRequested", now: Date.now(), credential });
  }

  /**
   * @param {string | Uint8Array} body
   * @param {ResolvedPushOptions} options
   * @param {number} [size] The body's size in bytes where only its beginning was read.
   */
  push(body, options, size) {
    return this.#serve({ type: "PushRequested", now: Date.now(), body, size, options });
  }

  /** @param {string} gameId */
  joinGame(gameId) {
    return this.#serve({ type: "GameJoinRequested", now: Date.now(), gameId });
  }

  /** @param {string} gameId */
  leaveGame(gameId) {
    return this.#serve({ type: "GameLeaveRequested", now: Date.now(), gameId });
  }

  /** @param {string} deviceId Empty for all. */
  logout(deviceId) {
    // One that has vanished is told of it, too, should it still be there.
    return this.#run({ type: "LogoutRequested", now: Date.now(), deviceId });
  }

  metrics() {
    return this.#run({ type: "MetricsRequested", now: Date.now() });
  }

  /**
   * Serves a request. A device that has vanished is not shown in its answer, and gets nothing of it.
   * @param {RequestEvent} event
   */
  #serve(event) {
    this.#pollHeartbeats(0);
    return this.#run(event);
  }

  /**
   * Tells the session which devices have sent heartbeats, and thereby which have vanished.
   * @param {number} age How old what it knows may be, in milliseconds.
   * @param {WebSocket} [sender] Whose frame has come.
   */
  #pollHeartbeats(age, sender) {
    this.wake();
    const event = this.#heartbeats.poll(this.#sockets.all(), age, sender);
    if (event) this.#run(event);
  }

  /** The name that the object was made from, which hibernation does not lose. */
  userId() {
    const { name } = this.#ctx.id;
    if (name === undefined) throw new PlatformError(NO_NAME);
    return name;
  }

  /**
   * Carries out effects in their order. There is no await in it: the platform holds every frame back
   * until what was written before it is safe.
   * @param {Effect[]} effects
   */
  #apply(effects) {
    return this.#storage.atomically(effects, () => this.#applyAll(effects));
  }

  /** @param {Effect[]} effects */
  #applyAll(effects) {
    /** @type {Answer | null} */
    let answer = null;
    for (const effect of effects) answer = this.#applyOne(effect) ?? answer;
    return answer;
  }

  /**
   * @param {Effect} effect
   * @returns {Answer | undefined}
   */
  #applyOne({ kind, connection, number, text, bytes }) {
    switch (kind) {
      case EffectKind.SetAttachment:
        this.#sockets.socketOf(connection)?.serializeAttachment(this.#storage.copyOut(bytes));
        return undefined;
      case EffectKind.Send:
        this.#send(connection, text);
        return undefined;
      case EffectKind.SendToAll:
        for (const { socket } of this.#sockets.all()) send(socket, text);
        return undefined;
      case EffectKind.Close:
      case EffectKind.Expel:
        close(this.#sockets.socketOf(connection), number, text);
        this.#sockets.remove(connection);
        return undefined;
      case EffectKind.CloseAll:
        this.#closeAll(number, text);
        return undefined;
      case EffectKind.Answer:
        return { status: number, body: text };
      case EffectKind.RecordMetrics:
        this.#collect?.(JSON.parse(text));
        return undefined;
      case EffectKind.Log:
        report(`user ${quoted(this.userId())}: ${text}`);
        return undefined;
      default:
        this.#storage.apply(kind, bytes);
        return undefined;
    }
  }

  /**
   * @param {number} connection
   * @param {string} text
   */
  #send(connection, text) {
    const socket = this.#sockets.socketOf(connection);
    // Not before something is attached to it: one that is accepted and never handed to its device
    // would count as open and keep the object awake.
    if (socket && socket === this.#pending?.socket) {
      this.#ctx.acceptWebSocket(socket, [String(this.#pending.version)]);
      this.#pending = null;
    }
    send(socket, text);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closeAll(code, reason) {
    const closed = [...this.#sockets.all()];
    this.#sockets.clear();
    for (const { socket } of closed) close(socket, code, reason);
    this.#onLoggedOut(closed);
  }
}
