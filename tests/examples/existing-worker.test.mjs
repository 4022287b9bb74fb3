/**
 * The example of an app with better-auth, KV and D1, as its README tells a newcomer to try it: with
 * real sign-ups, a local D1, and the page in Chromium.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";

import { getMigrations } from "better-auth/db/migration";

import { logOutEverywhere, renameHere } from "../support/account-page.mjs";
import { ask } from "../support/auth.mjs";
import { launchChromium, openWindow } from "../support/browsers/chromium.mjs";
import { cuttable } from "../support/cuttable.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { freePort } from "../support/free-port.mjs";
import { copySessions, openD1, sessionCount } from "../support/local-d1.mjs";
import { OTHERS_END_IT, assertLoggedOut, assertPrompt } from "../support/logout.mjs";
import { Newcomer } from "../support/newcomer.mjs";
import { SessionSockets } from "../support/session-sockets.mjs";
import { restOf } from "../support/v2-device.mjs";

/** @import { DatabaseSync } from "node:sqlite" */
/** @import { Browser } from "playwright-core" */
/** @import { Running } from "../support/newcomer.mjs" */

/** What only somebody with an account can run. */
const NEEDS_ACCOUNT = [
  "npx wrangler secret put BETTER_AUTH_SECRET",
  "npx wrangler d1 migrations apply DB --remote",
];
const ROUNDS = 5;
const PASSWORD = "correct horse battery staple";

/** @type {Newcomer} */
let newcomer;
/** @type {Browser} */
let browser;
/** @type {Running} */
let running;
/** @type {{http: string, ws: string}} */
let server;
/** The app's D1, as it lies on the disk. @type {DatabaseSync} */
let database;
before(async () => {
  const port = await freePort();
  server = { http: `http://localhost:${port}`, ws: `ws://localhost:${port}` };
  newcomer = await Newcomer.start("examples/existing-worker/README.md");
  const [setUp = []] = newcomer.blocks;
  for (const command of setUp.slice(0, -1)) await newcomer.run(command);
  await delayAnswers();
  running = newcomer.start(String(setUp.at(-1)), `-- --port=${port} --inspector-port=0`);
  await running.printed(/Ready on/);
  database = openD1(newcomer.folder, "game_player");
  browser = await launchChromium();
});
after(async () => {
  await browser?.close();
  database?.close();
  await newcomer?.close();
});

/** Has D1 answer in another order than it was asked, as it may over a network. */
async function delayAnswers() {
  const path = join(newcomer.folder, "src/worker/games.ts");
  const answer = "  return results.map(({ gameId }) => gameId);";
  const [before, behind] = (await readFile(path, "utf8")).split(answer);
  assert.ok(behind, "where the games are read");
  const wait = "  await scheduler.wait(100 * Math.random());\n";
  await writeFile(path, before + wait + answer + behind);
}

/**
 * A user who has signed up.
 * @typedef {{id: string, name: string, email: string, cookie: string}} User
 */

