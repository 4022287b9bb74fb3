/** Whoever asks the gate for phones: requests as they are on the wire, with any header and from any loopback address. */
import { once } from "node:events";
import { request } from "node:http";
import { connect } from "node:net";

import { ENTRY } from "../../scripts/lib/lan/page.mjs";
import { PATIENCE_MS } from "./patience.mjs";
import { UPGRADE } from "./requests.mjs";

/** Loopback addresses: the gate's, the phone's and a neighbour's. */
export const GATE = "127.0.0.2";
export const PHONE = "127.0.0.3";
export const NEIGHBOUR = "127.0.0.4";

/** Why the gate can't be tried here, or `false`. */
export const withoutAddresses = process.platform !== "linux" && "only Linux answers at all of 127.0.0.0/8";

/**
 * @typedef {object} Asking
 * @property {string} [method]
 * @property {Record<string, string>} [headers]
 * @property {string} [body]
 * @property {string} [from] The asker's address.
 */

/** @typedef {{status: number, headers: import("node:http").IncomingHttpHeaders, text: string}} Answer */

/**
 * Asks the gate. An upgrade that is granted is cut again.
 * @param {number} port
 * @param {string} path As it is to be on the wire.
 * @param {Asking} [asking]
 * @returns {Promise<Answer>}
 */
export function ask(port, path, { method = "GET", headers = {}, body = "", from = PHONE } = {}) {
  const length = body ? { "Content-Length": String(body.length) } : {};
  const asked = request({
    host: GATE,
    port,
    method,
    path,
    headers: { ...length, ...headers },
    localAddress: from,
    agent: false,
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  return new Promise((resolve, reject) => {
    asked.once("error", reject);
    asked.once("response", async (answer) => {
      let text = "";
      for await (const part of answer.setEncoding("utf8")) text += part;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text });
    });
    asked.once("upgrade", ({ statusCode = 0, headers }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, headers, text: "" });
    });
    asked.end(body);
  });
}

/**
 * Asks for a socket of the session.
 * @param {number} port
 * @param {Record<string, string>} headers
 * @param {string} [path]
 */
export function askForSocket(port, headers, path = "/__user-session?userId=desk&deviceId=visitor") {
  return ask(port, path, { headers: { ...UPGRADE, ...headers } });
}

/** What a page of the gate sends along. @param {number} port */
export function ownOrigin(port) {
  return { Origin: `http://${GATE}:${port}` };
}

/**
 * Brings a secret, as the gate's page does.
 * @param {number} port
 * @param {string} url What the code says.
 * @param {Asking} [asking]
 */
export function bring(port, url, { headers = ownOrigin(port), ...asking } = {}) {
  const body = new URLSearchParams({ secret: new URL(url).hash.slice(1) }).toString();
  return ask(port, ENTRY, { method: "POST", body, headers, ...asking });
}

/** The cookie of an answer, as a browser sends it back. @param {Answer} answer */
export function cookieOf({ headers }) {
  return { Cookie: headers["set-cookie"]?.[0].split(";")[0] ?? "" };
}

/**
 * A neighbour's connection that sends what it is told to and then nothing.
 * @param {number} port
 * @param {string} text
 */
export async function dawdle(port, text) {
  const socket = connect({ host: GATE, port, localAddress: NEIGHBOUR });
  socket.on("error", () => {}).resume();
  await once(socket, "connect");
  socket.write(text);
  return socket;
}
