/**
 * Requests to the Worker, as they are written: `fetch` would tidy up the path first.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";

/** @import { IncomingHttpHeaders, IncomingMessage } from "node:http" */
/** @import { Server } from "./server.mjs" */

export const PREFIX = "/__user-session";

/** The headers that ask for a WebSocket. */
export const UPGRADE = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
};

/**
 * @typedef {object} RawAnswer
 * @property {number} status
 * @property {IncomingHttpHeaders} headers
 * @property {string} text Empty if it is a 101; the connection is cut then.
 */

/**
 * Sends a request with the path as it is given.
 * @param {Pick<Server, "http">} server
 * @param {string} path
 * @param {object} [options]
 * @param {string} [options.method]
 * @param {Record<string, string>} [options.headers]
 * @param {(string | Uint8Array)[]} [options.chunks] The body. Its length is not announced.
 * @param {boolean} [options.cutAfterChunks] Cuts the connection instead of ending the body.
 * @returns {Promise<RawAnswer>}
 */
export function requestAsWritten(server, path, options = {}) {
  const { method = "GET", headers = {}, chunks = [], cutAfterChunks = false } = options;
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.http);
    const request = httpRequest({ hostname, port, path, method, headers, agent: false });
    request.on("response", async (response) => resolve(await readAnswer(response)));
    request.on("upgrade", ({ statusCode = 0, headers: answered }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, headers: answered, text: "" });
    });
    request.on("error", reject);
    for (const chunk of chunks) request.write(chunk);
    if (cutAfterChunks) request.write("", () => request.destroy());
    else request.end();
  });
}

/**
 * Sends bytes that no HTTP client would, and returns the answer.
 * @param {Pick<Server, "http">} server
 * @param {string[]} lines The request's head, a byte a character.
 * @returns {Promise<{status: number, text: string}>} `text` is what follows the head.
 */
export function requestBytes(server, lines) {
  const { hostname, port } = new URL(server.http);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    let received = "";
    const done = () => {
      socket.destroy();
      const [head, ...rest] = received.split("\r\n\r\n");
      resolve({ status: Number(head.split(" ")[1]), text: rest.join("\r\n\r\n") });
    };
    socket.setEncoding("latin1").on("data", (text) => {
      received += text;
      if (isWholeAnswer(received)) done();
    });
    socket.on("close", done);
    socket.on("error", reject);
    socket.write(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  });
}

/** @param {string} received Of a socket the head alone is waited for. */
function isWholeAnswer(received) {
  const end = received.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (received.startsWith("HTTP/1.1 101 ")) return true;
  const length = /^content-length: (\d+)/im.exec(received)?.[1];
  const body = received.slice(end + 4);
  return length === undefined ? body.endsWith("0\r\n\r\n") : body.length >= Number(length);
}

/** @param {IncomingMessage} response */
async function readAnswer(response) {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/**
 * Pushes a body to the user's devices.
 * @param {Pick<Server, "http">} server
 * @param {string} userId
 * @param {string | Uint8Array<ArrayBuffer>} body
 */
export function push(server, userId, body) {
  const query = new URLSearchParams({ userId });
  return fetch(`${server.http}${PREFIX}?${query}`, { method: "POST", body });
}

/**
 * Erases the user's data.
 * @param {Pick<Server, "http">} server
 * @param {string} userId
 */
export function clear(server, userId) {
  const query = new URLSearchParams({ userId });
  return fetch(`${server.http}${PREFIX}/clear?${query}`, { method: "POST" });
}

/**
 * Asserts that a refusal has the body that every refusal has.
 * @param {string} text
 * @param {string} code
 * @param {RegExp} message
 */
export function assertRefusal(text, code, message) {
  const body = JSON.parse(text);
  assert.deepEqual(Object.keys(body), ["error"]);
  assert.deepEqual(Object.keys(body.error), ["code", "message"]);
  assert.equal(body.error.code, code);
  assert.match(body.error.message, message);
}
