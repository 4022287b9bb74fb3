/** Whoever has a good token is let in while its issuer can't be asked, and nobody else is. */
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";

import { Issuer, ask, bearer, seconds } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Server } from "../support/server.mjs" */

// The name is computed so that tsc does not follow it: it checks this file as Node's, that one as a Worker's.
const { keysOf } = await import(`../../worker/auth/${"issuer-keys"}.js`);

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** How long keys are used before the issuer is asked again. */
const OLD_MS = 11 * MINUTE_MS;

/** How long an issuer in an outage is left alone. */
const PAUSE_MS = 11_000;

/** The line that says so. */
const OUTAGE = /^user-session: AUTH_JWKS_URL: .*: the keys of before stay good for a day at most$/;

/** The line about keys that verify nothing. */
const LEFT_OUT = /^user-session: AUTH_JWKS_URL: (\d+ of \d+) keys were left out, since they can verify nothing: expected a public key with a kty/;

const { publicKey: weakKey, privateKey: weakSigner } = generateKeyPairSync("rsa", { modulusLength: 1_024 });

/** The public key of weakSigner. */
const WEAK = { ...weakKey.export({ format: "jwk" }), kid: "weak" };

/** Keys that an issuer may publish by mistake. */
const USELESS = [null, "first", 7, [], {}, { kty: 7 }, WEAK, { kty: "RSA", e: "AQAB" }, { kty: "RSA", n: "!", e: "AQAB" }];

/**
 * An issuer with one key, and a server that asks it for the first time.
 * @param {TestContext} t
 */
