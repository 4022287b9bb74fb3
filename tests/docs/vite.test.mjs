/** An app with Vite and React that is made from the lines of the guide alone. */
import assert from "node:assert/strict";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";

import { launchChromium, openWindow } from "../support/browsers/chromium.mjs";
import { freePort } from "../support/free-port.mjs";
import { Newcomer } from "../support/newcomer.mjs";
import { filesOf } from "./markdown.mjs";

/** @import { Browser, Page } from "playwright-core" */
/** @import { Running } from "../support/newcomer.mjs" */

const GUIDE = "docs/getting-started.md";
const FRAMEWORKS = "docs/frameworks.md";
const VITEST_FILES = ["vitest.config.js", "test/session.test.js"];

/** @type {Newcomer} */
let newcomer;
/** @type {Browser} */
let browser;
before(async () => {
  newcomer = await Newcomer.start(GUIDE);
  newcomer.follow(FRAMEWORKS);
  newcomer.folder = join(newcomer.folder, "my-app");
  await write(filesOf(GUIDE));
  await newcomer.run("npm install");
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  await newcomer?.close();
});

/** @param {Record<string, string>} files */
async function write(files) {
  for (const [path, text] of Object.entries(files)) {
    const file = join(newcomer.folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, `${text}\n`);
  }
}

/**
 * A page in a window of its own, and the session's sockets that it has opened.
 * @param {string} address
 */
async function open(address) {
  const page = await openWindow(browser);
  /** @type {import("playwright-core").WebSocket[]} */
  const sockets = [];
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).pathname === "/__user-session") sockets.push(socket);
  });
  await page.goto(address);
  await page.getByText("online").waitFor();
  return { page, sockets };
}

/**
 * @param {string} command
 * @returns {Promise<{server: Running, address: string}>}
 */
async function serve(command) {
  const port = await freePort();
  const server = newcomer.start(command, `-- --port ${port} --strictPort`);
  await server.printed(/Local/);
  return { server, address: `http://localhost:${port}` };
}

/**
 * Joins a game on one page, and sees it on another.
 * @param {Page} from
 * @param {Page} to
 * @param {string} game
 * @param {boolean} [joins] Leaves it if not.
 */
async function changes(from, to, game, joins = true) {
  await from.getByRole("button", { name: game, pressed: !joins }).click();
  await to.getByRole("button", { name: game, pressed: joins }).waitFor();
}

/**
 * Replaces a text in a file of the app. The file is exchanged at once, as editors do it: Vite would show a file
 * that it finds empty, and may not notice that more is written.
 * @param {string} path
 * @param {string} from
 * @param {string} to
 */
async function edit(path, from, to) {
  const file = join(newcomer.folder, path);
  const edited = join(newcomer.folder, "..", "edited");
  await writeFile(edited, (await readFile(file, "utf8")).replace(from, to));
  await rename(edited, file);
}

/** @param {string} address */
async function showsState(address) {
  const page = await openWindow(browser);
  const response = await page.goto(`${address}/__user-session/state?userId=kim`);
  assert.equal(response?.headers()["content-type"], "application/json");
  return response.json();
}

test("one dev server has the page and the object, and an edit keeps the socket", async () => {
  const { server, address } = await serve("npm run dev");
  const [desk, phone] = [await open(address), await open(address)];
  await changes(desk.page, phone.page, "chess");
  for (const { page } of [desk, phone]) await page.evaluate("window.isStillThere = true");

  await edit("src/games.tsx", "Log out everywhere", "Log out all devices");
  for (const { page, sockets } of [desk, phone]) {
    await page.getByRole("button", { name: "Log out all devices" }).waitFor();
    assert.equal(await page.evaluate("window.isStillThere"), true, "the page was loaded anew");
    assert.deepEqual(sockets.map((socket) => socket.isClosed()), [false]);
  }
  await changes(phone.page, desk.page, "go");
  assert.deepEqual((await showsState(address)).activeGames, ["chess", "go"]);
  // The preview has the same storage.
  await changes(phone.page, desk.page, "chess", false);
  await server.stop();
});

test("what is built is served as it will be deployed: pages in sync, and the state is no page", async () => {
  await newcomer.run("npm run build");
  const { server, address } = await serve("npm run preview");
  const [desk, phone] = [await open(`${address}/games`), await open(address)];
  await changes(desk.page, phone.page, "chess");
  await changes(phone.page, desk.page, "chess", false);
  assert.equal((await showsState(address)).userId, "kim");
  await server.stop();
  const printed = await newcomer.run("npm run deploy", "-- --dry-run");
  assert.match(printed, /env\.USER_SESSION_DO \(UserSessionDO\)/);
  assert.doesNotMatch(printed, /AUTH_MODE/);
});

test("vitest's plugin starts the same configuration, and knows a socket and a push", async () => {
  const { "vitest.config.js": config, "test/session.test.js": tests } = filesOf(FRAMEWORKS);
  assert.ok(config && tests, `${FRAMEWORKS} has no ${VITEST_FILES}`);
  await newcomer.run("npm install --save-dev vitest@4 @cloudflare/vitest-plugin");
  await write({ "vitest.config.js": config, "test/session.test.js": tests });
  assert.match(await newcomer.run("npx vitest run", "--testTimeout=60000"), /1 passed/);
});
