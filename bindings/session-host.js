/**
 * A session at work inside its Durable Object: gives it the events it needs to know where it stands
 * and carries out what it wants done.
 */
import { SessionInstance } from "./session-instance.js";
import { SocketTable } from "./socket-table.js";
import { EffectKind } from "./wire.js";

/** @import { OpenSocket } from "./socket-table.js" */
/** @import { Allowance, Answer, Credential, Effect, SessionEvent, WokenConnection } from "./wire.js" */

const SNAPSHOT_KEY = "session";
const LOGOUT_KEY = "session.logout";
const UNREADABLE_KEY = "session.unreadable";

const NO_BYTES = new Uint8Array(0);

/**
 * What a session needs of the object around it.
 * @typedef {object} Surroundings
 * @property {Allowance} allowance
 * @property {((counts: number[]) => void) | null} collect Takes what has been counted, in the order of
 *   `Counter` in src/metrics.h; `null` if nobody does.
 * @property {(closed: OpenSocket[]) => void} onLoggedOut Told of a logout, in the turn in which it is
 *   stored, and of the sockets that it has closed.
 */

export class SessionHost {
  #ctx;
  #module;
  #allowance;
  #onLoggedOut;
  #collect;
  /** @type {SessionInstance | null} */
  #instance = null;
  #sockets = new SocketTable();
  #copy = NO_BYTES;

  /**
   * @param {DurableObjectState} ctx
   * @param {WebAssembly.Module} module
   * @param {Surroundings} surroundings
   */
  constructor(ctx, module, { allowance, collect, onLoggedOut }) {
    this.#ctx = ctx;
    this.#module = module;
    this.#allowance = allowance;
    this.#collect = collect;
    this.#onLoggedOut = onLoggedOut;
  }

