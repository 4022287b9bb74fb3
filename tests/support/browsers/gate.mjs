/**
 * A proxy through which a browser reaches its network until it is shut: what "offline" is where the engine has no
 * command for it.
 */
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";

/** @import { Duplex } from "node:stream" */

/**
 * @typedef {object} Gate
 * @property {string} address Host and port.
 * @property {(isShut: boolean) => void} setShut Shut, it ends all connections and takes no other.
 * @property {() => void} close
 */

/** @returns {Promise<Gate>} */
export async function startGate() {
  /** @type {Set<Duplex>} */
  const open = new Set();
  let isShut = false;
  const server = createServer((request, response) => {
    const { url = "", method, headers } = request;
    const passed = httpRequest(url, { method, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.rawHeaders);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    request.pipe(passed);
  });
  server.on("connection", (socket) => {
    if (isShut) return void socket.destroy();
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  // WebKitGTK asks a proxy for a page's socket as for a page, where others ask for a connection.
  server.on("upgrade", ({ url = "", method, rawHeaders }, /** @type {Duplex} */ incoming) => {
    const { hostname, port, pathname, search } = new URL(url);
    const lines = [`${method} ${pathname}${search} HTTP/1.1`];
    for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
    const outgoing = connect(Number(port), hostname, () => {
      outgoing.write(`${lines.join("\r\n")}\r\n\r\n`);
      incoming.pipe(outgoing).pipe(incoming);
    });
    for (const socket of [incoming, outgoing]) {
      socket.on("error", () => {});
      socket.on("close", () => [incoming, outgoing].forEach((one) => one.destroy()));
    }
  });
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = server.address();
  if (!address || typeof address !== "object") throw new Error("the gate has no address");
  const endAll = () => open.forEach((socket) => socket.destroy());
  return {
    address: `127.0.0.1:${address.port}`,
    setShut(shut) {
      isShut = shut;
      if (shut) endAll();
    },
    close() {
      endAll();
      server.close();
    },
  };
}
