/**
 * Passes requests and sockets on to the development server. Who may have that is decided in gate.mjs; here is decided what
 * of a request goes on: a header that is not listed stays behind, since the development server obeys some that no browser
 * sends.
 */

import { STATUS_CODES, request as httpRequest } from "node:http";
import { pipeline } from "node:stream";

/** @import { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http" */
/** @import { Socket } from "node:net" */

const LOOPBACK = "127.0.0.1";

const PASSED = [
  "accept",
  "accept-encoding",
  "accept-language",
  "cache-control",
  "content-length",
  "content-type",
  "if-modified-since",
  "if-none-match",
  "pragma",
  "range",
  "user-agent",
];

const PASSED_BY_SOCKETS = [
  "sec-websocket-extensions",
  "sec-websocket-key",
  "sec-websocket-protocol",
  "sec-websocket-version",
  "user-agent",
];

/** Headers of a connection, which the next one has of its own. */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/** When a phone that went away without a word is noticed, in milliseconds. */
const KEEP_ALIVE_MS = 30_000;

const ASLEEP = "The development server does not answer: see the terminal.\n";

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {{path: string, port: number}} to
 */
export function passOn(request, response, to) {
  const upstream = httpRequest(options(request, to, chosen(request.headers, PASSED)));
  upstream.once("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    // Either end that breaks off takes the other along.
    pipeline(answer, response, () => {});
  });
  upstream.once("error", () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502, { "Content-Type": "text/plain", Connection: "close" }).end(ASLEEP);
  });
  response.once("close", () => upstream.destroy());
  pipeline(request, upstream, () => {});
}

/**
 * Passes a socket on once the development server has agreed to it: until then what follows the request might be taken for
 * another one.
 * @param {IncomingMessage} request
 * @param {Socket} socket
 * @param {Buffer} head What has come behind the request.
 * @param {{path: string, port: number}} to
 */
export function passSocketOn(request, socket, head, to) {
  const headers = { ...chosen(request.headers, PASSED_BY_SOCKETS), connection: "Upgrade", upgrade: "websocket" };
  const upstream = httpRequest(options(request, to, headers));
  socket.once("close", () => upstream.destroy());
  upstream.once("error", () => refuseSocket(socket, 502, ASLEEP));
  upstream.once("response", (answer) => {
    socket.write(statusLine(answer) + headerLines({ ...endToEnd(answer.headers), connection: "close" }));
    pipeline(answer, socket, () => socket.destroySoon());
  });
  upstream.once("upgrade", (answer, partner, first) => {
    socket.write(statusLine(answer) + headerLines(answer.headers));
    socket.write(first);
    partner.write(head);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    partner.on("error", () => {});
    socket.once("close", () => partner.destroy());
    partner.once("close", () => socket.destroySoon());
    socket.pipe(partner).pipe(socket);
  });
  upstream.end();
}

/**
 * @param {Socket} socket
 * @param {number} status
 * @param {string} text
 */
export function refuseSocket(socket, status, text) {
  const headers = { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(text), connection: "close" };
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headerLines(headers)}${text}`);
  // After an end alone it would be open for as long as the client likes.
  socket.destroySoon();
}

/**
 * @param {IncomingMessage} request
 * @param {{path: string, port: number}} to
 * @param {OutgoingHttpHeaders} headers
 */
function options({ method, headers: { origin } }, { path, port }, headers) {
  const host = `${LOOPBACK}:${port}`;
  const own = origin === undefined ? { host } : { host, origin: `http://${host}` };
  return { host: LOOPBACK, port, method, path, headers: { ...headers, ...own }, agent: false };
}

/** @param {IncomingHttpHeaders} headers @param {string[]} names @returns {OutgoingHttpHeaders} */
function chosen(headers, names) {
  return Object.fromEntries(names.filter((name) => name in headers).map((name) => [name, headers[name]]));
}

/** @param {IncomingHttpHeaders} headers @returns {OutgoingHttpHeaders} */
function endToEnd(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.includes(name)));
}

/** @param {IncomingMessage} answer */
function statusLine({ statusCode, statusMessage }) {
  return `HTTP/1.1 ${statusCode} ${statusMessage}\r\n`;
}

/** @param {OutgoingHttpHeaders} headers */
function headerLines(headers) {
  const pairs = Object.entries(headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}\r\n`));
  return `${pairs.join("")}\r\n`;
}
