/** The gate for phones, with a server behind it that writes down whatever reaches it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, before, beforeEach, test } from "node:test";

import { Entrance } from "../../scripts/lib/lan/entrance.mjs";
import { Gate } from "../../scripts/lib/lan/gate.mjs";
import { ENTRY } from "../../scripts/lib/lan/page.mjs";
import { eventually } from "../support/eventually.mjs";
import { freePort } from "../support/free-port.mjs";
import {
  GATE,
  NEIGHBOUR,
  PHONE,
  ask,
  askForSocket,
  bring,
  cookieOf,
  dawdle,
  ownOrigin,
  withoutAddresses,
} from "../support/lan-visitor.mjs";
import { UPGRADE } from "../support/requests.mjs";

/** @import { IncomingHttpHeaders } from "node:http" */
/** @import { Socket } from "node:net" */

/** What a proxy writes, and what the development server obeys: all of it as a stranger would like it to be. */
const FORGED = {
  "X-Forwarded-For": "127.0.0.1",
  "X-Forwarded-Host": "localhost",
  "X-Forwarded-Proto": "http",
  Forwarded: "for=127.0.0.1;host=localhost;proto=http",
  "CF-Connecting-IP": "127.0.0.1",
  "X-Real-IP": "127.0.0.1",
  "MF-Original-URL": "http://localhost/cdn-cgi/local/explorer",
  "MF-Route-Override": "user-session",
  Authorization: "Bearer made-up",
};

/** As many as an address may have open, and some more. */
const MANY = 80;

const STATE = "/__user-session/state?userId=desk";

/** What has reached the server. @type {{method?: string, url?: string, headers: IncomingHttpHeaders, body: string}[]} */
let reached = [];
let connections = 0;
/** Answers upgrades. @type {(socket: Socket, head: Buffer) => void} */
let atUpgrade;
const server = createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  reached.push({ method: request.method, url: request.url, headers: request.headers, body });
  response.writeHead(200, { "Content-Type": "application/json", Server: "behind" }).end("{}");
});
server.on("connection", () => (connections += 1));
server.on("upgrade", ({ method, url, headers }, socket, head) => {
  reached.push({ method, url, headers, body: "" });
  atUpgrade(/** @type {Socket} */ (socket), head);
});

/** @type {number} */
let port;
/** @type {Gate} */
let gate;
/** @type {string[]} */
let told = [];

before(async () => {
  if (withoutAddresses) return;
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(null)));
  port = await freePort();
  gate = await open();
});
after(() => {
  gate?.close();
  server.close();
});
beforeEach(() => {
  [reached, connections, told] = [[], 0, []];
  atUpgrade = (socket) => socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst");
});

async function open() {
  const address = server.address();
  const target = typeof address === "object" ? Number(address?.port) : 0;
  const opened = new Gate([GATE], port, target, {
    entered: (from) => told.push(`${from} entered`),
    unheard: (from) => told.push(`${from} unheard`),
  });
  await opened.listen(GATE, port);
  return opened;
}

async function comeIn() {
  const entered = await bring(port, gate.urls[0]);
  assert.equal(entered.status, 303, entered.text);
  return cookieOf(entered);
}

/** @param {string} name @param {(t: import("node:test").TestContext) => Promise<void>} body */
const atGate = (name, body) => void test(name, { skip: withoutAddresses }, body);

const closed = async (/** @type {Promise<{status: number}>} */ asked, what = "") => {
  assert.equal((await asked).status, 403, what);
  assert.equal(connections, 0, `${what}: something reached the server`);
};

atGate("who has no secret gets nothing, by no path, method or forged header, and the server is not even connected to", async () => {
  for (const path of ["/", "/main.js", STATE, "/__user-session", "/cdn-cgi/local/explorer", "http://localhost/", "//localhost/", "*"]) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"]) {
      await closed(ask(port, path, { method, headers: { ...FORGED, ...ownOrigin(port) } }), `${method} ${path}`);
    }
  }
  for (const cookie of ["", `lan-${port}=`, `lan-${port}=made-up`, `lan-${port}=${gate.urls[0].split("#")[1]}`]) {
    await closed(ask(port, STATE, { headers: { ...FORGED, Cookie: cookie } }), cookie);
    await closed(askForSocket(port, { ...FORGED, ...ownOrigin(port), Cookie: cookie }), cookie);
  }
});

atGate("a secret lets in one browser, which keeps a cookie that scripts can't read and other sites can't use", async () => {
  const [url] = gate.urls;
  const entered = await bring(port, url);
  assert.equal(entered.status, 303);
  assert.equal(entered.headers.location, "/");
  const [cookie] = entered.headers["set-cookie"] ?? [];
  assert.match(cookie, new RegExp(`^lan-${port}=[\\w-]{43}; HttpOnly; SameSite=Strict; Path=/$`));
  assert.ok(!cookie.includes(url.split("#")[1]), "the cookie is the secret");
  assert.deepEqual(told, [`${PHONE} entered`]);
  const answer = await ask(port, STATE, { headers: cookieOf(entered) });
  assert.deepEqual([answer.status, answer.text], [200, "{}"]);
});

