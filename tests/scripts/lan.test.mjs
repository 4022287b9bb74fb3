/** `npm run dev` with a phone on the desk: the real terminal, gate, wrangler and session. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";
import { after, before, test } from "node:test";

import { lanAddresses } from "../../scripts/lib/lan/addresses.mjs";
import { USER } from "../../scripts/lib/lan/gate.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { freePort } from "../support/free-port.mjs";
import { GATE, ask, askForSocket, bring, cookieOf, ownOrigin, withoutAddresses } from "../support/lan-visitor.mjs";
import { listening } from "../support/listening.mjs";
import { ROOT } from "../support/server.mjs";
import { codesIn } from "../support/terminal.mjs";

/** @param {string} name @param {(t: import("node:test").TestContext) => Promise<void>} body */
const onLinux = (name, body) => void test(name, { skip: withoutAddresses }, body);

const STATE = `/__user-session/state?userId=${USER}`;

/**
 * Runs a script of the project as in a terminal.
 * @param {string[]} args Node's.
 * @param {Record<string, string>} [env]
 */
function run(args, env = {}) {
  // A developer's server has the explorer, which the tests' own do without.
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, X_LOCAL_EXPLORER: "true", ...env } });
  const running = {
    pid: Number(child.pid),
    told: "",
    type: (/** @type {string} */ text) => void child.stdin.write(text),
    ended: new Promise((resolve) => child.once("close", resolve)),
    async stop() {
      child.kill("SIGINT");
      return running.ended;
    },
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => (running.told += text));
  }
  void running.ended.then(() => (running.told += "\n(it has ended)"));
  return running;
}

/** @param {ReturnType<typeof run>} running @param {string} text */
async function hasTold(running, text) {
  await eventually(`${text} in the terminal`, () => /it has ended/.test(running.told) || running.told.includes(text));
  assert.ok(running.told.includes(text), running.told);
}

/** @type {ReturnType<typeof run>} */
let dev;
/** @type {number} */
let port;
before(async () => {
  if (withoutAddresses) return;
  port = await freePort();
  dev = run(["tests/support/lan-dev.mjs", `${port}`, GATE]);
  await hasTold(dev, "Enter shows");
});
after(() => dev?.stop());

/** The code that a phone on the desk would scan now. */
const newest = () => codesIn(dev.told).at(-1) ?? "";

/** Scans the code and comes in. @returns What a browser that has come in sends along. */
async function comeIn() {
  const code = newest();
  const entered = await bring(port, code);
  assert.equal(entered.status, 303, code);
  await eventually("another code", () => newest() !== code);
  return cookieOf(entered);
}

onLinux("a phone scans the code, comes in and is one more device of the desktop's user, whose page nobody opens without", async () => {
  assert.match(dev.told, new RegExp(`Open http://localhost:${port}/\\?userId=${USER}: `));
  assert.match(newest(), new RegExp(`^http://${GATE}:${port}/#[\\w-]{22}$`));
  assert.equal((await ask(port, "/")).status, 403);
  const cookie = await comeIn();
  const home = await ask(port, "/", { headers: cookie });
  assert.deepEqual([home.status, home.headers.location], [303, `/?userId=${USER}&device=phone-1`]);
  const page = await ask(port, home.headers.location ?? "", { headers: cookie });
  assert.equal(page.status, 200);
  assert.match(page.text, /<html lang="en"[^]*src="main.js"/);
  const headers = { ...cookie, ...ownOrigin(port) };
  const phone = new Device(`ws://${GATE}:${port}/__user-session?userId=${USER}&deviceId=phone-1`, { headers });
  assert.equal((await phone.next()).type, "initial_state");
  // The user is there from earlier runs, too.
  const gameId = `game-${port}`;
  phone.send({ type: "join_game", gameId });
  const desktop = async () => (await fetch(`http://127.0.0.1:${port}${STATE}`)).json();
  await eventually("the desktop to see the phone's game", async () => (await desktop()).activeGames.includes(gameId));
  phone.send({ type: "leave_game", gameId });
  await eventually("the desktop to see it left", async () => !(await desktop()).activeGames.includes(gameId));
  phone.socket.terminate();
});

onLinux("the terminal shows another code for the next phone when one was used, and the newest again at Enter", async () => {
  const used = newest();
  await comeIn();
  await hasTold(dev, "has come in and used up its code");
  assert.equal((await bring(port, used)).status, 403);
  const codes = codesIn(dev.told);
  dev.type("\n");
  await eventually("the code again", () => codesIn(dev.told).length > codes.length);
  assert.equal(newest(), codes.at(-1));
  await comeIn();
});

