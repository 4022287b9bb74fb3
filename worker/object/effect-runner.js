/**
 * Carries out the effects of a session on its storage and its sockets. Which effects there are is decided in `src/`,
 * when they are carried out in session-host.js.
 */
import { acceptDevice } from "./device-sockets.js";
import { close, send } from "./sockets.js";
import { quoted, report } from "../common/log.js";
import { EffectKind } from "../../bindings/wire.js";

/** @import { LogoutRestart } from "./logout-restart.js" */
/** @import { SocketTable } from "./socket-table.js" */
/** @import { SessionStorage } from "./storage.js" */
/** @import { Answer, Effect } from "../../bindings/wire.js" */

/**
 * The parts of the object that effects act on.
 * @typedef {object} Acted
 * @property {DurableObjectState} ctx
 * @property {SessionStorage} storage
 * @property {SocketTable} sockets
 * @property {((counts: number[]) => void) | null} collect
 * @property {(ended: string) => void} onLoggedOut
 * @property {LogoutRestart} restart
 * @property {() => string} userId
 */

export class EffectRunner {
  #on;

  /** @param {Acted} on */
  constructor(on) {
    this.#on = on;
  }

  /**
   * Carries out effects in their order and without an await. The platform holds every frame back until the
   * writes before it are safe, and an await could let another event run in between.
   * @param {Effect[]} effects
   */
  run(effects) {
    return this.#on.storage.atomically(effects, () => this.#runAll(effects));
  }

  /** @param {Effect[]} effects */
  #runAll(effects) {
    /** @type {Answer | null} */
    let answer = null;
    for (const effect of effects) answer = this.#runOne(effect) ?? answer;
    return answer;
  }

  /**
   * @param {Effect} effect
   * @returns {Answer | undefined}
   */
  #runOne(effect) {
    const { kind, connection, number, text, bytes } = effect;
    const { sockets, storage, restart } = this.#on;
    switch (kind) {
      case EffectKind.SetAttachment:
        sockets.socketOf(connection)?.serializeAttachment(storage.copyOut(bytes));
        return undefined;
      case EffectKind.Accept:
        this.#accept(connection);
        return undefined;
      case EffectKind.Send:
        send(sockets.socketOf(connection), text);
        return undefined;
      case EffectKind.SendToAll:
        for (const { socket } of sockets.all()) send(socket, text);
        return undefined;
      case EffectKind.Close:
      case EffectKind.Expel:
        close(sockets.socketOf(connection), number, text);
        sockets.remove(connection);
        restart.socketClosed();
        return undefined;
      case EffectKind.CloseAll:
        this.#closeAll(number, text);
        return undefined;
      case EffectKind.Answer:
        return { status: number, body: text };
      case EffectKind.RecordMetrics:
        this.#on.collect?.(JSON.parse(text));
        return undefined;
      case EffectKind.LogOut:
        this.#on.onLoggedOut(text);
        return undefined;
      case EffectKind.Log:
        report(`user ${quoted(this.#on.userId())}: ${text}`);
        return undefined;
      default:
        storage.apply(effect);
        return undefined;
    }
  }

  /** @param {number} connection */
  #accept(connection) {
    const socket = this.#on.sockets.socketOf(connection);
    if (socket) acceptDevice(this.#on.ctx, socket);
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #closeAll(code, reason) {
    const { sockets, restart } = this.#on;
    const closed = [...sockets.all()];
    sockets.clear();
    for (const { socket } of closed) close(socket, code, reason);
    restart.socketsClosed(closed);
  }
}
