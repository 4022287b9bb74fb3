import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { ask, bearer } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { freePort } from "../support/free-port.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

/** @type {Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server?.close());

/** @type {[string, Record<string, string>][]} */
const local = [
  ["nothing", {}],
  ["localhost", { Host: "localhost" }],
  ["localhost and a port", { Host: "localhost:5173" }],
  ["a name below localhost", { Host: "app.localhost:5173" }],
  ["127.0.0.1", { Host: "127.0.0.1:8787" }],
  ["another address of this machine", { Host: "127.1.2.3" }],
  ["::1", { Host: "[::1]:8787" }],
  ["a client on this machine", { "CF-Connecting-IP": "127.0.0.1" }],
  ["a client on this machine, by IPv6", { "CF-Connecting-IP": "::1" }],
  ["a bearer that nobody asks for", bearer("x")],
  ["Vite's plugin", { "X-Forwarded-Host": "localhost:5173" }],
  ["Vite's xfwd", { "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": "5173", "X-Forwarded-Proto": "http" }],
  ["a Forwarded of this machine", { Forwarded: 'for=127.0.0.1;host="localhost:3000";proto=http' }],
];

for (const [what, headers] of local) {
  test(`none: ${what} is let in`, async () => {
    for (const action of /** @type {const} */ (["connect", "state", "clear", "push"])) {
      const answer = await ask(server, action, "kim", headers);
      assert.equal(answer.status, action === "connect" ? 101 : 200, answer.text);
    }
  });
}

/** @type {[string, Record<string, string>][]} */
const far = [
  ["a public name", { Host: "session.example" }],
  ["a name that begins like ours", { Host: "localhost.evil.example" }],
  ["a name that ends like ours", { Host: "evil-localhost" }],
  ["an address in a name", { Host: "127.0.0.1.evil.example" }],
  ["localhost as a user's name", { Host: "localhost@evil.example" }],
  ["a dot behind", { Host: "localhost." }],
  ["the address of nobody", { Host: "0.0.0.0:8787" }],
  ["a private address", { Host: "192.168.1.7:8787" }],
  ["an IPv6 address", { Host: "[fd00::1]:8787" }],
  ["a name that only tests use", { Host: "example.com" }],
  ["Forwarded", { Forwarded: "for=203.0.113.7" }],
  ["X-Forwarded-For", { "X-Forwarded-For": "127.0.0.1, 203.0.113.7" }],
  ["X-Forwarded-Host", { "X-Forwarded-Host": "app.example" }],
  ["X-Forwarded-Proto", { "X-Forwarded-Proto": "https" }],
  ["an X-Forwarded nobody knows", { "X-FORWARDED-ANYTHING": "" }],
  ["X-Real-IP", { "X-Real-IP": "203.0.113.7" }],
  ["Via", { Via: "1.1 proxy" }],
  ["CF-Ray", { "CF-Ray": "8f0000000000-VIE" }],
  ["CDN-Loop", { "CDN-Loop": "cloudflare" }],
  ["a client elsewhere", { "CF-Connecting-IP": "203.0.113.7" }],
  ["a client elsewhere, by IPv6", { "CF-Connecting-IP": "2001:db8::1" }],
  ["a client that says two things", { "CF-Connecting-IP": "127.0.0.1, 203.0.113.7" }],
  ["a client of a look-alike", { "CF-Connecting-IP": "127.0.0.1.evil.example" }],
];

for (const [what, headers] of far) {
  test(`none: ${what} is refused`, async () => {
    for (const action of /** @type {const} */ (["connect", "state", "clear", "push"])) {
      const answer = await ask(server, action, "kim", { "Accept-Encoding": "identity", ...headers });
      assert.equal(answer.status, 403, answer.text);
      assertRefusal(answer.text, "forbidden", /AUTH_MODE/);
    }
  });
}

test("none: a foreign page on this machine's browser is refused", async () => {
  for (const Origin of ["https://evil.example", "http://localhost:1", "null"]) {
    for (const action of /** @type {const} */ (["connect", "clear", "push"])) {
      assert.equal((await ask(server, action, "kim", { Origin })).status, 403, action);
    }
  }
});

test("connections of one user are limited, without locking out anybody for good", async () => {
  const query = "?userId=flood";
  /** @type {number[]} */
  const statuses = [];
  for (let at = 0; at < 300 && !statuses.includes(429); at++) {
    const answer = await requestAsWritten(server, PREFIX + query, { headers: UPGRADE });
    statuses.push(answer.status);
    if (answer.status !== 429) continue;
    assertRefusal(answer.text, "rate_limited", /wait/);
    assert.ok(Number(answer.headers["retry-after"]) > 0);
  }
  assert.ok(statuses.includes(429), `${statuses.length} connections`);
  assert.ok(statuses.length > 100, `${statuses.length} connections`);
  assert.equal((await ask(server, "state", "flood")).status, 200);
  assert.equal((await ask(server, "connect", "somebody-else")).status, 101);
});

test("wrangler dev adds nothing that mode none would refuse", async (t) => {
  const port = await freePort();
  const storage = await mkdtemp(join(tmpdir(), "auth-none-"));
  const args = ["dev", "--ip=127.0.0.1", `--port=${port}`, `--persist-to=${storage}`, "--var=AUTH_MODE:none"];
  const env = { ...process.env, SERVE_LAST_BUILD: "1", WRANGLER_HIDE_BANNER: "true" };
  const wrangler = `${ROOT}node_modules/.bin/wrangler`;
  const flags = ["--show-interactive-dev-session=false", "--inspector-port=0"];
  const child = spawn(wrangler, [...args, ...flags], { cwd: ROOT, env, detached: true });
  t.after(async () => {
    const ended = once(child, "exit");
    process.kill(-Number(child.pid));
    await ended;
    await rm(storage, { recursive: true, force: true, maxRetries: 10 });
  });
  const url = `http://localhost:${port}${PREFIX}/state?userId=kim`;
  const response = await eventually("wrangler dev to answer", () => fetch(url).catch(() => null));
  assert.equal(response?.status, 200, await response?.text());
});
