/** A service token can do what its variable is for, and nothing else: one that leaks costs no more than that. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SERVICE_TOKENS, scopeFor, tokensFor } from "../../worker/auth/service-tokens.js";
import { SECRET, bearer, seconds, secretToken, serve } from "../support/auth.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

/** A token for each variable. */
const TOKENS = Object.fromEntries(
  SERVICE_TOKENS.flatMap((name) => [name, `${name}_PREVIOUS`]).map((name) => [name, `the-token-of-${name.toLowerCase()}`]),
);

/** The same text in two variables. */
const SHARED = "one-token-for-two-variables";

/** Each request that a server can make, and the variable whose token may make it. @type {Record<string, {path: string, query?: string, method?: string, body?: string, upgrade?: boolean, variable: string | null}>} */
const REQUESTS = {
  push: { path: "", method: "POST", body: '{"type":"news"}', variable: "SERVICE_TOKEN_PUSH" },
  state: { path: "/state", variable: "SERVICE_TOKEN_READ" },
  export: { path: "/export", variable: "SERVICE_TOKEN_READ" },
  metrics: { path: "/metrics", variable: "SERVICE_TOKEN_READ" },
  clear: { path: "/clear", method: "POST", variable: "SERVICE_TOKEN_ERASE" },
  logout: { path: "/logout", query: "&credentialId=nobodys", method: "POST", variable: "SERVICE_TOKEN_LOGOUT" },
  values: { path: "/values", variable: "SERVICE_TOKEN_READ" },
  "set-value": { path: "/values", query: "&key=k", method: "PUT", body: "1", variable: "SERVICE_TOKEN_WRITE" },
  "delete-value": { path: "/values", query: "&key=k", method: "DELETE", variable: "SERVICE_TOKEN_WRITE" },
  connect: { path: "", upgrade: true, variable: null },
};