atGate("a used secret lets in nobody, the next one lets in the next, and both go on", async () => {
  const [url] = gate.urls;
  const first = cookieOf(await bring(port, url));
  const again = await bring(port, url);
  assert.equal(again.status, 403);
  assert.match(again.text, /used up[^]*terminal shows a new one/);
  const second = await comeIn();
  assert.notDeepEqual(first, second);
  for (const headers of [first, second]) assert.equal((await ask(port, STATE, { headers })).status, 200);
});

atGate("two that bring the same secret at the same moment are not both let in", async () => {
  const [url] = gate.urls;
  const answers = await Promise.all(Array.from({ length: 6 }, () => bring(port, url)));
  assert.deepEqual(answers.map(({ status }) => status).sort(), [303, 403, 403, 403, 403, 403]);
});

atGate("whoever only looks at the address, as previews of links do, uses nothing up", async () => {
  const [url] = gate.urls;
  const { pathname, hash } = new URL(url);
  for (const path of [pathname, `/?${hash.slice(1)}`, `${ENTRY}?secret=${hash.slice(1)}`]) {
    for (const method of ["GET", "HEAD"]) await closed(ask(port, path, { method }), `${method} ${path}`);
  }
  assert.equal((await bring(port, url)).status, 303);
});

atGate("the cookie of an earlier run lets in nobody", async (t) => {
  const headers = await comeIn();
  gate.close();
  gate = await open();
  t.after(() => (connections = 0));
  await closed(ask(port, STATE, { headers }));
  await closed(askForSocket(port, { ...headers, ...ownOrigin(port) }));
});

atGate("another name for the gate opens nothing, not even with a cookie or a secret", async () => {
  const cookie = await comeIn();
  for (const Host of ["localhost", `localhost:${port}`, GATE, `${GATE}:1`, `rebound.example:${port}`, `${GATE}:${port}.example`]) {
    await closed(ask(port, STATE, { headers: { ...cookie, Host } }), Host);
    await closed(askForSocket(port, { ...cookie, Host, Origin: `http://${Host}` }), Host);
    await closed(bring(port, gate.urls[0], { headers: { Host, Origin: `http://${Host}` } }), Host);
  }
});

atGate("a page of another site gets nothing, not even in a browser that has come in", async () => {
  const cookie = await comeIn();
  for (const origin of ["http://evil.example", "null", `https://${GATE}:${port}`, `http://${GATE}`, `http://${GATE}:1`, "http://localhost"]) {
    const foreign = { ...cookie, Origin: origin };
    await closed(ask(port, STATE, { headers: foreign }), origin);
    await closed(ask(port, "/__user-session?userId=desk", { method: "POST", headers: foreign, body: "{}" }), origin);
    await closed(askForSocket(port, foreign), origin);
    await closed(bring(port, gate.urls[0], { headers: { Origin: origin } }), origin);
    await closed(ask(port, STATE, { headers: { ...cookie, Referer: `${origin}/page` } }), `Referer ${origin}`);
  }
  for (const site of ["cross-site", "same-site"]) {
    await closed(ask(port, STATE, { headers: { ...cookie, "Sec-Fetch-Site": site } }), site);
  }
  await closed(askForSocket(port, cookie), "a socket without an origin");
  await closed(ask(port, "/__user-session?userId=desk", { method: "POST", headers: cookie, body: "{}" }), "a write without an origin");
  await closed(bring(port, gate.urls[0], { headers: {} }), "a secret without an origin");
});

atGate("a browser that has come in reaches the demo and the session alone", async () => {
  const headers = { ...(await comeIn()), ...ownOrigin(port) };
  for (const path of [
    "/cdn-cgi/local/explorer",
    "/__scheduled",
    "/__user-session/%2e%2e/cdn-cgi/local/explorer",
    "/__user-session/..\\cdn-cgi/local/explorer",
    "/client/..%2fcdn-cgi/local/explorer",
    "//localhost/cdn-cgi/local/explorer",
    "http://localhost/main.js",
    "/__user-session/state/more",
    "/client/index.d.ts",
    "/.dev.vars",
  ]) {
    for (const method of ["GET", "POST"]) assert.equal((await ask(port, path, { method, headers })).status, 404, path);
    assert.equal((await askForSocket(port, headers, path)).status, 404, path);
  }
  assert.equal((await askForSocket(port, headers, "/main.js")).status, 404);
  assert.equal((await askForSocket(port, { ...headers, Upgrade: "h2c" })).status, 404);
  assert.equal(connections, 0);
});

atGate("what goes on is asked as from this machine, and no header that a browser does not need goes on", async () => {
  const cookie = await comeIn();
  const headers = { ...FORGED, ...cookie, ...ownOrigin(port), "Content-Type": "application/json", Referer: `http://${GATE}:${port}/` };
  await ask(port, "/__user-session?userId=desk", { method: "POST", headers, body: '{"type":"event"}' });
  await askForSocket(port, headers);
  const [push, socket] = reached;
  assert.deepEqual([push.method, push.url, push.body], ["POST", "/__user-session?userId=desk", '{"type":"event"}']);
  assert.deepEqual(Object.keys(push.headers).sort(), ["connection", "content-length", "content-type", "host", "origin"]);
  const ofSockets = ["connection", "host", "origin", "sec-websocket-key", "sec-websocket-version", "upgrade"];
  assert.deepEqual(Object.keys(socket.headers).sort(), ofSockets);
  for (const { headers: { host, origin } } of reached) {
    assert.match(String(host), /^127\.0\.0\.1:\d+$/);
    assert.equal(origin, `http://${host}`);
  }
});

