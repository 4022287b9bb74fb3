/**
 * The gate between the network and the development server, which answers this machine alone and checks nobody. Nothing
 * passes before whoever asks has shown a session: see entrance.mjs.
 */

import { createServer } from "node:http";
import { Entrance } from "./entrance.mjs";
import { ENTRY, PAGE_HEADERS, closedPage } from "./page.mjs";
import { passOn, passSocketOn, refuseSocket } from "./pass-on.mjs";

/** @import { IncomingMessage, Server, ServerResponse } from "node:http" */
/** @import { Socket } from "node:net" */

/** The demo's files and the session server. The development server has pages of its own, which can change anything. */
const SERVED = /^\/(?:(?:client\/)?[\w-]+\.(?:css|js|svg))?$|^\/__user-session(?:\/[a-z-]+)?$/;
const SOCKETS = "/__user-session";

/** Whose devices the browsers are that come in: the desktop's page can be the same user's. */
export const USER = "desk";

/** A page with many devices needs a third of it. */
const CONNECTIONS_OF_AN_ADDRESS = 64;
/** How long a request may take to come, to its end. */
const REQUEST_MS = 10_000;
const CHECKING_INTERVAL_MS = 1_000;

const ENTRY_BYTES_MAX = 1_024;

const SCAN = "Scan the code that the terminal of npm run dev shows. Each code lets in one browser, once.";
const PAGES = {
  closed: closedPage("Scan the code", SCAN),
  wrong: closedPage("This code is used up", "Each code lets in one browser, once. The terminal shows a new one, and again when you press Enter there: scan that."),
  unheard: closedPage("Too many codes", "This device has sent too many wrong codes. Wait a minute, then scan the newest."),
  absent: closedPage("There is nothing here", "Open the demo, at /."),
};

/**
 * What the gate tells. The address is that of whoever asks.
 * @typedef {object} Told
 * @property {(address: string) => void} entered The secret is used up.
 * @property {(address: string) => void} unheard Too many wrong secrets have come from there.
 */

export class Gate {
  #hosts;
  #port;
  #cookie;
  #told;
  #entrance = new Entrance();
  /** @type {Server[]} */
  #servers = [];
  /** Open connections by address. @type {Map<string, Set<Socket>>} */
  #connections = new Map();

  /**
   * @param {string[]} addresses By which it may be asked.
   * @param {number} port By which it may be asked.
   * @param {number} target The port of the development server, on 127.0.0.1.
   * @param {Told} told
   */
  constructor(addresses, port, target, told) {
    this.#hosts = addresses.map((address) => `${address}:${port}`);
    this.#port = target;
    // Browsers keep the same cookies for all ports of an address.
    this.#cookie = `lan-${port}`;
    this.#told = told;
  }

  /** What lets in the next browser, at each address. */
  get urls() {
    return this.#hosts.map((host) => `http://${host}/#${this.#entrance.secret}`);
  }

