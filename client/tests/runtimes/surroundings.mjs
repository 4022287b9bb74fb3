/**
 * What stories need around a client: a server that they reach through a wire which can be cut, and from outside tokens
 * and pushes.
 */
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";

import { SECRET, SERVICE_TOKEN, bearer, secretToken } from "../../../tests/support/auth.mjs";
import { startServer } from "../../../tests/support/server.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { Socket } from "node:net" */

/** Who connects has a token of the user's, and nobody is too fast. */
const VARS = {
  AUTH_MODE: "jwt",
  AUTH_JWT_SECRET: SECRET,
  SERVICE_TOKEN,
  FRAMES_PER_SECOND: "0",
  CONNECTS_PER_MINUTE: "0",
};

/** A device's wire to the server. @typedef {{key: string, ends: Socket[]}} Wire */

/**
 * Starts the server and what is around it, all at one address.
 * @param {(path: string) => {type: string, text: string} | undefined} [files] What else is there.
 */
export async function startSurroundings(files = () => undefined) {
  const worker = await startServer(undefined, VARS);
  const { port } = new URL(worker.http);
  const wires = /** @type {Set<Wire>} */ (new Set());
  const cut = /** @type {Set<string>} */ (new Set());
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    if (pathname.startsWith("/__user-session")) return pass(request, response, port);
    if (pathname.startsWith("/test/")) {
      const [status, text] = await answer(pathname.slice("/test/".length), searchParams).catch((error) => [500, String(error)]);
      return void response.writeHead(Number(status), { Connection: "close" }).end(text);
    }
    const file = files(pathname);
    if (file) return void response.writeHead(200, { "Content-Type": file.type }).end(file.text);
    return void response.writeHead(404).end();
  });
  server.on("upgrade", (/** @type {IncomingMessage} */ request, /** @type {Socket} */ incoming) => {
    const key = keyOf(new URL(request.url ?? "", "http://x").searchParams);
    if (cut.has(key)) return void incoming.destroy();
    wire(request, incoming, port, { key, ends: [] }, wires);
  });

  /** @param {string} action @param {URLSearchParams} query @returns {Promise<[number, string]>} */
  const answer = async (action, query) => {
    const userId = query.get("userId") ?? "";
    if (action === "token") return [200, secretToken(userId)];
    if (action === "mend") cut.delete(keyOf(query));
    if (action === "cut") {
      cut.add(keyOf(query));
      for (const { key, ends } of wires) if (key === keyOf(query)) ends.forEach((end) => end.destroy());
    }
    if (action !== "push") return [200, ""];
    const kept = new URLSearchParams({ userId, keep: "3600" });
    const options = { method: "POST", body: '{"type":"invitation"}', headers: bearer(SERVICE_TOKEN) };
    const { status } = await fetch(`${worker.http}/__user-session?${kept}`, options);
    return [status, ""];
  };
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = /** @type {import("node:net").AddressInfo} */ (server.address());
  return {
    origin: `http://127.0.0.1:${address.port}`,
    /** How many sockets of a user are open. @param {string} userId */
    open: (userId) => [...wires].filter(({ key }) => JSON.parse(key)[0] === userId).length,
    async close() {
      for (const { ends } of wires) ends.forEach((end) => end.destroy());
      server.closeAllConnections();
      server.close();
      await worker.close();
    },
  };
}

/** @param {URLSearchParams} query */
const keyOf = (query) => JSON.stringify([query.get("userId"), query.get("deviceId")]);

/**
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {string} port
 */
function pass(request, response, port) {
  const { url: path, method, headers } = request;
  const passed = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 0, answer.headers);
    answer.pipe(response);
  });
  passed.on("error", () => response.destroy());
  request.pipe(passed);
}

/**
 * @param {IncomingMessage} request
 * @param {Socket} incoming
 * @param {string} port
 * @param {Wire} one
 * @param {Set<Wire>} wires
 */
function wire(request, incoming, port, one, wires) {
  const outgoing = connect(Number(port), "127.0.0.1");
  one.ends.push(incoming, outgoing);
  wires.add(one);
  const lines = [`GET ${request.url} HTTP/1.1`];
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
  }
  outgoing.write(`${lines.join("\r\n")}\r\n\r\n`);
  incoming.pipe(outgoing).pipe(incoming);
  for (const end of one.ends) {
    end.on("error", () => {});
    end.on("close", () => {
      wires.delete(one);
      one.ends.forEach((other) => other.destroy());
    });
  }
}