  /**
   * Makes sure that there is an instance which knows what is stored and which sockets are open.
   * @param {WebSocket} [closing] The socket whose close event is being served: it is no longer open,
   *   but the session has yet to hear of it.
   */
  wake(closing) {
    if (this.#instance) return;
    const instance = new SessionInstance(this.#module);
    this.#sockets.clear();
    /** @type {WokenConnection[]} */
    const connections = [];
    for (const socket of this.#ctx.getWebSockets()) {
      // Sockets that the server has closed are still listed, in state 2, or in 3 once the device has
      // answered. One that its device closes is in state 2 only during its own close event.
      const isKnown = socket.readyState === WebSocket.OPEN ||
        (socket === closing && socket.readyState === WebSocket.CLOSING);
      if (!isKnown) continue;
      const attachment = socket.deserializeAttachment();
      connections.push({
        connection: this.#sockets.add(socket),
        heartbeat: this.#heartbeat(socket),
        attachment: attachment instanceof Uint8Array ? attachment : NO_BYTES,
      });
    }
    const effects = instance.step({
      type: "Woken",
      userId: this.userId(),
      now: Date.now(),
      logout: bytesOrNull(this.#ctx.storage.kv.get(LOGOUT_KEY)),
      ...this.#stored(),
      connections,
      allowance: this.#allowance,
      isMeasured: this.#collect !== null,
    });
    this.#apply(effects);
    this.#instance = instance;
  }

  /**
   * Hands an event to the session and does what it wants done.
   * @param {SessionEvent} event
   * @returns {Answer | null} The answer, if the event was a request.
   * @throws when the module traps or the storage refuses. Nothing was announced then, and the next
   *   event is served by a new instance.
   */
  #run(event) {
    return this.#apply(this.#step(event));
  }

  /**
   * Lets a device in, or not.
   * @param {WebSocket} socket The object's end of a new pair.
   * @param {string} deviceId
   * @param {Credential} credential
   * @returns {Answer | null} The refusal, if it is one.
   */
  connect(socket, deviceId, credential) {
    this.wake();
    const connection = this.#sockets.add(socket);
    const now = Date.now();
    const effects = this.#step({ type: "Connected", connection, now, deviceId, credential });
    if (effects.some(({ kind }) => kind === EffectKind.Answer)) {
      this.#sockets.remove(connection);
    } else {
      this.#ctx.acceptWebSocket(socket);
    }
    return this.#apply(effects);
  }

  /**
   * Hands a device's frame to the session. One that comes from a socket the server has closed does
   * nothing: such a socket is not in the table.
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   */
  receive(socket, content) {
    this.wake();
    const open = this.#sockets.find(socket);
    if (!open) return;
    open.hasSpoken = true;
    this.#run({ type: "FrameReceived", connection: open.connection, now: Date.now(), content });
  }

  /**
   * Tells the session that a socket has gone, unless it was the session that closed it.
   * @param {WebSocket} socket
   */
  disconnect(socket) {
    const open = this.#sockets.find(socket);
    if (!open) return;
    const { connection } = open;
    this.#run({ type: "Disconnected", connection, heartbeat: this.#heartbeat(socket) });
    this.#sockets.remove(connection);
  }

  /** @param {Credential} credential */
  requestState(credential) {
    this.wake();
    let heartbeat = 0;
    for (const { socket } of this.#sockets.all()) {
      heartbeat = Math.max(heartbeat, this.#heartbeat(socket));
    }
    return this.#run({ type: "StateRequested", now: Date.now(), heartbeat, credential });
  }

  /** @param {Credential} credential */
  clear(credential) {
    return this.#run({ type: "ClearRequested", now: Date.now(), credential });
  }

  /**
   * @param {string | Uint8Array} body
   * @param {number} [size] The body's size in bytes where only its beginning was read.
   */
  push(body, size) {
    return this.#run({ type: "PushRequested", now: Date.now(), body, size });
  }

  /** @param {string} gameId */
  joinGame(gameId) {
    return this.#run({ type: "GameJoinRequested", now: Date.now(), gameId });
  }

  /** @param {string} gameId */
  leaveGame(gameId) {
    return this.#run({ type: "GameLeaveRequested", now: Date.now(), gameId });
  }

  logoutAll() {
    return this.#run({ type: "LogoutRequested", now: Date.now() });
  }

  metrics() {
    return this.#run({ type: "MetricsRequested", now: Date.now() });
  }

  /** The name that the object was made from, which hibernation does not lose. */
  userId() {
    const { name } = this.#ctx.id;
    if (name === undefined) {
      throw new Error("a UserSessionDO must be addressed by idFromName(userId)");
    }
    return name;
  }

  /** What is stored, or what the server that this one replaces has left. */
  #stored() {
    const { kv } = this.#ctx.storage;
    const snapshot = bytesOrNull(kv.get(SNAPSHOT_KEY));
    if (snapshot) return { snapshot, legacy: null };
    const games = kv.get("activeGames");
    const lastActive = kv.get("lastActive");
    if (games === undefined && lastActive === undefined) return { snapshot: null, legacy: null };
    const legacy = {
      games: Array.isArray(games) ? games.filter((game) => typeof game === "string") : [],
      lastActive: Number.isSafeInteger(lastActive) ? Number(lastActive) : 0,
    };
    return { snapshot: null, legacy };
  }

  /**
   * @param {SessionEvent} event
   * @returns {Effect[]}
   */
  #step(event) {
    this.wake();
    try {
      return /** @type {SessionInstance} */ (this.#instance).step(event);
    } catch (error) {
      // The module trapped. No effect of the event was applied, so an instance that wakes anew from
      // storage and attachments goes on as if the event had never been.
      this.#instance = null;
      throw error;
    }
  }

  /**
   * Carries out effects in their order. There is no await in it: the platform holds every frame back
   * until what was written before it is safe.
   * @param {Effect[]} effects
   */
  #apply(effects) {
    try {
      // Several rows change together or not at all: what an older server has left must not go before
      // its successor is stored, and no logout be stored whose sockets stay open.
      if (isMoreThanOneRow(effects)) {
        return this.#ctx.storage.transactionSync(() => this.#applyAll(effects));
      }
      return this.#applyAll(effects);
    } catch (error) {
      // The storage refused, so what the instance believes is not what is stored.
      this.#instance = null;
      throw error;
    }
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
        this.#sockets.socketOf(connection)?.serializeAttachment(this.#copyOf(bytes));
        return undefined;
      case EffectKind.Send:
        send(this.#sockets.socketOf(connection), text);
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
      case EffectKind.Measure:
        this.#collect?.(JSON.parse(text));
        return undefined;
      case EffectKind.Report:
        console.error(`user-session: user ${JSON.stringify(this.userId())}: ${text}`);
        return undefined;
      default:
        this.#applyToStorage(kind, bytes);
        return undefined;
    }
  }

  /**
   * @param {number} kind
   * @param {Uint8Array} bytes
   */
  #applyToStorage(kind, bytes) {
    const { kv } = this.#ctx.storage;
    switch (kind) {
      case EffectKind.Store:
        return kv.put(SNAPSHOT_KEY, this.#copyOf(bytes));
      case EffectKind.StoreLogout:
        return kv.put(LOGOUT_KEY, this.#copyOf(bytes));
      case EffectKind.SetAside:
        kv.put(`${UNREADABLE_KEY}.${Date.now()}`, kv.get(SNAPSHOT_KEY));
        kv.delete(SNAPSHOT_KEY);
        return;
      case EffectKind.Erase:
        for (const [key] of [...kv.list()]) if (key !== LOGOUT_KEY) kv.delete(key);
        return;
      default:
        throw new Error(`effect ${kind} is unknown: the module is of another version than the shim`);
    }
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

  /**
   * Bytes of the module's memory in a buffer of their own, as the platform needs them: it writes the
   * whole buffer that they lie in. Good until the next call.
   * @param {Uint8Array} bytes
   */
  #copyOf(bytes) {
    if (this.#copy.length !== bytes.length) this.#copy = new Uint8Array(bytes.length);
    this.#copy.set(bytes);
    return this.#copy;
  }

  /** @param {WebSocket} socket */
  #heartbeat(socket) {
    return this.#ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
  }
}

/**
 * A stored value as the session reads it. One that isn't bytes is not ours, and as unreadable as
 * damaged ones.
 * @param {unknown} value
 */
function bytesOrNull(value) {
  if (value === undefined) return null;
  return value instanceof Uint8Array ? value : NO_BYTES;
}

/** @param {Effect[]} effects */
function isMoreThanOneRow(effects) {
  let rows = 0;
  for (const { kind } of effects) {
    if (kind === EffectKind.Erase || kind === EffectKind.SetAside) return true;
    if (kind === EffectKind.Store || kind === EffectKind.StoreLogout) rows++;
  }
  return rows > 1;
}

/**
 * @param {WebSocket | undefined} socket
 * @param {number} code
 * @param {string} reason
 */
function close(socket, code, reason) {
  try {
    socket?.close(code, reason);
  } catch {
    // It closed under our hands. The others are still to be closed.
  }
}

/**
 * @param {WebSocket | undefined} socket
 * @param {string} text
 */
function send(socket, text) {
  try {
    socket?.send(text);
  } catch {
    // It closed under our hands, and its close event follows.
  }
}
