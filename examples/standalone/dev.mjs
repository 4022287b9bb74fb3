/**
 * Runs the session server on this machine, and beside it an app on another port, which stands in for
 * yours: it has the pages, and signs users in by a cookie.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { TOKEN_SECONDS, developmentSecret, signToken } from "./development.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */

const APP_PORT = portOf("APP_PORT", 8080);
const SESSION_PORT = portOf("SESSION_PORT", 8787);
const CLIENT = new URL(".", import.meta.resolve("user-session-worker/client"));

/** The files that the app serves, by path. */
const FILES = new Map([
  ["/", new URL("app/index.html", import.meta.url)],
  ["/page.js", new URL("app/page.js", import.meta.url)],
]);

/**
 * A port that a variable names.
 * @param {string} name
 * @param {number} usual It is this one if the variable is not set, or empty.
 */
function portOf(name, usual) {
  const given = process.env[name] || String(usual);
  const port = Number(given);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return port;
  console.error(`${name} is ${JSON.stringify(given)}: expected a port, a number from 1 to 65535`);
  process.exit(1);
}

/** @param {IncomingMessage} request @param {ServerResponse} response */
async function serve(request, response) {
  const { url = "" } = request;
  // Whoever asks may have written anything, also what is no path.
  const pathname = (url.startsWith("/") && URL.parse(`http://app${url}`)?.pathname) || "";
  if (request.method === "POST" && pathname === "/sign-in") {
    await signIn(request, response);
    return;
  }
  const clientFile = /^\/client\/([\w-]+\.js)$/.exec(pathname)?.[1];
  const file = clientFile ? new URL(clientFile, CLIENT) : FILES.get(pathname);
  const content = file && (await readFile(file).catch(() => null));
  const type = pathname.endsWith(".js") ? "text/javascript" : "text/html";
  if (content) response.setHeader("Content-Type", `${type}; charset=utf-8`).end(content);
  else response.writeHead(404).end("not found");
}

/**
 * Your app's own sign-in takes the place of this: here whoever gives a name is that user.
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function signIn(request, response) {
  let userId = "";
  for await (const chunk of request.setEncoding("utf8")) userId += chunk;
  const token = await signToken(userId);
  // On your site also `Secure`, and `Domain=app.example` if the session server has a host below it.
  const cookie = `session=${token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${TOKEN_SECONDS}`;
  response.setHeader("Set-Cookie", cookie).setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ userId, url: `http://localhost:${SESSION_PORT}/__user-session` }));
}

developmentSecret();
// A request that breaks off must not end the app.
const app = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
app.listen(APP_PORT, "localhost");

const origin = `ALLOWED_ORIGINS:http://localhost:${APP_PORT}`;
const args = ["dev", "--ip=localhost", `--port=${SESSION_PORT}`, "--var", origin, ...process.argv.slice(2)];
const wrangler = spawn("wrangler", args, {
  stdio: ["inherit", "pipe", "inherit"],
  shell: process.platform === "win32",
});
wrangler.stdout.setEncoding("utf8").on("data", (text) => {
  process.stdout.write(text);
  if (text.includes("Ready on")) console.log(`Open the app: http://localhost:${APP_PORT}`);
});
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => void wrangler.kill(signal));
}
wrangler.on("exit", (code) => process.exit(code ?? 1));