async function started(t) {
  const issuer = new Issuer();
  await issuer.addKey("first", "ES256");
  const vars = { AUTH_MODE: "jwt", AUTH_JWKS_URL: await issuer.start(), AUTH_JWT_AUDIENCE: "any" };
  const server = await startServer(`${ROOT}tests/worker/fixtures/ahead.wrangler.jsonc`, vars);
  t.after(() => server.close().then(() => issuer.close()));
  const token = await issuer.token("kim", "first", "ES256", { exp: seconds() + 7 * 86_400 });
  /** @param {number} count */
  const statuses = async (count) => {
    const asked = Array.from({ length: count }, () => ask(server, "state", "kim", bearer(token)));
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  /** Sets the server's clock forward. @param {number} ms */
  const later = async (ms) => void (await fetch(`${server.http}/test/ahead?ms=${ms}`));
  return { issuer, server, token, statuses, later };
}

/**
 * How many keys of how many the server has said that it leaves out, as soon as it has.
 * @param {Server} server
 */
function leftOut(server) {
  return eventually("the keys that are left out", () => {
    const told = server.logs().flatMap((line) => LEFT_OUT.exec(line)?.[1] ?? []);
    return told.length > 0 && told;
  });
}

test("an issuer's outage is 503, and over when it is over", async (t) => {
  const { issuer, server, token, statuses } = await started(t);
  issuer.status = 500;
  const answer = await ask(server, "state", "kim", bearer(token));
  assert.equal(answer.status, 503);
  assert.equal(JSON.parse(answer.text).error.code, "unavailable");
  assert.ok(answer.headers["retry-after"]);
  await statuses(20);
  assert.ok(issuer.asked <= 2, `${issuer.asked} fetches`);
  await eventually("the line", () => server.logs().some((line) => line.includes("AUTH_JWKS_URL")));
  issuer.status = 200;
  await eventually("the keys", async () => (await statuses(1))[0] === 200);
  issuer.status = 500;
  assert.deepEqual(await statuses(1), [200]);
  const logged = server.logs().join("\n");
  assert.ok(!logged.includes(token.split(".")[2]), "no token is logged");
});

test("all who come while the keys are under way are served by one fetch", async (t) => {
  const { issuer, statuses } = await started(t);
  issuer.delayMs = 300;
  assert.deepEqual(await statuses(30), Array.from({ length: 30 }, () => 200));
  assert.equal(issuer.asked, 1);
});

for (const junk of ["no JSON", "[]", "null", '{"keys":{}}']) {
  test(`an issuer that answers ${junk} is not asked by every request`, async (t) => {
    const { issuer, statuses } = await started(t);
    issuer.junk = junk;
    assert.deepEqual(await statuses(20), Array.from({ length: 20 }, () => 503));
    assert.ok(issuer.asked <= 2, `${issuer.asked} fetches`);
  });
}

test("a key that can verify nothing keeps out nobody who comes by another key", async (t) => {
  const { issuer, server } = await started(t);
  await issuer.addKey("strong", "RS256");
  const tokens = [
    await issuer.token("kim", "first", "ES256"),
    await issuer.token("kim", "strong", "RS256", {}, {}),
    await issuer.token("kim", "strong", "RS256"),
  ];
  issuer.junk = JSON.stringify({ keys: [...USELESS, ...issuer.published] });
  for (const token of tokens) {
    const { status, text } = await ask(server, "state", "kim", bearer(token));
    assert.equal(status, 200, text);
  }
  assert.deepEqual(await leftOut(server), [`${USELESS.length} of ${USELESS.length + 2}`]);
});

test("whoever has a token of a key that is too small is nobody, and that is no outage", async (t) => {
  const { issuer, server, statuses, later } = await started(t);
  assert.deepEqual(await statuses(1), [200]);
  issuer.junk = JSON.stringify({ keys: [WEAK] });
  await later(OLD_MS);
  assert.deepEqual(await statuses(1), [401]);
  const signed = [{ alg: "RS256", kid: "weak" }, { sub: "kim", iat: seconds(), exp: seconds() + 60 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const token = `${signed}.${sign("sha256", Buffer.from(signed), weakSigner).toString("base64url")}`;
  assert.equal((await ask(server, "state", "kim", bearer(token))).status, 401);
});

test("an RSA key of exactly 2,048 bits is taken, and one of a bit less is not", async (t) => {
  const { issuer, server } = await started(t);
  const { n, e } = await issuer.addKey("exact", "RS256");
  const modulus = Buffer.from(String(n), "base64url");
  // This is no key, but its size is all that is looked at before a token names it.
  modulus[0] &= 0x7f;
  const smaller = { kty: "RSA", e, n: modulus.toString("base64url"), kid: "smaller" };
  issuer.junk = JSON.stringify({ keys: [smaller, ...issuer.published] });
  const token = await issuer.token("kim", "exact", "RS256", {}, {});
  assert.equal((await ask(server, "state", "kim", bearer(token))).status, 200);
  assert.deepEqual(await leftOut(server), ["1 of 3"]);
});

/** @type {[string, Partial<Issuer>][]} */
const OUTAGES = [
  ...[302, 404, 429, 500, 503].map((status) => /** @type {[string, Partial<Issuer>]} */ ([`status ${status}`, { status }])),
  ...["", "<html>", "[]", "null", "7", "{}", '{"keys":{}}', '{"keys":[null]}', '{"keys":["first"]}'].map(
    (junk) => /** @type {[string, Partial<Issuer>]} */ ([JSON.stringify(junk), { junk }]),
  ),
  ["nothing for too long", { delayMs: 5_000 }],
];

test("whatever an issuer answers in place of its keys, those of before are good, and the log says so once", async (t) => {
  const { issuer, server, token, statuses, later } = await started(t);
  const lines = () => server.logs().filter((line) => OUTAGE.test(line)).length;
  for (const [at, [what, outage]] of OUTAGES.entries()) {
    assert.deepEqual(await statuses(1), [200], `before ${what}`);
    Object.assign(issuer, outage);
    await later(OLD_MS);
    const before = issuer.asked;
    assert.deepEqual(await statuses(3), [200, 200, 200], what);
    assert.equal((await ask(server, "connect", "kim", bearer(token))).status, 101, what);
    assert.ok(issuer.asked > before, `${what}: the issuer was asked`);
    await eventually(`a line about ${what}`, () => lines() > at);
    Object.assign(issuer, { status: 200, junk: null, delayMs: 0 });
    await later(PAUSE_MS);
  }
  assert.equal(lines(), OUTAGES.length);
  assert.ok(!server.logs().join("\n").includes(token.split(".")[2]));
});

test("the keys of before are good for a day and no longer, by every way in", async (t) => {
  const { issuer, server, token, statuses, later } = await started(t);
  assert.deepEqual(await statuses(1), [200]);
  issuer.status = 500;
  for (const ms of [OLD_MS, 12 * HOUR_MS, 11 * HOUR_MS + 48 * MINUTE_MS]) {
    await later(ms);
    assert.deepEqual(await statuses(2), [200, 200]);
  }
  await later(2 * MINUTE_MS);
  for (const action of /** @type {const} */ (["state", "connect", "clear"])) {
    const { status, headers } = await ask(server, action, "kim", bearer(token));
    assert.deepEqual([status, headers["retry-after"]], [503, "5"], action);
  }
  const page = await RawDevice.open(server, `${PREFIX}?userId=kim&deviceId=d`, {
    Origin: server.http,
    "Sec-WebSocket-Protocol": `${PROTOCOL}, bearer.${token}`,
  });
  await page.until(() => page.closeFrame !== null);
  page.destroy();
  assert.equal(page.closeFrame?.code, 1013);
  issuer.status = 200;
  await eventually("the keys", async () => (await statuses(1))[0] === 200);
});

test("a key that the issuer has withdrawn is gone with its next answer, also in the middle of an outage", async (t) => {
  const { issuer, statuses, later } = await started(t);
  assert.deepEqual(await statuses(1), [200]);
  issuer.status = 500;
  await later(OLD_MS);
  assert.deepEqual(await statuses(1), [200]);
  issuer.published = [];
  await issuer.addKey("second", "ES256");
  issuer.status = 200;
  await later(PAUSE_MS);
  assert.deepEqual(await statuses(1), [401]);
  assert.deepEqual(await statuses(2), [401, 401]);
  // In the next outage nobody can say that it is not back.
  issuer.status = 500;
  await later(OLD_MS);
  assert.deepEqual(await statuses(2), [503, 503]);
});

test("without an outage a withdrawn key is gone as soon as the keys are old", async (t) => {
  const { issuer, statuses, later } = await started(t);
  assert.deepEqual(await statuses(1), [200]);
  issuer.published = [];
  await later(OLD_MS);
  assert.deepEqual(await statuses(2), [401, 401]);
});

test("in an outage a token of a key that nobody knows can't be judged, and is good when the outage is over", async (t) => {
  const { issuer, server, statuses, later } = await started(t);
  assert.deepEqual(await statuses(1), [200]);
  issuer.status = 500;
  await later(OLD_MS);
  await issuer.addKey("new", "ES256");
  const token = bearer(await issuer.token("kim", "new", "ES256"));
  for (const action of /** @type {const} */ (["state", "connect"])) {
    const { status, headers } = await ask(server, action, "kim", token);
    assert.deepEqual([status, headers["retry-after"]], [503, "5"], action);
  }
  assert.deepEqual(await statuses(1), [200]);
  const forged = bearer(await issuer.token("kim", "new", "ES256", {}, { kid: "first" }));
  assert.equal((await ask(server, "state", "kim", forged)).status, 401);
  issuer.status = 200;
  await later(PAUSE_MS);
  assert.equal((await ask(server, "state", "kim", token)).status, 200);
});

test("in an outage one request in ten seconds waits for the issuer, and no other one does", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
  t.mock.method(console, "error", () => {});
  const issuer = new Issuer();
  await issuer.addKey("first", "ES256");
  const header = { alg: "ES256", kid: "first" };
  /** @param {number} status */
  const keys = (status) => Response.json({ keys: issuer.published }, { status });
  /** Answers the fetch that is under way. @type {((response: Response) => void) | null} */
  let answer = null;
  let count = 0;
  t.mock.method(globalThis, "fetch", () => {
    count++;
    // Whoever asks beside another one is answered at once, since nobody here would answer later.
    return answer ? keys(500) : new Promise((resolve) => void (answer = resolve));
  });
  /** @param {number} status */
  const end = (status) => {
    answer?.(keys(status));
    answer = () => {};
  };
  let waits = 0;
  const wait = async (/** @type {number} */ ms) => {
    waits++;
    t.mock.timers.tick(ms);
  };
  Object.assign(globalThis, { scheduler: { wait } });
  const find = keysOf("https://issuer.example/in-an-outage");
  const first = find(header);
  end(200);
  await first;
  for (let outage = 0; outage < 3; outage++) {
    t.mock.timers.tick(OLD_MS);
    [answer, count] = [null, 0];
    const waiting = find(header);
    // The first request of an outage can't know that there is one. The others see what it has found out.
    if (outage > 0) await Promise.all([find(header), find(header)]);
    end(500);
    await waiting;
    for (let second = 0; second < 9; second++) {
      t.mock.timers.tick(1_000);
      await Promise.all([find(header), find(header)]);
    }
    assert.deepEqual([count, waits], [1, 0]);
  }
});
