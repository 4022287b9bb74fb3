/** The development server with the demo, on this machine alone or with a gate before it for phones. */

import { connect, createServer } from "node:net";
import { DEMO, buildClient } from "./client.mjs";
import { buildPreset } from "./cmake.mjs";
import { USER } from "./lan/gate.mjs";
import { openGate } from "./lan/open-gate.mjs";
import { Failure, start } from "./run.mjs";
import { setUp } from "./setup.mjs";

/** @import { OpenGate } from "./lan/open-gate.mjs" */

const NO_SUCH_ADDRESS = ["EADDRNOTAVAIL", "EAFNOSUPPORT"];

const LOOPBACK = "127.0.0.1";

/**
 * Builds what is needed and serves the demo until the server ends.
 * @param {number} port
 * @param {string[]} lan The addresses at which phones are let in; none: nobody but this machine is answered.
 * @throws {Failure} If somebody else listens there, or the server fails.
 */
export async function serveDemo(port, lan) {
  const env = await setUp("build");
  for (const address of [LOOPBACK, "::1", ...lan]) {
    const probe = await listen(port, address, createServer());
    probe?.close();
  }
  await buildPreset("wasm", env, { quiet: true });
  await buildClient(env);
  const relay = await relayIpv6(port);
  try {
    await runWrangler(port, env, lan.length > 0 ? await openGate(lan, port) : null);
  } finally {
    relay?.close();
  }
}

/**
 * @param {number} port
 * @param {NodeJS.ProcessEnv} env
 * @param {OpenGate | null} gate It is closed with the server.
 */
async function runWrangler(port, env, gate) {
  const args = [
    "dev",
    `--ip=${LOOPBACK}`,
    `--inspector-ip=${LOOPBACK}`,
    // The inspector takes any free port, since two servers that start side by side would both find the usual one free.
    "--inspector-port=0",
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
  server.child.stdout?.setEncoding("utf8").on("data", tellWhenReady(port, gate));
  const code = await server.ended;
  gate?.close();
  if (code !== 0) throw new Failure(`wrangler dev ended with exit code ${code}, see above.`);
}

/**
 * Passes wrangler's output on, and says what to do next once it is ready.
 * @param {number} port
 * @param {OpenGate | null} gate
 */
function tellWhenReady(port, gate) {
  let told = false;
  return (/** @type {string} */ text) => {
    process.stdout.write(text);
    if (told || !text.includes("Ready on")) return;
    told = true;
    const page = `http://localhost:${port}${gate ? `/?userId=${USER}` : ""}`;
    const others = gate ? "beside it only the browsers are answered that you\nlet in" : "nobody else is answered";
    console.log(`
Open ${page}: three devices of one user, and the object that they share.
The server runs until you press Ctrl-C; saving a source file reloads it. It runs with AUTH_MODE=none:
whoever asks on this machine is who they say, and ${others}. A device of your own, in
the browser's console:

  new WebSocket('/__user-session?userId=test-user&deviceId=browser-1').onmessage = (event) => console.log(event.data)
`);
    if (gate) void showCodes(gate);
  };
}

/**
 * Shows the code that lets in a phone, and again whenever Enter is pressed.
 * @param {OpenGate} gate
 */
async function showCodes(gate) {
  await gate.show();
  console.log(`The phone becomes one more device of the user "${USER}". Enter shows the newest code again.
The page comes by http:, so whoever can read this network's traffic sees what the phone does, and
can do the same: use a network that you trust.
`);
  process.stdin.on("data", () => void gate.show());
  // A script that waits for what is typed would not end with the server.
  if ("unref" in process.stdin) process.stdin.unref();
}

/**
 * wrangler listens on one address, and a browser may take "localhost" for either: connections to
 * the IPv6 one are passed to the IPv4 one.
 * @param {number} port
 */
function relayIpv6(port) {
  const relay = createServer((incoming) => {
    const outgoing = connect(port, LOOPBACK);
    incoming.on("error", () => outgoing.destroy());
    outgoing.on("error", () => incoming.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  });
  return listen(port, "::1", relay);
}

/**
 * @param {number} port
 * @param {string} address
 * @param {import("node:net").Server} server
 * @returns {Promise<import("node:net").Server | null>} `null` if this machine has no such address.
 */
function listen(port, address, server) {
  return new Promise((resolve, reject) => {
    server.once("listening", () => resolve(server));
    server.once("error", (/** @type {NodeJS.ErrnoException} */ error) => {
      if (NO_SUCH_ADDRESS.includes(error.code ?? "")) resolve(null);
      else reject(new Failure(whyNot(port, error)));
    });
    server.listen(port, address);
  });
}

/** @param {number} port @param {NodeJS.ErrnoException} error */
function whyNot(port, error) {
  const other = "`npm run dev -- --port 5174` takes another port.";
  if (error.code !== "EADDRINUSE") return `cannot listen on port ${port}: ${error.message}. ${other}`;
  return `port ${port} is taken, perhaps by another \`npm run dev\`. Stop that program, or: ${other}`;
}
