/**
 * A WebSocket that does what a test says, for what a real server can't be made to do on command.
 */
import { UserSessionClient } from "user-session-worker/client";

/** @import { TestContext } from "node:test" */
/** @import { UserSessionClientOptions } from "user-session-worker/client" */

// A client loads these when it needs them. Once they are there that takes promises alone, which `settled` lets run.
await Promise.all([import("../../dist/app.js"), import("../../dist/diagnosis.js"), import("../../dist/tabs.js")]);

export const V2 = "user-session.v2";
export const PING = '{"type":"ping"}';

export class FakeSocket {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSING = 2;
  static CLOSED = 3;

  readyState = FakeSocket.CONNECTING;
  protocol = "";
  /** Every frame that was sent on it, as text. @type {string[]} */
  sent = [];
  /** The code that the client closed it with. @type {number | undefined | null} */
  closedWith = null;
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((event: {data: unknown}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number, reason: string}) => void) | null} */
  onclose = null;
  /** @type {(() => void) | null} */
  onerror = null;

  /**
   * @param {string} url
   * @param {string[]} protocols
   * @param {typeof URL} [Address] For a test whose engine has no URL.
   */
  constructor(url, protocols, Address = URL) {
    this.url = new Address(url);
    this.protocols = protocols;
  }

  /** @param {string} text */
  send(text) {
    this.sent.push(text);
  }

  /** @param {number} [code] */
  close(code) {
    this.readyState = FakeSocket.CLOSING;
    this.closedWith = code;
  }

  /** The server takes it. @param {string} [protocol] The subprotocol it selects. */
  open(protocol = V2) {
    this.readyState = FakeSocket.OPEN;
    this.protocol = protocol;
    this.onopen?.();
  }

  /** @param {object} frame */
  receive(frame) {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  /**
   * It ends without the client's doing.
   * @param {number} [code]
   * @param {string} [reason]
   */
  fail(code = 1006, reason = "") {
    this.readyState = FakeSocket.CLOSED;
    this.onclose?.({ code, reason });
  }

  /** What was sent on it but heartbeats, parsed. */
  get requests() {
    return this.sent.filter((text) => text !== PING).map((text) => JSON.parse(text));
  }
}

/**
 * Mocks the clock. Time passes by milliseconds, as for a process that is not busy: a timer that
 * another one has set is due when it would be, not when a whole `tick` is over.
 * @param {TestContext} t
 */
export function mockClock(t) {
  const { timers } = t.mock;
  timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const tick = timers.tick.bind(timers);
  t.mock.method(timers, "tick", (/** @type {number} */ ms) => {
    tick(0);
    for (let passed = 0; passed < ms; passed++) tick(1);
  });
}

/** The tokens that tickets were given for, by ticket. @type {Map<string, string | undefined>} */
const tokens = new Map();

/**
 * A `fetch` whose server gives a ticket for every token.
 * @param {(url: string, init: RequestInit) => Response | Promise<Response>} [answer] What it answers to all else;
 *   nothing if it is left out.
 * @returns {typeof fetch}
 */
export function ticketing(answer = () => Promise.reject(new TypeError("fetch failed"))) {
  return async (url, init = {}) => {
    const address = String(url);
    if (init.method !== "POST" || !address.includes("/ticket?")) return answer(address, init);
    const ticket = `ticket-${tokens.size}`.padEnd(32, "-");
    tokens.set(ticket, new Headers(init.headers).get("Authorization")?.replace("Bearer ", ""));
    return answerOf({ ticket, expiresInMs: 30_000 });
  };
}

/**
 * An answer that is read within a few turns of promises.
 * @param {unknown} body
 * @param {number} [status]
 * @param {Record<string, string>} [headers]
 */
export function answerOf(body, status = 200, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return /** @type {Response} */ ({ status, headers: new Headers(headers), text: async () => text });
}

/** Lets promises run: those of a token's function, of the request for a ticket and of its answer, and of what is loaded later. */
export async function settled() {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
}

/**
 * A client whose sockets, clock and page a test controls.
 * @param {TestContext} t
 * @param {Partial<UserSessionClientOptions>} [options]
 * @param {typeof fetch} [answering] Its server, which gives tickets and answers no other request if this is left out.
 */
export function fakeClient(t, options = {}, answering = ticketing()) {
  mockClock(t);
  const wallClock = Date.now;
  t.mock.method(performance, "now", () => wallClock());
  // The longest wait: jitter only ever shortens.
  t.mock.method(Math, "random", () => 1);
  t.mock.method(globalThis, "fetch", answering);
  const page = new EventTarget();
  const globals = /** @type {any} */ (globalThis);
  globals.addEventListener = page.addEventListener.bind(page);
  globals.removeEventListener = page.removeEventListener.bind(page);
  /** @type {FakeSocket[]} */
  const sockets = [];
  class Socket extends FakeSocket {
    /** @param {string} url @param {string[]} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      sockets.push(this);
    }
  }
  const client = new UserSessionClient({
    userId: "kim",
    url: "wss://app.example/__user-session",
    deviceId: "desk",
    WebSocket: /** @type {any} */ (Socket),
    ...options,
  });
  /** What listeners were told, in order. @type {any[]} */
  const changes = [];
  const types = /** @type {const} */ (["gameJoined", "gameLeft", "presenceChanged", "event", "reset", "loggedOut"]);
  /** Each ends one of the listeners. */
  const stops = types.map((type) => client.on(type, (change) => changes.push(change)));
  t.after(() => {
    client.close();
    delete globals.addEventListener;
    delete globals.removeEventListener;
  });
  /** Sets the device's clock to another time: nothing but the clock has changed. @param {number} ms */
  const setClock = (ms) => void t.mock.method(Date, "now", () => wallClock() + ms);
  return { client, sockets, changes, stops, page, setClock, newest: () => /** @type {FakeSocket} */ (sockets.at(-1)) };
}

/** The first frame of version 1. @param {object} [more] */
export function olderState(more = {}) {
  return {
    ...{ type: "initial_state", userId: "kim", activeGames: [], presence: "online", lastActive: 1 },
    ...{ deviceId: "desk" },
    ...more,
  };
}

/** The first frame. @param {object} [more] */
export function initialState(more = {}) {
  return { ...olderState(), devices: [], epoch: 7, seq: 10, ...more };
}

/**
 * Opens a socket and lets it have its first frame.
 * @param {FakeSocket} socket
 * @param {object} [more]
 */
export function accept(socket, more) {
  socket.open();
  socket.receive(initialState(more));
}

/** @param {{id: string}} request As it is when it is sent again. */
export function repeated({ id, ...request }) {
  return { id, again: true, ...request };
}

/** @param {FakeSocket} socket The token that its ticket was given for, `undefined` if it offers none. */
export function tokenOf({ protocols }) {
  return tokens.get(protocols.find((name) => name.startsWith("ticket."))?.slice("ticket.".length) ?? "");
}