onLinux("the development server's own pages, which can change any object's rows, are for this machine alone", async () => {
  const cookie = await comeIn();
  for (const path of ["/cdn-cgi/local/explorer", "/cdn-cgi/local/explorer/api", "/__user-session/%2e%2e/cdn-cgi/local/explorer"]) {
    assert.equal((await ask(port, path, { headers: cookie })).status, 404, path);
  }
  // It is there, so the gate alone keeps it from the phone.
  assert.equal((await fetch(`http://127.0.0.1:${port}/cdn-cgi/local/explorer/api`)).status, 200);
  const headers = { ...cookie, "MF-Original-URL": `http://localhost/__user-session/state?userId=another` };
  assert.equal(JSON.parse((await ask(port, STATE, { headers })).text).userId, USER);
});

onLinux("without the gate nobody of the network is answered, whatever they say of themselves", async () => {
  const own = `http://127.0.0.1:${port}`;
  const address = `${GATE}:${port}`;
  const loopback = { "X-Forwarded-For": "127.0.0.1", "X-Real-IP": "127.0.0.1", "CF-Connecting-IP": "127.0.0.1", Forwarded: "for=127.0.0.1" };
  for (const headers of [{}, loopback]) {
    assert.equal((await ask(port, STATE, { headers })).status, 403);
    assert.equal((await askForSocket(port, { ...headers, ...ownOrigin(port) })).status, 403);
  }
  const asked = await fetch(`${own}${STATE}`, { headers: { "X-Forwarded-Host": address, "X-Forwarded-For": "192.168.1.7" } });
  assert.equal(asked.status, 403);
});

onLinux("it listens on this machine and on the addresses that it names, and all of it ends with the development server", async (t) => {
  const other = await freePort();
  const second = run(["tests/support/lan-dev.mjs", `${other}`, GATE]);
  t.after(() => second.stop());
  await hasTold(second, "Enter shows");
  const places = listening(second.pid);
  assert.deepEqual([...new Set(places.map(({ address }) => address))].sort(), ["127.0.0.1", GATE, "::1"]);
  assert.deepEqual(places.filter(({ address }) => address === GATE), [{ address: GATE, port: other }]);
  assert.equal(await second.stop(), 130);
  for (const address of ["127.0.0.1", GATE]) await assert.rejects(fetch(`http://${address}:${other}/`), address);
});

onLinux("without --lan there is no gate: it listens on this machine alone, whatever the environment says", async (t) => {
  const other = await freePort();
  const names = ["LAN", "HOST", "IP", "npm_config_lan", "npm_config_host", "npm_config_ip", "WRANGLER_IP", "USER_SESSION_LAN"];
  const env = Object.fromEntries(names.map((name) => [name, /lan/i.test(name) ? "true" : "0.0.0.0"]));
  const plain = run(["scripts/dev.mjs", "--port", `${other}`], env);
  t.after(() => plain.stop());
  await hasTold(plain, "Open http://localhost");
  plain.type("\n");
  const places = listening(plain.pid);
  assert.deepEqual([...new Set(places.map(({ address }) => address))].sort(), ["127.0.0.1", "::1"]);
  assert.deepEqual(codesIn(plain.told), []);
  await assert.rejects(ask(other, "/"), /ECONNREFUSED/);
});

onLinux("an address that can't be listened on is named, and nothing goes on without it", async () => {
  const other = await freePort();
  const refused = run(["tests/support/lan-dev.mjs", `${other}`, "198.51.100.7"]);
  assert.equal(await refused.ended, 1);
  assert.match(refused.told, new RegExp(`error: --lan: cannot listen on 198\\.51\\.100\\.7, port ${other}`));
  assert.doesNotMatch(refused.told, /Open|Ready/);
});

test("of a machine's addresses it listens on those of private networks, and on no public one", async (t) => {
  const entry = (/** @type {string} */ address, internal = false, family = "IPv4") => ({ address, internal, family });
  const found = {
    lo: [entry("127.0.0.1", true), entry("::1", true, "IPv6"), entry("10.0.0.1", true)],
    wlan0: [entry("192.168.178.20"), entry("fd00::2", false, "IPv6"), entry("169.254.3.4")],
    eth0: [entry("10.1.2.3"), entry("203.0.113.9"), entry("100.64.0.1"), entry("192.169.0.1"), entry("11.0.0.1")],
    docker0: [entry("172.17.0.1"), entry("172.31.255.254"), entry("172.15.0.1"), entry("172.32.0.1")],
  };
  const mock = t.mock.method(os, "networkInterfaces", () => found);
  syncBuiltinESMExports();
  t.after(() => {
    mock.mock.restore();
    syncBuiltinESMExports();
  });
  assert.deepEqual((await lanAddresses()).sort(), ["10.1.2.3", "172.17.0.1", "172.31.255.254", "192.168.178.20"]);
});

test("without an address in a private network --lan says so and serves nothing, since a public one would let in the internet", async () => {
  const refused = run(["--import", "./tests/support/no-network.mjs", "scripts/dev.mjs", "--lan"]);
  assert.equal(await refused.ended, 1);
  assert.match(refused.told, /error: --lan: this machine has no address in a private network/);
  assert.doesNotMatch(refused.told, /Open|Ready/);
});
