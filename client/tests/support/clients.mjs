/** Clients of the real server, as many as a test wants, each a device of its own. */
import { UserSessionClient } from "user-session-worker/client";

import { eventually } from "../../../tests/support/eventually.mjs";

/** @import { TestContext } from "node:test" */
/** @import { SessionChange, UserSessionClientOptions } from "user-session-worker/client" */
/** @import { Server } from "../../../tests/support/server.mjs" */

/** Remembers its sockets, so that a test can cut one. */
export class RememberedSocket extends WebSocket {
  /** @type {RememberedSocket[]} */
  static all = [];

  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols);
    RememberedSocket.all.push(this);
  }
}

/** As a server of version 1 sees it. */
export class OlderSocket extends WebSocket {
  /** @param {string | URL} url */
  constructor(url) {
    super(url);
  }
}

/**
 * A client and what it was told.
 * @typedef {object} Told
 * @property {UserSessionClient} client
 * @property {SessionChange[]} changes
 * @property {() => string[]} games
 * @property {(status: string) => Promise<void>} until Waits for its connection's status.
 */

/**
 * Connects a device.
 * @param {TestContext} t Closes it at the end.
 * @param {Pick<Server, "http">} server
 * @param {string} userId
 * @param {string} deviceId
 * @param {Partial<UserSessionClientOptions>} [options]
 * @returns {Promise<Told>}
 */
export async function connected(t, server, userId, deviceId, options = {}) {
  const told = newClient(t, server, userId, deviceId, options);
  told.client.connect();
  await told.until("connected");
  return told;
}

/**
 * A device that has not connected.
 * @param {TestContext} t
 * @param {Pick<Server, "http">} server
 * @param {string} userId
 * @param {string} deviceId
 * @param {Partial<UserSessionClientOptions>} [options]
 * @returns {Told}
 */
export function newClient(t, server, userId, deviceId, options = {}) {
  const client = new UserSessionClient({ userId, deviceId, url: `${server.http}/__user-session`, ...options });
  t.after(() => client.close());
  /** @type {SessionChange[]} */
  const changes = [];
  for (const type of /** @type {const} */ (["gameJoined", "gameLeft", "presenceChanged", "event", "reset", "loggedOut"])) {
    client.on(type, (change) => changes.push(change));
  }
  return {
    client,
    changes,
    games: () => client.getSnapshot().state?.activeGames ?? [],
    until: async (status) => {
      await eventually(`${deviceId} to be ${status}`, () => client.getSnapshot().connectionStatus === status);
    },
  };
}
