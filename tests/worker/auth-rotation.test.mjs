/** A secret is changed while everybody is at work, and nobody is turned away who has the old one or the new one. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { SERVICE_TOKENS, tokensFor } from "../../worker/auth/service-tokens.js";
import { ask, bearer, secretToken } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { V2Device } from "../support/v2-device.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Server } from "../support/server.mjs" */

const OLD = "the-old-secret-which-has-more-than-32-bytes=";
const NEW = "the-new-secret-which-has-more-than-32-bytes=";
const SIGNED = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: OLD };

/** How many answers show that traffic goes on. */
const ENOUGH = 10;

/**
 * A server whose variables change while it runs.
 * @param {TestContext} t
 * @param {Record<string, string>} vars
 */
async function redeployable(t, vars) {
  const server = await startServer(`${ROOT}tests/worker/fixtures/redeployed.wrangler.jsonc`, vars);
  t.after(() => server.close());
  /** @param {Record<string, string>} changed */
  const deploy = async (changed) => {
    const { status } = await fetch(`${server.http}/test/deploy`, { method: "POST", body: JSON.stringify(changed) });
    assert.equal(status, 200);
  };
  return { server, deploy };
}

/**
 * Asks without a pause until it is stopped.
 * @param {() => Promise<number>} request Returns the status.
 */
function traffic(request) {
  /** @type {number[]} */
  const statuses = [];
  let isOver = false;
  const done = (async () => {
    while (!isOver) statuses.push(await request());
  })();
  return {
    statuses,
    goesOn: () => {
      const before = statuses.length;
      return eventually("answers", () => statuses.length >= before + ENOUGH);
    },
    stop: async () => {
      isOver = true;
      await done;
    },
  };
}

/**
 * The steps of docs/deploying.md: the old value is good beside the new one, then the new one alone.
 * @param {string} name
 */
const steps = (name) => ({
  both: { [`${name}_PREVIOUS`]: OLD },
  middle: { [name]: NEW, [`${name}_PREVIOUS`]: OLD },
  end: { [name]: NEW },
});

/**
 * Changes a secret under traffic.
 * @param {{server: Server, deploy: (vars: Record<string, string>) => Promise<void>}} where
 * @param {string} name
 * @param {(secret: string) => () => Promise<number>} requests Makes the traffic of somebody with a secret.
 * @param {(secret: string) => Promise<void>} inTheMiddle
 */
async function rotate({ deploy }, name, requests, inTheMiddle) {
  const { both, middle, end } = steps(name);
  const [old, fresh] = [requests(OLD), requests(NEW)];
  assert.deepEqual([await old(), await fresh()], [200, 401]);
  const older = traffic(old);
  await older.goesOn();
  await deploy(both);
  await older.goesOn();
  await deploy(middle);
  const newer = traffic(fresh);
  await Promise.all([older.goesOn(), newer.goesOn()]);
  for (const secret of [OLD, NEW]) await inTheMiddle(secret);
  await older.stop();
  await deploy(end);
  await newer.goesOn();
  await newer.stop();
  for (const { statuses } of [older, newer]) assert.deepEqual([...new Set(statuses)], [200]);
  assert.deepEqual([await old(), await fresh()], [401, 200]);
}

test("the secret of tokens is changed, and no user notices", async (t) => {
  const where = await redeployable(t, SIGNED);
  /** @type {V2Device[]} */
  const devices = [];
  const tokens = new Map([OLD, NEW].map((secret) => [secret, secretToken("kim", {}, secret)]));
  await rotate(
    where,
    "AUTH_JWT_SECRET",
    (secret) => async () => (await ask(where.server, "state", "kim", bearer(String(tokens.get(secret))))).status,
    async (secret) => {
      const token = String(tokens.get(secret));
      devices.push(await V2Device.open(where.server, "kim", `device-${devices.length}`, { token }));
      const cookie = await ask(where.server, "connect", "kim", { Cookie: `session=${token}` });
      assert.equal(cookie.status, 101);
    },
  );
  const refused = await ask(where.server, "connect", "kim", bearer(String(tokens.get(OLD))));
  assert.equal(refused.status, 401);
  assertRefusal(refused.text, "unauthorized", /its signature is by another key/);
  // Sockets that were let in stay: their users have proved who they are.
  const answers = await Promise.all(devices.map((device) => device.request({ type: "sync_state" })));
  assert.deepEqual(answers.map(({ type }) => type), ["ack", "ack"]);
  await Promise.all(devices.map((device) => device.close()));
});

/** A request that a token may make, by its variable. @type {Record<string, {method?: string, path: string, query?: string}>} */
const REQUESTS = {
  SERVICE_TOKEN: { method: "POST", path: "" },
  SERVICE_TOKEN_PUSH: { method: "POST", path: "" },
  SERVICE_TOKEN_READ: { path: "/metrics" },
  SERVICE_TOKEN_ERASE: { method: "POST", path: "/clear" },
  SERVICE_TOKEN_LOGOUT: { method: "POST", path: "/logout", query: "&credentialId=nobodys" },
};
for (const [name, { method, path, query = "" }] of Object.entries(REQUESTS)) {
  test(`the ${name} is changed, and no server notices`, async (t) => {
    const where = await redeployable(t, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: "another secret of more than 32 bytes", [name]: OLD });
    const chunks = path === "" ? ['{"type":"news"}'] : [];
    await rotate(
      where,
      name,
      (secret) => async () =>
        (await requestAsWritten(where.server, `${PREFIX}${path}?userId=kim${query}`, { method, chunks, headers: bearer(secret) })).status,
      async (secret) => {
        // Neither value is shown to whoever checks users.
        const astray = await ask(where.server, "state", "kim", { Authorization: `Token ${secret}` });
        assertRefusal(astray.text, "unauthorized", /^SERVICE_TOKEN stands where it does not belong/);
      },
    );
  });
}

test("every service token that can be used is changed above", () => {
  const used = new Set(/** @type {const} */ (["push", "state", "export", "metrics", "clear", "logout"]).flatMap(tokensFor));
  assert.deepEqual(SERVICE_TOKENS.filter((name) => used.has(name)).sort(), Object.keys(REQUESTS).sort());
});

test("a value before without a value now lets nobody in, and says what to set", async (t) => {
  const { server, deploy } = await redeployable(t, { AUTH_MODE: "jwt" });
  for (const name of ["AUTH_JWT_SECRET", ...SERVICE_TOKENS]) {
    const others = name === "AUTH_JWT_SECRET" ? {} : SIGNED;
    for (const now of [{}, ...(name === "AUTH_JWT_SECRET" ? [] : [{ [name]: "" }])]) {
      await deploy({ ...others, ...now, [`${name}_PREVIOUS`]: OLD });
      for (const action of /** @type {const} */ (["state", "connect", "push"])) {
        const { status, text } = await ask(server, action, "kim", bearer(secretToken("kim", {}, OLD)));
        assert.equal(status, 503);
        const message = `^${name}_PREVIOUS is set and ${name} is not: expected the new value in ${name}, or neither$`;
        assertRefusal(text, "not_configured", new RegExp(message));
      }
    }
  }
});
