/**
 * The session on partyserver, as its users would write and deploy it: the package's own connection
 * state, broadcast and routing, and the state in one stored value that is loaded at the start.
 */
import { Server, getServerByName } from "partyserver";

import { userOf } from "./routes.js";

/** @import { Connection, ConnectionContext, WSMessage } from "partyserver" */

const PRESENCES = ["online", "away", "offline"];

export class Party extends Server {
  /** @override */
  static options = { hibernate: true };

  state = {
    activeGames: /** @type {string[]} */ ([]),
    presence: "offline",
    lastActive: 0,
  };

  /** @override */
  async onStart() {
    this.ctx.setWebSocketAutoResponse(
      new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'),
    );
    this.state = { ...this.state, ...(await this.ctx.storage.get("state")) };
  }

  /**
   * @param {Connection<{deviceId: string}>} connection
   * @param {ConnectionContext} context
   * @override
   */
  async onConnect(connection, { request }) {
    const deviceId = new URL(request.url).searchParams.get("deviceId") ?? "unknown";
    connection.setState({ deviceId });
    this.state.lastActive = Date.now();
    if ([...this.getConnections()].length === 1 && this.state.presence !== "online") {
      this.state.presence = "online";
      await this.save();
    }
    connection.send(this.#stateText("initial_state", { deviceId }));
  }

  /**
   * @param {Connection<{deviceId: string}>} connection
   * @param {WSMessage} text
   * @override
   */
  async onMessage(connection, text) {
    this.state.lastActive = Date.now();
    const message = JSON.parse(String(text));
    switch (message.type) {
      case "join_game":
        return this.#join(message.gameId);
      case "leave_game":
        return this.#leave(message.gameId);
      case "update_presence":
        return this.#updatePresence(message.presence);
      case "sync_state":
        return connection.send(this.#stateText("state"));
      case "broadcast": {
        const { event, data = null } = message;
        const from = connection.state?.deviceId;
        return this.broadcast(JSON.stringify({ type: "event", event, data, from }));
      }
    }
  }

  /** @override */
  async onClose() {
    if ([...this.getConnections()].length > 0) return;
    this.state.presence = "offline";
    await this.save();
  }

  /** Stores the state. */
  save() {
    return this.ctx.storage.put("state", this.state);
  }

  /** @param {string} gameId */
  async #join(gameId) {
    const { activeGames } = this.state;
    if (typeof gameId !== "string" || activeGames.includes(gameId)) return;
    activeGames.push(gameId);
    await this.save();
    this.broadcast(JSON.stringify({ type: "game_joined", gameId, activeGames }));
  }

  /** @param {string} gameId */
  async #leave(gameId) {
    if (typeof gameId !== "string") return;
    const activeGames = this.state.activeGames.filter((game) => game !== gameId);
    if (activeGames.length < this.state.activeGames.length) {
      this.state.activeGames = activeGames;
      await this.save();
    }
    this.broadcast(JSON.stringify({ type: "game_left", gameId, activeGames }));
  }

  /** @param {string} presence */
  async #updatePresence(presence) {
    if (!PRESENCES.includes(presence) || presence === this.state.presence) return;
    this.state.presence = presence;
    await this.save();
    this.broadcast(JSON.stringify({ type: "presence_updated", presence }));
  }

  /**
   * @param {string} type
   * @param {object} [more]
   */
  #stateText(type, more) {
    const { activeGames, presence, lastActive } = this.state;
    return JSON.stringify({ type, userId: this.name, activeGames, presence, lastActive, ...more });
  }
}

export default {
  /**
   * @param {Request} request
   * @param {Env} env
   */
  async fetch(request, env) {
    const userId = userOf(request);
    if (userId === null) return new Response("Missing userId", { status: 400 });
    const namespace = /** @type {unknown} */ (env.USER_SESSION_DO);
    const parties = /** @type {DurableObjectNamespace<Party>} */ (namespace);
    const party = await getServerByName(parties, userId);
    return party.fetch(request);
  },
};
