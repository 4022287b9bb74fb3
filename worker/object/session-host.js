/**
 * Hosts a session in its Durable Object: wakes it, hands it events, and carries out its effects. No decision
 * about a message or a user is made here; the session makes them all, in `src/`.
 */
import { isDevice } from "./device-sockets.js";
import { EffectRunner } from "./effect-runner.js";
import { EventFailure, Failures, WakingFailure, internalError } from "./failures.js";
import { HEARTBEATS_INTERVAL_MS, Heartbeats } from "./heartbeats.js";
import { LostLeaving } from "./lost-leaving.js";
import { SocketTable } from "./socket-table.js";
import { close, send } from "./sockets.js";
import { SessionStorage } from "./storage.js";
import { TRY_AGAIN_CLOSE } from "../http/responses.js";
import { quoted, report } from "../common/log.js";
import { randomInteger, readSqlite } from "../common/platform.js";
import { NO_NAME, PlatformError } from "../common/requirements.js";
import { SessionInstance } from "../../bindings/session-instance.js";
import { ProtocolVersion, protocolVersionOf } from "../../bindings/wire.js";

/** @import { Handshake } from "../http/handshake.js" */
/** @import { LogoutRestart } from "./logout-restart.js" */
/** @import { OwnerSettings } from "./owner-settings.js" */
/** @import { ResolvedPushOptions, Answer, Credential, LogoutDemand, RequestEvent, SessionEvent, WokenConnection } from "../../bindings/wire.js" */

const NO_BYTES = new Uint8Array(0);

/**
 * The parts of the object that a session needs.
 * @typedef {object} Surroundings
 * @property {OwnerSettings} owner
 * @property {((counts: number[]) => void) | null} collect Takes the counts, in the order of `Counter` in
 *   src/format/metrics.h; `null` if nobody collects them.
 * @property {(ended: string) => void} onLoggedOut Called when a logout is stored, with the JSON of EndedSessions.
 * @property {LogoutRestart} restart Told of the sockets that the session closes, before anything else can run.
 */

export class SessionHost {
  #ctx;
  #module;
  #owner;
  #isMeasured;
  #effects;
  /** @type {SessionInstance | null} */
  #instance = null;
  #sockets = new SocketTable();
  #storage;
  #failures = new Failures();
  #heartbeats;
  #lost;

