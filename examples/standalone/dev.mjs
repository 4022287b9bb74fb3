/**
 * Runs the session server on this machine, and beside it an app on another port, which stands in for
 * yours: it has the pages, and signs users in by a cookie.
 */
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

import { TOKEN_SECONDS, developmentSecret, signToken } from "./development.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */

const APP_PORT = Number(process.env.APP_PORT ?? 8080);
const SESSION_PORT = Number(process.env.SESSION_PORT ?? 8787);
const CLIENT = new URL(".", import.meta.resolve("user-session-worker/client"));

/** @param {IncomingMessage} request @param {ServerResponse} response */
async function serve(request, response) {
  const { pathname } = new URL(request.url ?? "/", "http://app");
  if (request.method === "POST" && pathname === "/sign-in") return signIn(request, response);
  const clientFile = /^\/client\/([\w-]+\.js)$/.exec(pathname)?.[1];
  if (clientFile) return send(response, new URL(clientFile, CLIENT), "text/javascript");
  if (pathname === "/page.js") {
    return send(response, new URL("app/page.js", import.meta.url), "text/javascript");
  }
  if (pathname === "/") return send(response, new URL("app/index.html", import.meta.url), "text/html");
  response.writeHead(404).end("not found");
}

/**
 * Your app's own sign-in takes the place of this: here whoever gives a name is that user.
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
async function signIn(request, response) {
  const userId = await textOf(request);
  if (!userId) return response.writeHead(400).end("no name");
  const token = await signToken(userId);
  // On your site also `Secure`, and `Domain=app.example` if the session server has a host below it.
  const cookie = `session=${token}; HttpOnly; SameSite=Lax; Path=/; Max-Age=${TOKEN_SECONDS}`;
  response.setHeader("Set-Cookie", cookie).setHeader("Content-Type", "application/json");
  response.end(JSON.stringify({ userId, url: `http://localhost:${SESSION_PORT}/__user-session` }));
}

/** @param {IncomingMessage} request */
async function textOf(request) {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) text += chunk;
  return text;
}

/** @param {ServerResponse} response @param {URL} file @param {string} type */
async function send(response, file, type) {
  const content = await readFile(file).catch(() => null);
  if (!content) return response.writeHead(404).end("not found");
  response.setHeader("Content-Type", `${type}; charset=utf-8`).end(content);
}

developmentSecret();
const app = createServer((request, response) => void serve(request, response));
app.listen(APP_PORT, "localhost", () => console.log(`The app: http://localhost:${APP_PORT}`));

const origin = `ALLOWED_ORIGINS:http://localhost:${APP_PORT}`;
const args = ["dev", "--ip=localhost", `--port=${SESSION_PORT}`, "--var", origin, ...process.argv.slice(2)];
const wrangler = spawn("wrangler", args, { stdio: "inherit", shell: process.platform === "win32" });
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) {
  process.on(signal, () => void wrangler.kill(signal));
}
wrangler.on("exit", (code) => process.exit(code ?? 1));
