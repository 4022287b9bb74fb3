import assert from "node:assert/strict";
import { test } from "node:test";

import { Issuer, ask, bearer } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { startServer } from "../support/server.mjs";

/** @import { TestContext } from "node:test" */

/**
 * An issuer with one key, and a server that asks it for the first time.
 * @param {TestContext} t
 */
async function started(t) {
  const issuer = new Issuer();
  await issuer.addKey("first", "ES256");
  const vars = { AUTH_MODE: "jwt", AUTH_JWKS_URL: await issuer.start(), AUTH_JWT_AUDIENCE: "any" };
  const server = await startServer(undefined, vars);
  t.after(() => server.close().then(() => issuer.close()));
  const token = await issuer.token("kim", "first", "ES256");
  /** @param {number} count */
  const statuses = async (count) => {
    const asked = Array.from({ length: count }, () => ask(server, "state", "kim", bearer(token)));
    return (await Promise.all(asked)).map(({ status }) => status);
  };
  return { issuer, server, token, statuses };
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
  assert.ok(server.logs().some((line) => line.includes("AUTH_JWKS_URL")));
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