atGate("what follows a socket that the server refuses is never taken for another request", async () => {
  const cookie = await comeIn();
  let followed = "";
  /** @type {Promise<unknown>} */
  const refused = new Promise((resolve) => {
    atUpgrade = (behind, head) => {
      followed += head;
      behind.on("data", (bytes) => (followed += bytes)).once("end", () => resolve(behind.destroy()));
      behind.write("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\n\r\nno");
    };
  });
  const lines = Object.entries({ Host: `${GATE}:${port}`, ...UPGRADE, ...ownOrigin(port), ...cookie });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const hidden = "GET /cdn-cgi/local/explorer HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const socket = await dawdle(port, `GET /__user-session?userId=desk HTTP/1.1\r\n${head}\r\n${hidden}`);
  await Promise.all([once(socket, "close"), refused]);
  assert.deepEqual([reached.map(({ url }) => url), followed], [["/__user-session?userId=desk"], ""]);
});

atGate("guesses stop being heard from the address that makes them, and cost the phone nothing", async () => {
  const [url] = gate.urls;
  const wrong = `${url.slice(0, -4)}0000`;
  const statuses = [];
  for (let tries = 0; tries < 12; tries += 1) statuses.push((await bring(port, wrong, { from: NEIGHBOUR })).status);
  assert.deepEqual(statuses, [...Array(10).fill(403), 429, 429]);
  assert.deepEqual(told, [`${NEIGHBOUR} unheard`]);
  assert.equal((await bring(port, url, { from: NEIGHBOUR })).status, 429);
  assert.equal((await bring(port, url)).status, 303);
});

atGate("a neighbour who opens connections and dawdles is cut, and meanwhile the phone is served", async (t) => {
  const cookie = await comeIn();
  const begun = `POST ${ENTRY} HTTP/1.1\r\nHost: ${GATE}:${port}\r\nOrigin: http://${GATE}:${port}\r\nContent-Length: 9\r\n\r\ns`;
  const texts = ["", "GET / HTTP/1.1\r\n", begun];
  const sockets = await Promise.all(Array.from({ length: MANY }, (_, at) => dawdle(port, texts[at % texts.length])));
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await eventually("those beyond the limit to be cut", () => sockets.filter(({ closed }) => closed).length >= 16);
  assert.equal((await ask(port, STATE, { headers: cookie })).status, 200);
  assert.equal((await bring(port, gate.urls[0])).status, 303);
  await eventually("the others to be cut, too", () => sockets.every(({ closed }) => closed));
  // Whoever is cut by the clock is told so.
  assert.ok(sockets.some(({ bytesRead }) => bytesRead === 0), "none was cut for being one too many");
  assert.ok(sockets.some(({ bytesRead }) => bytesRead > 0), "none was heard at all");
});

atGate("a body that is too long for a secret, or of no said length, is not read", async () => {
  const body = `secret=${"x".repeat(2_000)}`;
  assert.equal((await ask(port, ENTRY, { method: "POST", body, headers: ownOrigin(port) })).status, 413);
  const chunked = { ...ownOrigin(port), "Transfer-Encoding": "chunked" };
  const text = Object.entries({ Host: `${GATE}:${port}`, ...chunked }).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const socket = await dawdle(port, `POST ${ENTRY} HTTP/1.1\r\n${text}\r\n`);
  await once(socket, "close");
});
test("an address whose guesses were too many is heard again after a minute, and at most 256 are remembered", () => {
  let now = 0;
  const entrance = new Entrance(() => now);
  for (let tries = 0; tries < 9; tries += 1) assert.deepEqual(entrance.enter("wrong", "a"), { refused: "wrong" });
  assert.deepEqual(entrance.enter("wrong", "a"), { refused: "last" });
  now = 59_999;
  assert.deepEqual(entrance.enter(entrance.secret, "a"), { refused: "unheard" });
  now = 60_000;
  assert.ok("session" in entrance.enter(entrance.secret, "a"));
  for (let tries = 0; tries < 10; tries += 1) entrance.enter("wrong", "b");
  for (let other = 0; other < 255; other += 1) entrance.enter("wrong", `c${other}`);
  assert.deepEqual(entrance.enter(entrance.secret, "b"), { refused: "unheard" });
  entrance.enter("wrong", "c256");
  assert.ok("session" in entrance.enter(entrance.secret, "b"));
});

test("a secret has 128 random bits, and no two are the same", () => {
  const secrets = Array.from({ length: 100 }, () => new Entrance().secret);
  for (const secret of secrets) assert.equal(Buffer.from(secret, "base64url").length, 16);
  assert.equal(new Set(secrets).size, secrets.length);
});
