/**
 * The React hook that is in production, as the server sees it: what it sends, when it closes and
 * when it comes back. Its timers can be given, so that nobody has to wait for them.
 */
import { WebSocket } from "ws";

import { PATIENCE_MS } from "./patience.mjs";

/** @import { Server } from "./server.mjs" */

const PING = '{"type":"ping"}';
const PING_MS = 30_000;
const LOGOUT_REASON = "Logged out from all devices";
const RETRIES = 10;
const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 30_000;
const USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";

/**
 * @typedef {object} HookState
 * @property {string} userId
 * @property {string[]} activeGames
 * @property {string} presence
 * @property {number} lastActive
 */

/**
 * @typedef {object} Timers
 * @property {(action: () => void, ms: number) => unknown} setTimeout
 * @property {(timer: any) => void} clearTimeout Takes what `setTimeout` has returned.
 */

/**
 * @typedef {object} HookOptions
 * @property {Timers} [timers] The real ones if left out.
 * @property {string} [userAgent]
 * @property {boolean} [hasInlineCallbacks] Every frame that sets state renders, and every render
 *   closes the socket and opens a new one.
 */

/** @type {Timers} */
const REAL_TIMERS = {
  // What is still to come keeps no test running that has failed.
  setTimeout: (action, ms) => setTimeout(action, ms).unref(),
  clearTimeout,
};

/** Timers that only run when they are told to. @implements {Timers} */
export class ManualTimers {
  #now = 0;
  /** @type {Set<{at: number, action: () => void}>} */
  #pending = new Set();

  /** @param {() => void} action @param {number} ms */
  setTimeout = (action, ms) => {
    const timer = { at: this.#now + ms, action };
    this.#pending.add(timer);
    return timer;
  };

  /** @param {any} timer */
  clearTimeout = (timer) => void this.#pending.delete(timer);

  /** In how many milliseconds each timer is due, soonest first. */
  due() {
    return [...this.#pending].map(({ at }) => at - this.#now).sort((a, b) => a - b);
  }

  /** Lets time pass and runs what is due. @param {number} ms */
  advance(ms) {
    this.#now += ms;
    for (const timer of [...this.#pending]) {
      if (timer.at > this.#now || !this.#pending.delete(timer)) continue;
      timer.action();
    }
  }
}

export class HookClient {
  /** @type {HookState | null} */
  state = null;
  isConnected = false;
  isLoading = true;
  /** @type {string | null} */
  error = null;
  /** What the callbacks were called with, in order. @type {[string, ...string[]][]} */
  calls = [];
  /** What the console would show. @type {string[]} */
  warnings = [];
  /** Every frame that was received, as text. @type {string[]} */
  frames = [];
  /** How each socket ended. @type {{code: number, reason: string}[]} */
  endings = [];
  opened = 0;

  #url;
  /** @type {Timers} */
  #timers;
  #hasInlineCallbacks;
  /** @type {WebSocket | null} */
  #socket = null;
  /** Sockets that have not told of their end. @type {Set<WebSocket>} */
  #sockets = new Set();
  /** @type {unknown} */
  #pingTimer = null;
  /** @type {unknown} */
  #retryTimer = null;
  #retries = 0;
  /** @type {Set<() => void>} */
  #watchers = new Set();

  /**
   * Mounts.
   * @param {Pick<Server, "ws">} server
   * @param {string} userId
   * @param {HookOptions} [options]
   */
  constructor(server, userId, options = {}) {
    const { timers = REAL_TIMERS, userAgent = USER_AGENT, hasInlineCallbacks = false } = options;
    this.deviceId = `${userAgent.slice(0, 20)}-${Date.now()}`;
    // Not encoded, as it is there; what the URL itself must have encoded, the client encodes.
    this.#url = `${server.ws}/__user-session?userId=${userId}&deviceId=${this.deviceId}`;
    this.#timers = timers;
    this.#hasInlineCallbacks = hasInlineCallbacks;
    this.#connect();
  }

  /** @param {string} gameId */
  joinGame(gameId) {
    this.#send({ type: "join_game", gameId });
  }

  /** @param {string} gameId */
  leaveGame(gameId) {
    this.#send({ type: "leave_game", gameId });
  }

  /** @param {string} presence */
  updatePresence(presence) {
    this.#send({ type: "update_presence", presence });
  }

  logoutAllDevices() {
    this.#send({ type: "logout_all" });
  }

  /** Closes without a code. The close event that follows still schedules a reconnect. */
  unmount() {
    this.#cleanUp();
  }

  /** From now on the callbacks keep their identity, or change it at every render. */
  set hasInlineCallbacks(/** @type {boolean} */ hasThem) {
    this.#hasInlineCallbacks = hasThem;
  }

  /** Closes the page, timers and all, and waits until every socket has ended. */
  async closePage() {
    this.#hasInlineCallbacks = false;
    this.#connect = () => {};
    this.#cleanUp();
    await this.until(() => this.#sockets.size === 0, "the end of its sockets");
    this.#timers.clearTimeout(this.#retryTimer);
  }

  /** How many of its sockets have not told of their end. */
  get socketCount() {
    return this.#sockets.size;
  }

  /**
   * Waits until something is so.
   * @param {(client: this) => boolean} condition
   * @param {string} what
   * @returns {Promise<void>}
   */
  until(condition, what) {
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition(this)) return;
        clearTimeout(timer);
        this.#watchers.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#watchers.delete(check);
        reject(new Error(`waited for ${what}; state: ${JSON.stringify(this.state)}`));
      }, PATIENCE_MS);
      this.#watchers.add(check);
      check();
    });
  }

