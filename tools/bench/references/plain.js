/**
 * The session in plain JavaScript, as well as it can be written: what is known is cached, a change
 * is one write, text is written once for all sockets, heartbeats wake nobody. It speaks version 1
 * for joining, leaving, presence, state and events, and keeps what ours keeps: presence and the
 * `lastActive` that was told survive in attachments. Left out is what only refuses what no device
 * here sends: long frames, deep nesting, lone surrogates. That makes it quicker, not slower.
 */
import { DurableObject } from "cloudflare:workers";

import { textOfData } from "./text-of-data.js";

export { default } from "./routes.js";

const KEY = "session";
const PING = '{"type":"ping"}';
const PONG = '{"type":"pong"}';
const GAMES_MAX = 256;
const NAME_BYTES_MAX = 128;

/** How far the stored `lastActive` may lag behind. */
const LAG_MS = 60_000;

/** How far the `lastActive` that is told may lag behind. */
const TOLD_LAG_MS = 1_000;

const PRESENCES = ["online", "away", "offline"];
const NOT_JSON = "expected one JSON object in UTF-8, nested at most 32 levels deep";
const UNKNOWN_TYPE =
  "type is not one of join_game, leave_game, update_presence, sync_state, ping, logout_all and broadcast";

const encoder = new TextEncoder();

/**
 * How the user was when it was attached, and whose socket it is; `order` tells which is the newest.
 * @typedef {{order: number, lastActive: number, presence: string, deviceId: string}} Attachment
 */

export class Plain extends DurableObject {
  /** Each open socket's device id. @type {Map<WebSocket, string>} */
  #devices = new Map();
  #userId = JSON.stringify(this.ctx.id.name);
  /** @type {string[]} */
  #games = [];
  #gamesJson = "[]";
  #presence = "offline";
  #lastActive = 0;
  #storedAt = 0;
  #attachedAt = 0;
  #order = 0;
  /** Whose attachment is the newest. @type {WebSocket | null} */
  #carrier = null;

  /**
   * @param {DurableObjectState} ctx
   * @param {Env} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    const stored = ctx.storage.kv.get(KEY);
    if (typeof stored === "string") {
      const { activeGames, lastActive } = JSON.parse(stored);
      this.#games = activeGames;
      this.#gamesJson = JSON.stringify(activeGames);
      this.#lastActive = this.#storedAt = lastActive;
    }
    for (const socket of ctx.getWebSockets()) this.#restore(socket);
  }

  /** @param {WebSocket} socket */
  #restore(socket) {
    /** @type {Attachment | null} */
    const attachment = socket.deserializeAttachment();
    if (!attachment) return;
    this.#devices.set(socket, attachment.deviceId);
    this.#touch(this.#heartbeat(socket));
    if (attachment.order <= this.#order) return;
    this.#order = attachment.order;
    this.#carrier = socket;
    this.#presence = attachment.presence;
    this.#attachedAt = attachment.lastActive;
    this.#touch(attachment.lastActive);
  }

