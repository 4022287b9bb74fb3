/** The standalone example, as its README tells a newcomer to try it. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ask } from "../support/auth.mjs";
import { launchChromium, openWindow } from "../support/browsers/chromium.mjs";
import { freePort } from "../support/free-port.mjs";
import { Newcomer } from "../support/newcomer.mjs";
import { requestAsWritten } from "../support/requests.mjs";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Server } from "../support/server.mjs" */

/** What only somebody with an account can run. */
const NEEDS_ACCOUNT = ["npx wrangler secret put AUTH_JWT_SECRET"];

/** @type {Newcomer} */
let newcomer;
/** @type {Browser} */
let browser;
/** @type {string} */
let app;
/** @type {Pick<Server, "http">} */
let server;
before(async () => {
  const [appPort, port] = [await freePort(), await freePort()];
  app = `http://localhost:${appPort}`;
  server = { http: `http://localhost:${port}` };
  newcomer = await Newcomer.start("examples/standalone/README.md", {
    APP_PORT: String(appPort),
    SESSION_PORT: String(port),
    SESSION_URL: `http://localhost:${port}/__user-session`,
  });
  const [setUp = []] = newcomer.blocks;
  for (const command of setUp.slice(0, -1)) await newcomer.run(command);
  await newcomer.start(String(setUp.at(-1)), "-- --inspector-port=0").printed(/Open the app: http/);
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await newcomer?.close();
});

/** @param {string} name @returns {Promise<Page>} A window of its own, signed in. */
async function signedIn(name) {
  const page = await openWindow(browser);
  await page.goto(app);
  await page.getByLabel("Name").fill(name);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText(`${name}: connected`).waitFor();
  return page;
}

test("whatever address or half a request somebody sends, the app goes on", async () => {
  const page = { http: app };
  for (const path of ["//", "//[", "/%", "/__proto__", "http://[", "*"]) {
    assert.equal((await requestAsWritten(page, path)).status, 404, path);
  }
  const headers = { "Content-Length": "1000" };
  const half = { method: "POST", headers, chunks: ["kim"], cutAfterChunks: true };
  await assert.rejects(requestAsWritten(page, "/sign-in", half));
  assert.equal((await requestAsWritten(page, "/")).status, 200);
});

test("two windows with the app's cookie, and a terminal with a token, are in sync", async () => {
  const [first, second] = [await signedIn("kim"), await signedIn("kim")];
  await first.getByLabel("Game").fill("chess");
  await first.getByRole("button", { name: "Join", exact: true }).click();
  await second.getByRole("button", { name: "Leave chess" }).waitFor();
  const terminal = newcomer.start(String(newcomer.blocks[1]?.[0]));
  await terminal.printed(/connected: 3 devices, games: chess, go/);
  // The list of games is drawn anew for each change, the terminal's name among them.
  await first.getByText("terminal, 1 connected").waitFor();
  await first.getByRole("button", { name: "Leave go" }).click();
  await terminal.printed(/games: chess$/);
  await second.getByRole("button", { name: "Leave go" }).waitFor({ state: "detached" });
  await second.getByRole("button", { name: "Log out everywhere" }).click();
  await terminal.printed(/logged out everywhere/);
  assert.equal(await terminal.ended(), 0);
  await first.getByRole("button", { name: "Sign in" }).waitFor();
});

test("whoever brings no token is nobody, and a user's token is for that user alone", async () => {
  assert.equal((await ask(server, "connect", "lee")).status, 401);
  const answer = await fetch(`${app}/sign-in`, { method: "POST", body: "lee" });
  const [cookie = ""] = answer.headers.getSetCookie();
  const headers = { Cookie: String(cookie.split(";")[0]) };
  assert.equal((await ask(server, "connect", "lee", headers)).status, 101);
  assert.equal((await ask(server, "connect", "kim", headers)).status, 403);
  const foreign = { ...headers, Origin: "http://elsewhere.example" };
  assert.equal((await ask(server, "connect", "lee", foreign)).status, 403);
});

test("it can be deployed as it is, and every command of the README is one that was run here", async () => {
  const printed = await newcomer.run("npm run deploy", "-- --dry-run");
  assert.match(printed, /env\.USER_SESSION_DO \(UserSessionDO\)/);
  assert.match(printed, /env\.ALLOWED_ORIGINS/);
  assert.deepEqual(newcomer.left(), NEEDS_ACCOUNT);
  const { dependencies } = JSON.parse(await readFile(join(newcomer.folder, "package.json"), "utf8"));
  assert.deepEqual(Object.keys(dependencies), ["user-session-worker"]);
});