/** @param {string} path @param {object} body @param {string} [cookie] */
function post(path, body, cookie) {
  const headers = {
    "Content-Type": "application/json",
    Origin: server.http,
    ...(cookie ? { Cookie: cookie } : {}),
  };
  return fetch(server.http + path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** @param {string} action @param {object} body @returns {Promise<{id: string, cookie: string}>} */
async function enter(action, body) {
  const response = await post(`/api/auth/${action}/email`, body);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return { id: JSON.parse(text).user.id, cookie: cookieOf(response) };
}

/** @param {Response} response What a browser sends from then on. */
function cookieOf(response) {
  return response.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
}

/** @param {string} name @returns {Promise<User>} */
async function signUp(name) {
  const email = `${name}@example.com`;
  return { name, email, ...(await enter("sign-up", { name, email, password: PASSWORD })) };
}

/** @param {User} user @returns {Promise<User>} The same user with another session. */
async function signIn(user, password = PASSWORD) {
  return { ...user, ...(await enter("sign-in", { email: user.email, password })) };
}

/** @param {Pick<User, "cookie">} user @param {string} path */
async function read({ cookie }, path) {
  const response = await fetch(server.http + path, { headers: { Cookie: cookie } });
  return { status: response.status, body: await response.json() };
}

/** @param {User} user @param {string} deviceId */
async function connect({ id, cookie }, deviceId) {
  const url = `${server.ws}/__user-session?userId=${id}&deviceId=${deviceId}`;
  const device = new Device(url, { headers: { Cookie: cookie, Origin: server.http } });
  const { activeGames } = await device.next();
  return { device, activeGames };
}

/** @param {User} user @returns {unknown[]} Their games, as D1 has them. */
function rows({ id }) {
  const query = "SELECT gameId FROM game_player WHERE userId = ? ORDER BY joinedAt, gameId";
  return database.prepare(query).all(id).map(({ gameId }) => gameId);
}

test("the migration is what better-auth asks for, no table and no column less", async () => {
  const options = { database, emailAndPassword: { enabled: true }, baseURL: server.http };
  const { toBeCreated, toBeAdded, toBeAddedIndexes } = await getMigrations(options);
  assert.deepEqual([toBeCreated, toBeAdded, toBeAddedIndexes], [[], [], []]);
});

test("a join through the API is in D1, and told to every device", async () => {
  const kim = await signUp("kim");
  const [desk, phone] = [await connect(kim, "desk"), await connect(kim, "phone")];
  const joined = await post("/api/games/chess/join", {}, kim.cookie);
  assert.deepEqual([joined.status, await joined.json()], [200, { joined: ["chess"] }]);
  for (const { device } of [desk, phone]) {
    const frame = { type: "game_joined", gameId: "chess", activeGames: ["chess"] };
    assert.deepEqual(await device.next(), frame);
  }
  assert.deepEqual(rows(kim), ["chess"]);
  assert.equal((await post("/api/games/chess/join", {}, kim.cookie)).status, 200);
  assert.equal((await post("/api/games/no-such-game/join", {}, kim.cookie)).status, 404);
  for (const odd of ["%", "%ff", "go%zz", "%e2%82"]) {
    assert.equal((await post(`/api/games/${odd}/join`, {}, kim.cookie)).status, 400, odd);
  }
  const left = await post("/api/games/chess/leave", {}, kim.cookie);
  assert.deepEqual(await left.json(), { joined: [] });
  assert.deepEqual([(await phone.device.next()).type, rows(kim)], ["game_left", []]);
  for (const { device } of [desk, phone]) await device.close();
});

test("joins and leaves at once leave the devices with what D1 says", async () => {
  const kim = await signUp("at-once");
  const { device } = await connect(kim, "desk");
  for (let round = 0; round < ROUNDS; round++) {
    /** @type {Promise<Response>[]} */
    const answers = [];
    for (const action of ["join", "leave", "join", "leave", "join", "leave", "join"]) {
      answers.push(post(`/api/games/chess/${action}`, {}, kim.cookie));
      // Some are written while others are being announced.
      await delay(25);
    }
    for (const { status } of await Promise.all(answers)) assert.equal(status, 200);
    const { activeGames } = (await read(kim, `/__user-session/state?userId=${kim.id}`)).body;
    assert.deepEqual(activeGames, rows(kim), `round ${round}`);
  }
  // What the device was told last, as its page would show it.
  const { activeGames } = (await restOf(device)).at(-1);
  assert.deepEqual(activeGames, rows(kim));
  await device.close();
});

test("what only D1 knows, as after a crash before the announcement, is told when a device connects", async () => {
  const kim = await signUp("crash");
  const desk = await connect(kim, "desk");
  database.prepare("INSERT INTO game_player VALUES (?, 'go', ?)").run(kim.id, Date.now());
  desk.device.send({ type: "join_game", gameId: "not in D1" });
  assert.equal((await desk.device.next()).gameId, "not in D1");
  const phone = await connect(kim, "phone");
  for (const { device } of [desk, phone]) {
    const told = [await device.next(), await device.next()].map(({ type, gameId }) => `${type} ${gameId}`);
    assert.deepEqual(told, ["game_left not in D1", "game_joined go"]);
  }
  for (const { device } of [desk, phone]) await device.close();
});

test("a session that is cleared has the games of D1 again", async () => {
  const kim = await signUp("cleared");
  const { device } = await connect(kim, "desk");
  await post("/api/games/hex/join", {}, kim.cookie);
  assert.equal((await device.next()).type, "game_joined");
  const cleared = await post(`/__user-session/clear?userId=${kim.id}`, {}, kim.cookie);
  assert.deepEqual([cleared.status, await cleared.json()], [200, { success: true }]);
  const state = await device.next();
  assert.deepEqual([state.type, state.activeGames], ["state", []]);
  const again = await device.next();
  assert.deepEqual([again.type, again.activeGames], ["game_joined", ["hex"]]);
  await device.close();
});

test("the profile comes from D1 once and then from KV, until the user changes it", async () => {
  const kim = await signUp("profile");
  const name = async () => (await read(kim, "/api/profile")).body.name;
  assert.equal(await name(), "profile");
  database.prepare('UPDATE "user" SET name = ? WHERE id = ?').run("changed in D1", kim.id);
  assert.equal(await name(), "profile");
  const updated = await post("/api/auth/update-user", { image: "https://app.example/kim" }, kim.cookie);
  assert.equal(updated.status, 200);
  assert.equal(await name(), "changed in D1");
});

test("nobody without a session gets anywhere, and no other site's page", async () => {
  const kim = await signUp("alone");
  const lee = await signUp("other");
  assert.equal((await ask(server, "connect", kim.id)).status, 401);
  assert.equal((await ask(server, "connect", kim.id, { Cookie: lee.cookie })).status, 403);
  assert.equal((await fetch(`${server.http}/api/games`)).status, 401);
  const foreign = { Cookie: kim.cookie, Origin: "https://elsewhere.example" };
  assert.equal((await ask(server, "connect", kim.id, foreign)).status, 403);
  const init = { method: "POST", headers: foreign };
  assert.equal((await fetch(`${server.http}/api/games/go/join`, init)).status, 403);
  assert.deepEqual(rows(kim), []);
});

test("log out everywhere closes the sockets and ends better-auth's sessions, but no later one", async () => {
  const kim = await signUp("out");
  const other = await signIn(kim);
  // They are more than better-auth finds at once by itself, and than D1 takes in a query.
  copySessions(database, kim.id, 200);
  const [desk, phone] = [await connect(kim, "desk"), await connect(other, "phone")];
  // What can't be written at once is written later, when the user may have signed in again.
  database.exec("BEGIN IMMEDIATE");
  desk.device.send({ type: "logout_all" });
  for (const { device } of [desk, phone]) {
    assert.equal((await device.closed()).reason, "Logged out from all devices");
  }
  const second = Math.floor(Date.now() / 1_000);
  await running.printed(/onLogout failed.*trying again/);
  // A sign-in in the second of the logout would end with it.
  await eventually("the next second", () => Math.floor(Date.now() / 1_000) > second);
  assert.equal((await read(kim, "/api/games")).status, 200);
  assert.equal((await ask(server, "connect", kim.id, { Cookie: kim.cookie })).status, 401);
  database.exec("ROLLBACK");
  const later = await signIn(kim);
  for (const old of [kim, other]) {
    await eventually("its end", async () => (await read(old, "/api/games")).status === 401);
  }
  await eventually("the end of the others", () => sessionCount(database, kim.id) === 1);
  assert.equal((await read(later, "/api/games")).status, 200);
  await (await connect(later, "desk")).device.close();
});

test("whoever another device logs out is signed out of the app, too", async () => {
  const kim = await signUp("other-way");
  const [phone, tablet] = [await signIn(kim), await signIn(kim)];
  const { device } = await connect(tablet, "tablet");
  const statuses = () => Promise.all([kim, phone, tablet].map(async (user) => (await read(user, "/api/games")).status));
  /** @param {string} query @param {number[]} expected Whether Kim, the phone and the tablet are signed in. */
  const logOut = async (query, expected) => {
    assert.equal((await post(`/__user-session/logout?userId=${kim.id}&${query}`, {}, kim.cookie)).status, 200);
    await eventually(query, async () => String(await statuses()) === String(expected));
  };
  await logOut("deviceId=tablet", [200, 200, 401]);
  const { id } = (await read(kim, "/api/auth/get-session")).body.session;
  await logOut(`exceptCredentialId=${id}`, [200, 401, 401]);
  device.socket.terminate();
});

/** @typedef {{cookie: string, token: string, sockets: SessionSockets}} OpenSession A session with its sockets. */

/** @param {User} user @param {string} name @returns {Promise<OpenSession>} */
async function openSession(user, name) {
  const { token } = (await read(user, "/api/auth/get-session")).body.session;
  const sockets = await SessionSockets.open(server, user.id, user.cookie, name);
  return { cookie: user.cookie, token, sockets };
}

const CHANGED = { currentPassword: PASSWORD, newPassword: `${PASSWORD} 2`, revokeOtherSessions: true };

/**
 * The ways in which better-auth ends sessions, and which, when the desk's asks for it.
 * @type {{action: string, body?: (phone: OpenSession) => object, ends: string[]}[]}
 */
const ENDS = [
  { action: "sign-out", ends: ["desk"] },
  { action: "revoke-session", body: ({ token }) => ({ token }), ends: ["phone"] },
  { action: "revoke-other-sessions", ends: ["phone", "tablet"] },
  { action: "revoke-sessions", ends: ["desk", "phone", "tablet"] },
  { action: "change-password", body: () => CHANGED, ends: ["desk", "phone", "tablet"] },
];

for (const { action, body, ends } of ENDS) {
  test(`${action} ends the sockets of ${ends.join(", ")} at once, and no others`, async (t) => {
    const kim = await signUp(action);
    /** @type {Record<string, OpenSession>} */
    const sessions = { desk: await openSession(kim, "desk") };
    for (const name of ["phone", "tablet"]) sessions[name] = await openSession(await signIn(kim), name);
    const start = performance.now();
    const asked = post(`/api/auth/${action}`, body?.(sessions.phone) ?? {}, kim.cookie);
    const times = await Promise.all(ends.map((name) => sessions[name].sockets.loggedOut()));
    assert.equal((await asked).status, 200);
    assertPrompt(t, times.flat().map((at) => at - start), OTHERS_END_IT.nodeMs);
    const { cookie } = await signIn(kim, action === "change-password" ? CHANGED.newPassword : PASSWORD);
    assert.equal((await post("/api/games/chess/join", {}, cookie)).status, 200);
    for (const [name, { cookie: old, sockets }] of Object.entries(sessions)) {
      const isEnded = ends.includes(name);
      if (!isEnded) await sockets.told("game_joined");
      assert.equal(sockets.isOpen, !isEnded, name);
      const { status } = await ask(server, "connect", kim.id, { Cookie: old });
      assert.equal(status, isEnded ? 401 : 101, name);
      sockets.destroy();
    }
  });
}

test("whoever has changed the password goes on by the session that it brings", async () => {
  const kim = await signUp("changed");
  const { device } = await connect(kim, "desk");
  const response = await post("/api/auth/change-password", CHANGED, kim.cookie);
  assertLoggedOut(await device.closed());
  const later = await connect({ ...kim, cookie: cookieOf(response) }, "desk");
  await later.device.close();
});

/** @param {string} button @param {string} email The page has a browser of its own. */
async function enterPage(button, email) {
  const page = await openWindow(browser);
  const network = await cuttable(page);
  await page.goto(server.http);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: button }).click();
  await page.getByRole("status").getByText("connected", { exact: true }).waitFor();
  return Object.assign(page, { network });
}