  /**
   * @param {Request} request
   * @override
   */
  fetch(request) {
    if (request.headers.get("Upgrade") !== "websocket") return new Response(null, { status: 426 });
    const deviceId = new URL(request.url).searchParams.get("deviceId") ?? "unknown";
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    if (this.#devices.size === 0) this.#presence = "online";
    this.#devices.set(server, deviceId);
    this.#touch(Date.now());
    this.#attach(server);
    const id = JSON.stringify(deviceId);
    server.send(`{"type":"initial_state",${this.#stateFields()},"deviceId":${id}}`);
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   * @override
   */
  webSocketMessage(socket, content) {
    if (!this.#devices.has(socket)) return;
    this.#touch(Date.now());
    const message = parsed(content);
    if (message === null) return this.#refuse(socket, "invalid_json", NOT_JSON);
    switch (message.type) {
      case "join_game":
        return this.#join(socket, message.gameId);
      case "leave_game":
        return this.#leave(socket, message.gameId);
      case "update_presence":
        return this.#updatePresence(socket, message.presence);
      case "sync_state":
        this.#attachIfStale(socket, TOLD_LAG_MS);
        return socket.send(`{"type":"state",${this.#stateFields()}}`);
      case "ping":
        this.#attachIfStale(socket);
        return socket.send(PONG);
      case "broadcast":
        return this.#broadcast(socket, message.event, String(content));
      default:
        return this.#refuseType(socket, message.type);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   * @override
   */
  webSocketClose(socket, code, reason) {
    try {
      socket.close(code, reason);
    } catch {
      socket.close(1000);
    }
    this.#gone(socket);
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketError(socket) {
    this.#gone(socket);
  }

  /** @param {WebSocket} socket */
  #gone(socket) {
    this.#touch(this.#heartbeat(socket));
    if (!this.#devices.delete(socket)) return;
    const [heir] = this.#devices.keys();
    if (heir) {
      if (this.#carrier === socket) this.#attach(heir);
      else this.#attachIfStale(heir);
      return;
    }
    this.#presence = "offline";
    this.#carrier = null;
    this.#attachedAt = 0;
    if (this.#lastActive - this.#storedAt >= LAG_MS) this.#store();
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} gameId
   */
  #join(socket, gameId) {
    if (!isName(gameId)) return this.#refuseName(socket, "gameId", gameId);
    if (this.#games.includes(gameId)) return this.#attachIfStale(socket);
    if (this.#games.length >= GAMES_MAX) {
      return this.#refuse(socket, "limit_reached", "activeGames is full: expected at most 256 games");
    }
    this.#games.push(gameId);
    this.#gamesJson = JSON.stringify(this.#games);
    this.#store();
    this.#tellGame("game_joined", gameId);
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} gameId
   */
  #leave(socket, gameId) {
    if (!isName(gameId)) return this.#refuseName(socket, "gameId", gameId);
    const at = this.#games.indexOf(gameId);
    if (at < 0) {
      this.#attachIfStale(socket);
    } else {
      this.#games.splice(at, 1);
      this.#gamesJson = JSON.stringify(this.#games);
      this.#store();
    }
    this.#tellGame("game_left", gameId);
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} presence
   */
  #updatePresence(socket, presence) {
    if (typeof presence !== "string" || !PRESENCES.includes(presence)) {
      const message = 'presence must be one of "online", "away" and "offline"';
      return this.#refuse(socket, "invalid_message", message);
    }
    if (presence === this.#presence) return this.#attachIfStale(socket);
    this.#presence = presence;
    this.#attach(socket);
    this.#sendToAll(`{"type":"presence_updated","presence":"${presence}"}`);
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} event
   * @param {string} text The frame, whose `data` goes out to the letter.
   */
  #broadcast(socket, event, text) {
    if (!isName(event)) return this.#refuseName(socket, "event", event);
    this.#attachIfStale(socket);
    const name = JSON.stringify(event);
    const from = JSON.stringify(this.#devices.get(socket));
    this.#sendToAll(`{"type":"event","event":${name},"data":${textOfData(text)},"from":${from}}`);
  }

  /**
   * @param {string} type
   * @param {string} gameId
   */
  #tellGame(type, gameId) {
    const id = JSON.stringify(gameId);
    this.#sendToAll(`{"type":"${type}","gameId":${id},"activeGames":${this.#gamesJson}}`);
  }

  /** @param {string} text */
  #sendToAll(text) {
    for (const socket of this.#devices.keys()) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    }
  }

  /**
   * @param {WebSocket} socket
   * @param {string} code
   * @param {string} message
   */
  #refuse(socket, code, message) {
    this.#attachIfStale(socket);
    socket.send(JSON.stringify({ type: "error", code, message }));
  }

  /**
   * @param {WebSocket} socket
   * @param {string} field
   * @param {unknown} value
   */
  #refuseName(socket, field, value) {
    const expected = "expected a string of 1 to 128 bytes";
    if (typeof value !== "string") {
      const what = value === undefined ? "missing" : "not a string";
      return this.#refuse(socket, "invalid_message", `${field} is ${what}: ${expected}`);
    }
    if (value === "") {
      return this.#refuse(socket, "invalid_message", `${field} is empty: ${expected}`);
    }
    const message = `${field} is too long: expected at most 128 bytes of UTF-8`;
    this.#refuse(socket, "limit_reached", message);
  }

  /**
   * @param {WebSocket} socket
   * @param {unknown} type
   */
  #refuseType(socket, type) {
    if (typeof type === "string") return this.#refuse(socket, "unknown_type", UNKNOWN_TYPE);
    const what = type === undefined ? "missing: expected a string" : "not a string";
    this.#refuse(socket, "invalid_message", `type is ${what}`);
  }

  /** No `lastActive` is told but the one that survives. */
  #stateFields() {
    const games = this.#gamesJson;
    return `"userId":${this.#userId},"activeGames":${games},"presence":"${this.#presence}","lastActive":${this.#survivingAt()}`;
  }

  #store() {
    this.#storedAt = this.#lastActive;
    const row = `{"activeGames":${this.#gamesJson},"lastActive":${this.#lastActive}}`;
    this.ctx.storage.kv.put(KEY, row);
  }

  /** @param {WebSocket} socket */
  #attach(socket) {
    this.#carrier = socket;
    this.#attachedAt = this.#lastActive;
    socket.serializeAttachment({
      order: ++this.#order,
      lastActive: this.#lastActive,
      presence: this.#presence,
      deviceId: this.#devices.get(socket),
    });
  }

  /**
   * @param {WebSocket} socket
   * @param {number} [lag] From how far behind on what survives is stale.
   */
  #attachIfStale(socket, lag = LAG_MS) {
    if (this.#lastActive - this.#survivingAt() >= lag) this.#attach(socket);
  }

  #survivingAt() {
    return Math.max(this.#storedAt, this.#attachedAt);
  }

  /** @param {number} time */
  #touch(time) {
    if (time > this.#lastActive) this.#lastActive = time;
  }

  /** @param {WebSocket} socket */
  #heartbeat(socket) {
    return this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime() ?? 0;
  }
}

/**
 * @param {string | ArrayBuffer} content
 * @returns {Record<string, unknown> | null} `null` if it is no JSON object.
 */
function parsed(content) {
  if (typeof content !== "string") return null;
  try {
    const message = JSON.parse(content);
    return typeof message === "object" && !Array.isArray(message) ? message : null;
  } catch {
    return null;
  }
}

/**
 * @param {unknown} name
 * @returns {name is string}
 */
function isName(name) {
  if (typeof name !== "string" || name === "") return false;
  // No character takes more than three bytes for each of its units.
  if (name.length * 3 <= NAME_BYTES_MAX) return true;
  return name.length <= NAME_BYTES_MAX && encoder.encode(name).length <= NAME_BYTES_MAX;
}