/** How often the sign-in was asked. */
let asked = 0;
/** @type {Awaited<ReturnType<typeof serve>>} */
let app;
/** @type {[mode: string, server: Server, more: Record<string, string>][]} */
const ways = [];
/** @type {Server[]} */
const servers = [];
before(async () => {
  app = await serve((_, response) => {
    asked++;
    response.end(JSON.stringify({ user: { id: "kim" }, session: { id: "s", createdAt: 1_700_000_000 } }));
  });
  const signed = { ...TOKENS, AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  const jwt = await startServer(undefined, signed);
  const session = await startServer(undefined, { ...TOKENS, AUTH_MODE: "session", AUTH_SESSION_URL: app.url });
  const owner = await startServer(`${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`, signed);
  servers.push(jwt, session, owner);
  ways.push(["jwt", jwt, {}], ["session", session, {}], ["authenticate", owner, {}], ["authenticate, handed on raw", owner, { "Hand-On": "1" }]);
});
after(async () => {
  for (const server of servers) await server.close();
  app?.close();
});

/** @param {Server} server @param {string} name @param {Record<string, string>} headers @param {Record<string, string>} [more] Headers beside them. */
function request(server, name, headers, more = {}) {
  const { path, query = "&deviceId=d", method, body, upgrade } = REQUESTS[name];
  return requestAsWritten(server, `${PREFIX}${path}?userId=kim${query}`, {
    method,
    headers: { ...(upgrade && UPGRADE), ...headers, ...more },
    chunks: body === undefined ? [] : [body],
  });
}

test("every token is good for what its variable is for, now and before, and for nothing else", async () => {
  for (const [mode, server, more] of ways) {
    for (const [variable, token] of Object.entries(TOKENS)) {
      const scope = variable.replace("_PREVIOUS", "");
      for (const [name, { variable: needed }] of Object.entries(REQUESTS)) {
        const what = `${mode}: ${name} by ${variable}`;
        const { status, text } = await request(server, name, bearer(token), more);
        if (needed === null) {
          assert.equal(status, 403, what);
          assertRefusal(text, "forbidden", /^SERVICE_TOKEN is for servers: connect needs a user's own credential$/);
        } else if (scope === "SERVICE_TOKEN" || scope === needed) {
          assert.equal(status, 200, `${what}: ${text}`);
        } else {
          assert.equal(status, 403, what);
          const message = `^${name} needs SERVICE_TOKEN or ${needed}: this service token is for something else$`;
          assertRefusal(text, "forbidden", new RegExp(message));
        }
      }
    }
  }
});

test("a service token in a user's place is refused, whichever it is, and no sign-in sees it", async () => {
  asked = 0;
  for (const [mode, server, more] of ways) {
    for (const [variable, token] of Object.entries(TOKENS)) {
      const places = [
        ...[token, `Token ${token}`, `Basic ${btoa(`kim:${token}`)}`, `Bearer Bearer ${token}`].map((Authorization) => ({ Authorization })),
        ...[token, `"${token}"`, token.replace("-", "%2D"), `Bearer ${token}`, `Bearer%20${token}; other=100%`, `${token}.signature`, `s:${token}`].map(
          (value) => ({ Cookie: `app=kim; session=${value}` }),
        ),
        { Cookie: token },
        { "Sec-WebSocket-Protocol": `user-session.v1, bearer.${token}` },
      ];
      const asking = places.map((headers) => /** @type {const} */ (["state", headers]));
      const protocol = places[places.length - 1];
      for (const [name, headers] of [...asking, /** @type {const} */ (["connect", protocol])]) {
        const { status, text } = await request(server, name, { Cookie: "app=kim", ...headers }, more);
        assert.equal(status, 401, `${mode}: ${name} with ${variable}: ${text}`);
        // Where tokens are verified here, nobody else is shown a cookie.
        const isVerifiedHere = "Cookie" in headers && ["jwt", "authenticate, handed on raw"].includes(mode);
        if (!isVerifiedHere) assertRefusal(text, "unauthorized", /^SERVICE_TOKEN stands where it does not belong/);
      }
      const { status } = await request(server, "push", protocol, more);
      assert.equal(status, 401, `${mode}: a push with ${variable}`);
    }
  }
  assert.equal(asked, 0);
});

test("what is nearly a token, or another's beginning, is none", async () => {
  const [, server] = ways[0];
  for (const token of Object.values(TOKENS)) {
    for (const slip of [`${token}x`, token.slice(0, -1), token.toUpperCase(), `${token} `.repeat(2).trim()]) {
      if (Object.values(TOKENS).includes(slip)) continue;
      for (const name of ["state", "push"]) {
        assert.equal((await request(server, name, bearer(slip))).status, 401, `${name} by ${slip}`);
      }
    }
  }
});

test("a text in two variables is good for both, and for no third", async (t) => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  const tokens = { SERVICE_TOKEN_READ: SHARED, SERVICE_TOKEN_PUSH: "another-token-for-pushing", SERVICE_TOKEN_PUSH_PREVIOUS: SHARED };
  const server = await startServer(undefined, { ...vars, ...tokens });
  t.after(() => server.close());
  const statuses = async (/** @type {string} */ token) => {
    const answers = [];
    for (const name of ["push", "state", "metrics", "clear", "connect"]) answers.push(await request(server, name, bearer(token)));
    return answers.map(({ status }) => status);
  };
  assert.deepEqual(await statuses(SHARED), [200, 200, 200, 403, 403]);
  assert.deepEqual(await statuses("another-token-for-pushing"), [200, 403, 403, 403, 403]);
  // Whoever has none is told which of them are set.
  const { status, text } = await request(server, "push", {});
  assert.equal(status, 401);
  assertRefusal(text, "unauthorized", /^SERVICE_TOKEN_PUSH: push needs Authorization: Bearer with that very token$/);
  assert.equal((await request(server, "push", bearer(secretToken("kim", { iat: seconds() - 1 })))).status, 403);
});

test("whoever has set none of the tokens is told which ones there are", async (t) => {
  const server = await startServer(undefined, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN_ERASE: TOKENS.SERVICE_TOKEN_ERASE });
  t.after(() => server.close());
  const { text } = await request(server, "metrics", {});
  assertRefusal(text, "unauthorized", /^SERVICE_TOKEN or SERVICE_TOKEN_READ is not set: metrics needs it as Authorization: Bearer$/);
});

test("there is a variable for each scope, and none without one", () => {
  assert.deepEqual([...SERVICE_TOKENS].sort(), [
    "SERVICE_TOKEN",
    ...["ERASE", "LOGOUT", "PUSH", "READ", "WRITE"].map((scope) => `SERVICE_TOKEN_${scope}`),
  ]);
  for (const [name, { variable }] of Object.entries(REQUESTS)) {
    const action = /** @type {import("../../worker/http/routes.js").Action} */ (name);
    assert.deepEqual(tokensFor(action), variable === null ? [] : ["SERVICE_TOKEN", variable]);
    assert.equal(scopeFor(action) === null, variable === null);
  }
});

test("no token is in the log", () => {
  const logged = servers.flatMap((server) => server.logs()).join("\n");
  assert.match(logged, /refused with 403: push needs SERVICE_TOKEN or SERVICE_TOKEN_PUSH/);
  for (const token of Object.values(TOKENS)) assert.ok(!logged.includes(token));
});