  #connect = () => {
    const isUsed = this.#socket && this.#socket.readyState <= WebSocket.OPEN;
    if (isUsed) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#sockets.add(socket);
    socket.on("open", () => this.#open(socket));
    socket.on("message", (data) => this.#message(socket, String(data)));
    socket.on("close", (code, reason) => this.#closed(socket, code, String(reason)));
    socket.on("error", () => {});
  };

  /** @param {WebSocket} socket */
  #open(socket) {
    if (socket !== this.#socket) return;
    this.opened++;
    this.isConnected = true;
    this.error = null;
    this.#retries = 0;
    this.#schedulePing();
    this.#changed();
  }

  #schedulePing() {
    this.#timers.clearTimeout(this.#pingTimer);
    this.#pingTimer = this.#timers.setTimeout(() => {
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(PING);
      this.#schedulePing();
    }, PING_MS);
  }

  /**
   * @param {WebSocket} socket
   * @param {string} text
   */
  #message(socket, text) {
    // A browser hands over nothing more once close() was called.
    if (socket.readyState !== WebSocket.OPEN) return;
    this.frames.push(text);
    const setsState = this.#reduce(JSON.parse(text));
    if (setsState && this.#hasInlineCallbacks) {
      this.#cleanUp();
      this.#connect();
    }
    this.#changed();
  }

  /**
   * @param {any} frame
   * @returns {boolean} Whether it sets state.
   */
  #reduce({ type, ...fields }) {
    switch (type) {
      case "initial_state": {
        const { userId, activeGames = [], presence = "online", lastActive } = fields;
        this.state = { userId, activeGames, presence, lastActive };
        this.isLoading = false;
        return true;
      }
      case "state":
        this.#merge(fields);
        return true;
      case "game_joined":
      case "game_left":
        this.#merge({ activeGames: fields.activeGames });
        this.calls.push([type === "game_joined" ? "onGameJoined" : "onGameLeft", fields.gameId]);
        return true;
      case "presence_updated":
        this.#merge({ presence: fields.presence });
        this.calls.push(["onPresenceChanged", fields.presence]);
        return true;
      case "error":
        this.error = fields.message;
        return true;
      case "pong":
        return false;
      default:
        this.warnings.push(`unknown message type ${type}`);
        return false;
    }
  }

  /** @param {Partial<HookState>} fields */
  #merge(fields) {
    if (this.state) this.state = { ...this.state, ...fields };
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   * @param {string} reason
   */
  #closed(socket, code, reason) {
    this.#sockets.delete(socket);
    this.endings.push({ code, reason });
    if (socket === this.#socket) this.isConnected = false;
    if (reason === LOGOUT_REASON) {
      this.#timers.clearTimeout(this.#pingTimer);
      this.calls.push(["onLoggedOut"]);
    } else if (this.#retries < RETRIES) {
      const wait = Math.min(RETRY_MS_MIN * 2 ** this.#retries++, RETRY_MS_MAX);
      this.#timers.clearTimeout(this.#retryTimer);
      this.#retryTimer = this.#timers.setTimeout(() => this.#connect(), wait);
    }
    this.#changed();
  }

  #cleanUp() {
    this.#timers.clearTimeout(this.#pingTimer);
    this.#timers.clearTimeout(this.#retryTimer);
    this.#socket?.close();
  }

  /** @param {object} message */
  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
    else this.warnings.push("not connected");
  }

  #changed() {
    for (const watcher of [...this.#watchers]) watcher();
  }
}