  /**
   * @param {string} address One of this machine's.
   * @param {number} port
   * @returns {Promise<void>} Rejects if it can't be listened on.
   */
  listen(address, port) {
    const server = createServer({
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    });
    server.on("connection", (socket) => this.#connected(socket));
    server.on("request", (request, response) => void this.#asked(request, response));
    server.on("upgrade", (request, socket, head) => {
      this.#askedForSocket(request, /** @type {Socket} */ (socket), head);
    });
    this.#servers.push(server);
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, address, () => resolve());
    });
  }

  /** Ends all that is open. */
  close() {
    for (const server of this.#servers) server.close();
    for (const sockets of this.#connections.values()) for (const socket of sockets) socket.destroy();
  }

  /** @param {Socket} socket */
  #connected(socket) {
    const address = socket.remoteAddress ?? "";
    const open = this.#connections.get(address) ?? new Set();
    if (open.size >= CONNECTIONS_OF_AN_ADDRESS) {
      socket.destroy();
      return;
    }
    this.#connections.set(address, open.add(socket));
    // Whoever goes away in the middle of anything is no failure.
    socket.on("error", () => {});
    socket.once("close", () => {
      open.delete(socket);
      if (open.size === 0) this.#connections.delete(address);
    });
  }

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async #asked(request, response) {
    if (!this.#isOurOwn(request)) return refuse(response, 403, PAGES.closed);
    const path = servedPath(request.url ?? "");
    const visitor = this.#visitor(request);
    if (request.method === "POST" && request.url === ENTRY) return visitor ? send(response, "/") : this.#enter(request, response);
    if (visitor === 0) return refuse(response, 403, PAGES.closed);
    if (path === null) return refuse(response, 404, PAGES.absent);
    if (path === "/") return send(response, `/?${new URLSearchParams({ userId: USER, device: `phone-${visitor}` })}`);
    passOn(request, response, { path, port: this.#port });
  }

  /** @param {IncomingMessage} request @param {Socket} socket @param {Buffer} head */
  #askedForSocket(request, socket, head) {
    const { upgrade, origin } = request.headers;
    const path = servedPath(request.url ?? "");
    if (!this.#isOurOwn(request) || origin === undefined || this.#visitor(request) === 0) {
      refuseSocket(socket, 403, `${SCAN}\n`);
    } else if (path?.split("?")[0] !== SOCKETS || upgrade?.toLowerCase() !== "websocket" || request.method !== "GET") {
      refuseSocket(socket, 404, "There is no such socket here.\n");
    } else {
      passSocketOn(request, socket, head, { path, port: this.#port });
    }
  }

  /**
   * Whether a request is addressed to the gate, and not sent by another site's page, also one whose name was made to lead
   * here.
   * @param {IncomingMessage} request
   */
  #isOurOwn({ method = "", headers }) {
    const { host = "", origin, referer, "sec-fetch-site": site = "none" } = headers;
    if (!this.#hosts.includes(host) || !["none", "same-origin"].includes(String(site))) return false;
    const own = `http://${host}`;
    if (origin !== undefined) return origin === own;
    return ["GET", "HEAD"].includes(method) && (referer === undefined || referer.startsWith(`${own}/`));
  }

  /**
   * @param {IncomingMessage} request
   * @returns {number} The number of its browser, from 1 on; 0 if that has not come in.
   */
  #visitor({ headers: { cookie = "" } }) {
    const begin = `${this.#cookie}=`;
    const shown = cookie.split(";").map((pair) => pair.trim()).filter((pair) => pair.startsWith(begin));
    return Math.max(0, ...shown.map((pair) => this.#entrance.numberOf(pair.slice(begin.length))));
  }

  /** @param {IncomingMessage} request @param {ServerResponse} response */
  async #enter(request, response) {
    const address = request.socket.remoteAddress ?? "";
    const body = await bodyOf(request);
    if (body === null) return refuse(response, 413, PAGES.wrong);
    const attempt = this.#entrance.enter(new URLSearchParams(body).get("secret") ?? "", address);
    if ("session" in attempt) {
      send(response, "/", { "Set-Cookie": `${this.#cookie}=${attempt.session}; HttpOnly; SameSite=Strict; Path=/` });
      this.#told.entered(address);
    } else if (attempt.refused === "unheard") {
      refuse(response, 429, PAGES.unheard);
    } else {
      refuse(response, 403, PAGES.wrong);
      if (attempt.refused === "last") this.#told.unheard(address);
    }
  }
}

/**
 * The part of a request's target that is passed on, as the development server will read it.
 * @param {string} target
 * @returns {string | null} `null` if it is not for the network.
 */
function servedPath(target) {
  if (!target.startsWith("/")) return null;
  const { pathname, search } = new URL(`http://gate${target}`);
  return SERVED.test(pathname) ? pathname + search : null;
}

/**
 * @param {IncomingMessage} request
 * @returns {Promise<string | null>} `null` if it is too long, does not say how long it is, or breaks off.
 */
async function bodyOf(request) {
  const length = Number(request.headers["content-length"]);
  if (!(length <= ENTRY_BYTES_MAX)) return null;
  let body = "";
  try {
    for await (const bytes of request.setEncoding("latin1")) body += bytes;
  } catch {
    return null;
  }
  return body;
}

/**
 * Sends a browser to another page.
 * @param {ServerResponse} response
 * @param {string} path
 * @param {Record<string, string>} [headers]
 */
function send(response, path, headers = {}) {
  response.writeHead(303, { Location: path, "Cache-Control": "no-store", ...headers }).end();
}

/**
 * Answers without reading on.
 * @param {ServerResponse} response
 * @param {number} status
 * @param {string} page
 */
function refuse(response, status, page) {
  response.writeHead(status, { ...PAGE_HEADERS, Connection: "close" }).end(page);
}
