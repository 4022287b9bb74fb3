/** The example on plain workerd, as its README and docs/self-hosting.md tell a newcomer to run it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ask, bearer, secretToken, serve } from "../support/auth.mjs";
import { launchChromium, openWindow } from "../support/browsers/chromium.mjs";
import { freePort } from "../support/free-port.mjs";
import { V2Device } from "../support/v2-device.mjs";
import { Newcomer } from "../support/newcomer.mjs";
import { ROOT } from "../support/server.mjs";

/** @import { Running } from "../support/newcomer.mjs" */

const START = "npm start";

/** @type {Newcomer} */
let newcomer;
/** @type {Running} */
let running;
/** @type {{http: string, ws: string}} */
let server;
/** @type {number} */
let port;
before(async () => {
  port = await freePort();
  server = { http: `http://127.0.0.1:${port}`, ws: `ws://127.0.0.1:${port}` };
  newcomer = await Newcomer.start("examples/self-hosted/README.md", {}, { 8787: String(port) });
  const [setUp = []] = newcomer.blocks;
  assert.equal(setUp.at(-1), START);
  for (const command of setUp.slice(0, -1)) await newcomer.run(command);
  running = await started();
});
after(() => newcomer?.close());

/**
 * Runs the one command until it listens.
 * @param {Record<string, string>} [env]
 */
async function started(env = {}) {
  const next = newcomer.start(START, `-- --socket-addr=http=127.0.0.1:${port}`, env);
  await next.printed(/listens on port/);
  return next;
}

/** @param {string} userId */
async function token(userId) {
  const [command = ""] = newcomer.blocks[1] ?? [];
  return (await newcomer.run(command.replace("kim", userId), "", command)).trim().split("\n").at(-1) ?? "";
}

/** @param {string} userId @param {string} deviceId @param {string} credential */
function connected(userId, deviceId, credential) {
  return V2Device.open(server, userId, deviceId, { token: credential });
}

test("two devices with tokens are in sync, and come back to it after it was ended and started again", async () => {
  const credential = await token("kim");
  const desk = await connected("kim", "desk", credential);
  const phone = await connected("kim", "phone", credential);
  assert.equal((await desk.next()).type, "device_connected");
  desk.send({ type: "join_game", gameId: "chess" });
  assert.deepEqual((await phone.next()).activeGames, ["chess"]);
  assert.equal(await running.stop(), 0, "open sockets do not hold up the end");
  for (const device of [desk, phone]) await device.closed();

  running = await started();
  const again = await phone.again();
  assert.deepEqual(again.initial.activeGames, ["chess"]);
  await again.close();
});

test("nobody without a token is let in, and nobody with one that somebody else has signed", async () => {
  assert.equal((await ask(server, "state", "kim")).status, 401);
  assert.equal((await ask(server, "connect", "kim")).status, 401);
  const foreign = bearer(secretToken("kim"));
  assert.equal((await ask(server, "connect", "kim", foreign)).status, 401);
  assert.equal((await ask(server, "connect", "lee", bearer(await token("kim")))).status, 403);
  const [, command = ""] = newcomer.blocks[1] ?? [];
  assert.match(await newcomer.run(command), /"userId":"kim"/);
});

test("what the README has for a browser's console shows what another tab does", async (t) => {
  const browser = await launchChromium();
  t.after(() => browser.close());
  const readme = readFileSync(join(ROOT, "examples/self-hosted/README.md"), "utf8");
  const [, script = ""] = /^```javascript\n(.*?)^```$/ms.exec(readme) ?? [];
  const own = script.replace("bearer.…", `bearer.${await token("kim")}`).replaceAll("chess", "hex");
  const pages = [await openWindow(browser), await openWindow(browser)];
  for (const page of pages) {
    await page.goto(server.http);
    const joined = page.waitForEvent("console", (message) => /"hex"/.test(message.text()));
    await page.evaluate(own);
    await joined;
  }
});

test("a copy that was made while it ran has everything", async () => {
  const credential = await token("copied");
  const desk = await connected("copied", "desk", credential);
  desk.send({ type: "join_game", gameId: "go" });
  assert.equal((await desk.next()).type, "game_joined");
  const [backup = ""] = newcomer.blocks[2] ?? [];
  assert.match(await newcomer.run(backup), /databases are in/);
  await running.stop();
  const data = join(newcomer.folder, "data");
  await rm(data, { recursive: true });
  await cp(join(newcomer.folder, "../backup"), data, { recursive: true });
  running = await started();
  const back = await connected("copied", "desk", credential);
  assert.deepEqual(back.initial.activeGames, ["go"]);
  await back.close();
});

test("behind a proxy that ends TLS, pages of the same host and of a listed origin are let in and no others", async () => {
  const headers = { ...bearer(await token("kim")), Host: "sessions.example", "X-Forwarded-Proto": "https" };
  const own = { ...headers, Origin: "https://sessions.example" };
  assert.equal((await ask(server, "connect", "kim", own)).status, 101);
  const page = { ...headers, Origin: "https://app.example" };
  assert.equal((await ask(server, "connect", "kim", page)).status, 403);
  await running.stop();
  running = await started({ ALLOWED_ORIGINS: "https://app.example" });
  assert.equal((await ask(server, "connect", "kim", page)).status, 101);
  const other = { ...headers, Origin: "https://elsewhere.example" };
  assert.equal((await ask(server, "connect", "kim", other)).status, 403);
});

test("a sign-in on the same machine is asked by the lines that the documentation gives", async (t) => {
  const since = new Date(Date.now() - 60_000);
  const app = await serve(({ headers }, response) => {
    const session = { id: "s", createdAt: since, expiresAt: new Date(Date.now() + 60_000) };
    const answer = headers.cookie === "app=kim" ? { user: { id: "kim" }, session } : null;
    response.setHeader("Content-Type", "application/json").end(JSON.stringify(answer));
  });
  t.after(() => app.close());
  const page = readFileSync(join(ROOT, "docs/self-hosting.md"), "utf8");
  const lines = [...page.matchAll(/^```capnp\n(.*?)\n```$/gms)].map(([, line = ""]) => line);
  const [service = "", binding = ""] = lines;
  const path = join(newcomer.folder, "config.capnp");
  const config = (await readFile(path, "utf8"))
    .replace("services = [", `services = [${service.replace("127.0.0.1:3000", new URL(app.url).host)}`)
    .replace('(name = "AUTH_MODE", text = "jwt"),', binding);
  await writeFile(path, config);
  await running.stop();
  running = await started();
  assert.equal((await ask(server, "connect", "kim", { Cookie: "app=kim" })).status, 101);
  assert.equal((await ask(server, "connect", "kim", { Cookie: "app=lee" })).status, 401);
});

test("every command of the README is one that was run here, and the documentation's are the same", () => {
  assert.deepEqual(newcomer.left(), []);
  const page = readFileSync(join(ROOT, "docs/self-hosting.md"), "utf8");
  const known = new Set(newcomer.blocks.flat());
  const commands = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = ""]) => block.trim().split("\n"));
  assert.deepEqual(commands.filter((command) => !known.has(command)), []);
});