  /**
   * @param {DurableObjectState} ctx
   * @param {WebAssembly.Module} module
   * @param {Surroundings} surroundings
   */
  constructor(ctx, module, { owner, collect, onLoggedOut, restart }) {
    this.#ctx = ctx;
    this.#heartbeats = new Heartbeats(ctx);
    this.#lost = new LostLeaving(ctx, () => this.wake());
    this.#storage = new SessionStorage(ctx.storage);
    this.#module = module;
    this.#owner = owner;
    this.#isMeasured = collect !== null;
    const userId = () => this.userId();
    const [storage, sockets] = [this.#storage, this.#sockets];
    this.#effects = new EffectRunner({ ctx, storage, sockets, collect, onLoggedOut, restart, userId });
  }

  /**
   * Makes sure that there is an instance, which knows storage and the open sockets.
   * @param {WebSocket} [leaving] A socket whose device or host has just closed it: it counts as open, since the
   *   session has yet to get its `Disconnected`.
   */
  wake(leaving) {
    if (this.#instance) return;
    this.#sockets.clear();
    this.#heartbeats.forget();
    /** @type {WokenConnection[]} */
    const connections = [];
    for (const socket of this.#ctx.getWebSockets()) {
      // The platform still lists a socket that the server has closed.
      if (socket.readyState !== WebSocket.OPEN && socket !== leaving) continue;
      const attachment = socket.deserializeAttachment();
      if (!isDevice(this.#ctx, socket, attachment)) continue;
      connections.push({
        connection: this.#sockets.add(socket),
        heartbeat: this.#heartbeats.of(socket),
        attachment: attachment instanceof Uint8Array ? attachment : NO_BYTES,
      });
    }
    /** @type {SessionEvent} */
    const event = {
      type: "Woken",
      userId: this.userId(),
      now: Date.now(),
      ...readSqlite(this.#ctx.storage, () => this.#storage.read()),
      connections,
      ...this.#owner,
      isMeasured: this.#isMeasured,
      isAnyLost: this.#lost.isAny,
      randomness: randomInteger(),
    };
    try {
      const { values } = this.#storage;
      const instance = new SessionInstance(this.#module, (slot) => values.of(slot));
      this.#effects.run(instance.step(event));
      this.#instance = instance;
      this.#lost.told();
    } catch (error) {
      throw this.#failure(event, error);
    }
  }

  /**
   * Hands an event to the session and carries out its effects.
   * @param {SessionEvent} event
   * @returns {Answer | null} The answer, if the event was a request.
   * @throws {EventFailure} if the module traps or a write throws. No device was told anything then, since the
   *   effects that write come first. A new instance serves the next event.
   */
  #run(event) {
    this.wake();
    try {
      const answer = this.#effects.run(/** @type {SessionInstance} */ (this.#instance).step(event));
      // The host reads heartbeats in front of other events. Their success does not end a row of failures.
      if (event.type !== "HeartbeatsRead") this.#failures.noteServed();
      return answer;
    } catch (error) {
      throw this.#failure(event, error);
    }
  }

  /**
   * Drops the instance, which has trapped, or whose memory has a change that was not stored. The next one wakes
   * from storage and attachments, as if the event had never come.
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
   * Connects a device.
   * @param {WebSocket} socket The object's end of a new pair.
   * @param {Handshake} handshake
   * @param {Credential} credential
   * @returns {Answer | null} The refusal, `null` if the device is let in.
   */
  connect(socket, { version, deviceId, tabId, run, since, inbox }, credential) {
    // A device of version 2 is told the other devices at once, so their heartbeats must have just been read.
    const seesOthers = version === ProtocolVersion.Version2;
    this.#pollHeartbeats(seesOthers ? 0 : HEARTBEATS_INTERVAL_MS);
    const connection = this.#sockets.add(socket);
    const now = Date.now();
    const device = { deviceId, credential, version, tabId, run, since, inbox };
    const answer = this.#run({ type: "Connected", connection, now, ...device });
    if (answer) this.#sockets.remove(connection);
    return answer;
  }

  /**
   * Hands a device's frame to the session. A frame of a socket that the server has closed has no effect: the
   * socket is not in the table.
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   * @param {string} misfit Why it does not fit the app's definition; empty if it does.
   */
  receive(socket, content, misfit) {
    this.#pollHeartbeats(HEARTBEATS_INTERVAL_MS, socket);
    const open = this.#sockets.find(socket);
    if (!open) return;
    open.hasSpoken = true;
    this.#run({ type: "FrameReceived", connection: open.connection, now: Date.now(), content, misfit });
  }

  /**
   * Tells a device that its frame has failed, and closes its socket if its frames fail too often.
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   */
  answerFailure(socket, content) {
    if (socket.readyState !== WebSocket.OPEN) return;
    // There may be no instance after a failure, but there is the attachment.
    const isV2 = protocolVersionOf(socket.deserializeAttachment()) === ProtocolVersion.Version2;
    send(socket, internalError(isV2 ? content : ""));
    if (!this.#failures.noteFrameFailure(socket)) return;
    close(socket, TRY_AGAIN_CLOSE, "our fault: your frames can't be handled now, come back later");
    try {
      this.disconnect(socket, socket);
    } catch {
      // The failure has been reported, and the socket is closed all the same.
    }
  }

  /**
   * Tells the session that a socket has gone or was closed by the host. A socket that the session itself has
   * closed is gone for it already. A failure is followed by a second try, since the platform does not report a
   * close twice. After another one the next instance tells the other devices who is left.
   * @param {WebSocket} socket
   * @param {WebSocket} [leaving] The same socket, unless the session has closed it before.
   */
  disconnect(socket, leaving = this.#sockets.find(socket) && socket) {
    try {
      this.#leave(socket, leaving);
    } catch {
      this.#leaveOrLose(socket, leaving);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {WebSocket} [leaving]
   */
  #leaveOrLose(socket, leaving) {
    try {
      this.#leave(socket, leaving);
    } catch (error) {
      if (leaving) this.#lost.note();
      throw error;
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {WebSocket} [leaving]
   */
  #leave(socket, leaving) {
    this.wake(leaving);
    const open = this.#sockets.find(socket);
    if (!open) return;
    const { connection } = open;
    this.#run({ type: "Disconnected", connection, now: Date.now(), heartbeat: this.#heartbeats.of(socket) });
    this.#sockets.remove(connection);
  }

  /** Whether the present instance has a device of this socket. @param {WebSocket} socket */
  knows(socket) {
    return this.#sockets.find(socket) !== undefined;
  }

  /** @param {Credential} credential */
  requestState(credential) {
    return this.#serve({ type: "StateRequested", now: Date.now(), heartbeat: 0, credential });
  }

  /**
   * Serves a request that brings nothing but its credential.
   * @param {"ClearRequested" | "ExportRequested" | "TicketRequested"} type
   * @param {Credential} credential
   */
  request(type, credential) {
    return this.#serve({ type, now: Date.now(), credential });
  }

  /**
   * @param {string | Uint8Array} body
   * @param {ResolvedPushOptions} options
   * @param {{misfit: string, size?: number}} more Why it does not fit; its size where only its beginning was read.
   */
  push(body, options, more) {
    return this.#serve({ type: "PushRequested", now: Date.now(), body, options, ...more });
  }

  /**
   * @param {"GameJoinRequested" | "GameLeaveRequested"} type
   * @param {string} gameId
   */
  changeGames(type, gameId) {
    return this.#serve({ type, now: Date.now(), gameId });
  }

  /**
   * @param {LogoutDemand} demand
   * @param {Credential} credential The credential of who asks.
   */
  logout(demand, credential) {
    // The heartbeats are not read before: a device that seems to have vanished must get the logout.
    return this.#run({ type: "LogoutRequested", now: Date.now(), credential, ...demand });
  }

  /**
   * @param {Credential} credential
   * @param {string} key The only value that is wanted; empty for all.
   */
  requestValues(credential, key) {
    return this.#serve({ type: "ValuesRequested", now: Date.now(), credential, key });
  }

  /**
   * @param {string} frame The `set_value` or `delete_value` frame that would do the same.
   * @param {Credential} credential
   * @param {string} [misfit] Why the value does not fit the app's definition; empty if it does.
   */
  changeValue(frame, credential, misfit) {
    return this.#serve({ type: "ValueChangeRequested", now: Date.now(), credential, frame, misfit });
  }

  requestDevices() {
    return this.#serve({ type: "DevicesRequested", now: Date.now() });
  }

  metrics() {
    return this.#run({ type: "MetricsRequested", now: Date.now() });
  }

  /**
   * Serves a request, after the devices that have vanished were taken off.
   * @param {RequestEvent} event
   */
  #serve(event) {
    this.#pollHeartbeats(0);
    return this.#run(event);
  }

  /**
   * Tells the session the times of the heartbeats, which show what devices have vanished.
   * @param {number} age Maximum age of the previous reading, in ms.
   * @param {WebSocket} [sender] The socket of the frame that has come.
   */
  #pollHeartbeats(age, sender) {
    this.wake();
    const event = this.#heartbeats.poll(this.#sockets.all(), age, sender);
    if (event) this.#run(event);
  }

  /** Reads the user's id, which is the name of the object. */
  userId() {
    const { name } = this.#ctx.id;
    if (name === undefined) throw new PlatformError(NO_NAME);
    return name;
  }
}
