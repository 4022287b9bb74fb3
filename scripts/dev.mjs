/**
 * Starts the server on this machine alone, at http://localhost:5173, with the demo, and keeps it
 * running. `--port N` takes another port.
 */

import { connect, createServer } from "node:net";
import { readArguments } from "./lib/arguments.mjs";
import { DEMO, buildClient } from "./lib/client.mjs";
import { buildPreset } from "./lib/cmake.mjs";
import { Failure, main, start } from "./lib/run.mjs";
import { setUp } from "./lib/setup.mjs";

const USAGE = `npm run dev -- [options]: the demo, until you press Ctrl-C

  --port <n>  where it listens on this machine; default: 5173`;

let port = 5173;
const NO_SUCH_ADDRESS = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

await main(async () => {
  port = readPort();
  const env = await setUp("build");
  await checkPort();
  await buildPreset("wasm", env, { quiet: true });
  await buildClient(env);
  const relay = await relayIpv6();
  const args = [
    "dev",
    "--ip=127.0.0.1",
    `--port=${port}`,
    "--show-interactive-dev-session=false",
    "--var=AUTH_MODE:none",
    `--assets=${DEMO}`,
  ];
  const server = start("wrangler", args, {
    env: { ...env, SERVE_LAST_BUILD: "1", ...(process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
    group: true,
    quiet: true,
  });
  server.child.stderr?.pipe(process.stderr);
  server.child.stdout?.setEncoding("utf8").on("data", tellWhenReady());
  const code = await server.ended;
  relay?.close();
  if (code !== 0) throw new Failure(`wrangler dev ended with exit code ${code}, see above.`);
});

/** Passes wrangler's output on, and says what to do next once it is ready. */
function tellWhenReady() {
  let told = false;
  return (/** @type {string} */ text) => {
    process.stdout.write(text);
    if (told || !text.includes("Ready on")) return;
    told = true;
    console.log(`
Open http://localhost:${port}: three devices of one user, and the object that they share.
The server runs until you press Ctrl-C; saving a source file reloads it. It runs with AUTH_MODE=none:
whoever asks on this machine is who they say, and nobody else is answered. A device of your own, in
the browser's console:

  new WebSocket('/__user-session?userId=test-user&deviceId=browser-1').onmessage = (event) => console.log(event.data)
`);
  };
}

/** @throws {Failure} If the arguments are others, or no port. */
function readPort() {
  const options = /** @type {const} */ ({ port: { type: "string", default: String(port) } });
  const { values } = readArguments({ options }, USAGE);
  const given = Number(values.port);
  if (Number.isInteger(given) && given >= 1 && given <= 65_535) return given;
  throw new Failure(`--port ${values.port} is not a port; give a number from 1 to 65535.`);
}

/** @throws {Failure} If somebody else listens where the server or its relay would. */
async function checkPort() {
  for (const address of ["127.0.0.1", "::1"]) {
    const probe = await listen(address, createServer());
    probe?.close();
  }
}

/**
 * wrangler listens on one address, and a browser may take "localhost" for either: connections to
 * the IPv6 one are passed to the IPv4 one.
 */
function relayIpv6() {
  const relay = createServer((incoming) => {
    const outgoing = connect(port, "127.0.0.1");
    incoming.on("error", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  });
  return listen("::1", relay);
}

/**
 * @param {string} address
 * @param {import("node:net").Server} server
 * @returns {Promise<import("node:net").Server | null>} `null` if this machine has no such address.
 */
function listen(address, server) {
  return new Promise((resolve, reject) => {
    server.once("listening", () => resolve(server));
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (NO_SUCH_ADDRESS.includes(error.code ?? "")) resolve(null);
      else reject(new Failure(whyNot(error)));
    });
    server.listen(port, address);
  });
}

/** @param {NodeJS.ErrnoException} error */
function whyNot(error) {
  const other = "`npm run dev -- --port 5174` takes another port.";
  if (error.code !== "EADDRINUSE") return `cannot listen on port ${port}: ${error.message}. ${other}`;
  return `port ${port} is taken, perhaps by another \`npm run dev\`. Stop that program, or: ${other}`;
}