test("the page: signed up in one browser and in from another, they show the same games and devices", async () => {
  const desk = await enterPage("Sign up", "page@example.com");
  const phone = await enterPage("Sign in", "page@example.com");
  await desk.getByRole("heading", { name: "page" }).waitFor();
  await desk.getByRole("button", { name: "Join Chess" }).click();
  await phone.getByRole("button", { name: "Leave Chess" }).waitFor();
  await renameHere(phone, "Phone");
  assert.equal(await desk.getByRole("listitem").filter({ hasText: "Phone" }).evaluate((one) => getComputedStyle(one).display), "flex");
  await phone.reload();
  await phone.getByRole("button", { name: "Leave Chess" }).click();
  await desk.getByRole("button", { name: "Join Chess" }).waitFor();
  await logOutEverywhere(phone);
  for (const page of [desk, phone]) {
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  }
});

test("the page: log out ends every socket of that browser's session, and no other browser", async () => {
  const desk = await enterPage("Sign up", "browsers@example.com");
  const phone = await enterPage("Sign in", "browsers@example.com");
  const cookie = (await desk.context().cookies()).map(({ name, value }) => `${name}=${value}`).join("; ");
  const { id } = (await read({ cookie }, "/api/profile")).body;
  const sockets = await SessionSockets.open(server, id, cookie, "not the page");
  await desk.getByRole("button", { name: "Log out", exact: true }).click();
  await Promise.all([sockets.loggedOut(), desk.getByRole("button", { name: "Sign in" }).waitFor()]);
  await phone.getByRole("button", { name: "Join Chess" }).click();
  await phone.getByRole("button", { name: "Leave Chess" }).waitFor();
  sockets.destroy();
});

test("a device that was away when the user logged out everywhere asks to sign in when it is back", async () => {
  const desk = await enterPage("Sign up", "away@example.com");
  const phone = await enterPage("Sign in", "away@example.com");
  await phone.network.cut();
  await phone.getByRole("status").getByText("lost").waitFor();
  await logOutEverywhere(desk);
  await desk.getByRole("button", { name: "Sign in" }).waitFor();
  await phone.network.mend();
  await phone.getByRole("button", { name: "Sign in" }).waitFor();
});

test("it type-checks, can be deployed, and every command of the README is one that was run here", async () => {
  const kim = await signUp("shown");
  await post("/api/games/hex/join", {}, kim.cookie);
  assert.ok((await newcomer.run(String(newcomer.blocks[1]?.[0]))).includes(kim.id));
  await newcomer.run("npm run check");
  const printed = await newcomer.run("npm run deploy", "-- --dry-run");
  for (const name of ["USER_SESSION_DO", "PROFILES", "DB", "CONNECT_LIMITER"]) {
    assert.ok(printed.includes(`env.${name} `), name);
  }
  assert.deepEqual(newcomer.left(), NEEDS_ACCOUNT);
});
