/**
 * The platform's traces, from which its logs and their exports are made, seen by a tail Worker: nobody who reads them
 * can be let in by what they show.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { UserSessionClient } from "user-session-worker/client";
import { createTestHarness } from "wrangler";

import { SECRET, SERVICE_TOKEN, ask, bearer, byTicket, secretToken, seconds, ticketOf } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { PREFIX, requestAsWritten } from "../support/requests.mjs";
import { ROOT } from "../support/server.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";

/** @import { TestContext } from "node:test" */
/** @import { Server } from "../support/server.mjs" */

const ALLOWED_ORIGINS = "https://app.example";
const BY_TOKEN = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN, ALLOWED_ORIGINS };
const BY_COOKIE = { AUTH_MODE: "session", SERVICE_TOKEN, ALLOWED_ORIGINS };
const COOKIE = "a-cookie-for-tests";

/**
 * @typedef {object} Tracing
 * @property {(path?: string) => Promise<any[]>} traces
 * @property {() => Promise<void>} close
 */

/** @typedef {Pick<Server, "http" | "ws" | "logs"> & Tracing} Traced */

/** @type {Traced} */
let tokens;
/** @type {Traced} */
let cookies;
before(async () => {
  [tokens, cookies] = [await startTraced(BY_TOKEN), await startTraced(BY_COOKIE)];
});
after(async () => {
  await tokens?.close();
  await cookies?.close();
});

/**
 * Starts the Worker with a sign-in beside it, and a tail Worker behind both.
 * @param {Record<string, string>} vars
 * @returns {Promise<Traced>}
 */
async function startTraced(vars) {
  const path = (/** @type {string} */ name) => ({ configPath: `${ROOT}tests/worker/fixtures/${name}.wrangler.jsonc` });
  const workers = [{ ...path("traced"), vars }, path("sign-in"), path("traces")];
  const harness = createTestHarness({ root: ROOT, workers });
  const { url } = await harness.listen();
  return {
    http: url.origin,
    ws: url.origin.replace("http", "ws"),
    logs: () => harness.getLogs().map(({ message }) => String(message)),
    traces: async (path = "/") => /** @type {any} */ (await (await harness.getWorker("traces").fetch(path)).json()),
    close: () => harness.close(),
  };
}

/**
 * Waits for the traces of whatever has been asked.
 * @param {Traced} server
 * @param {number} requests How many the Worker has had.
 */
async function allTraces(server, requests) {
  /** @type {any[]} */
  let traces = [];
  await eventually("the traces", async () => {
    traces = await server.traces();
    const isOfWorker = (/** @type {any} */ { executionModel, event }) =>
      executionModel === "stateless" && event?.request?.url.includes(PREFIX);
    return traces.filter(isOfWorker).length >= requests;
  });
  return traces;
}

/** @param {any[]} traces @returns {string[]} */
function ticketsIn(traces) {
  const text = JSON.stringify(traces);
  const found = [...text.matchAll(/ticket\.([\w-]+)/g), ...text.matchAll(/"ticket":"([^"]*)"/g)];
  return [...new Set(found.map(([, ticket]) => ticket))];
}

/** Sockets as a page's. */
class PageSocket extends WebSocket {
  /** @param {string} url @param {string[]} protocols */
  constructor(url, protocols) {
    const headers = { Origin: new URL(url).origin.replace("ws", "http") };
    super(url, /** @type {any} */ ({ protocols, headers }));
  }
}

let devices = 0;

/**
 * A client of ours, which connects.
 * @param {TestContext} t
 * @param {string} userId
 * @param {string} token
 */
function newClient(t, userId, token) {
  const options = { userId, deviceId: `device ${devices++}`, url: tokens.http, token, WebSocket: /** @type {any} */ (PageSocket) };
  const client = new UserSessionClient(options);
  t.after(() => client.close());
  client.connect();
  const until = (/** @type {string} */ status) =>
    eventually(`it to be ${status}`, () => client.getSnapshot().connectionStatus === status);
  return { client, until };
}

test("whatever a client with a token does, and whatever is refused, no trace lets anybody in", async (t) => {
  /** @type {string[]} */
  const secrets = [SERVICE_TOKEN, SECRET];
  const tokenOf = (/** @type {string} */ userId, claims = {}) => {
    const token = secretToken(userId, claims);
    secrets.push(token);
    return token;
  };
  const iat = seconds() - 60;
  const { client, until } = newClient(t, "kim", tokenOf("kim", { sid: "desk", iat }));
  await until("connected");
  const phone = newClient(t, "kim", tokenOf("kim", { sid: "the phone", iat }));
  await phone.until("connected");
  assert.equal((await client.joinGame("go")).ok, true);
  assert.equal((await client.publish("move", { to: "e4" })).ok, true);
  assert.equal((await ask(tokens, "push", "kim", bearer(SERVICE_TOKEN))).status, 200);
  assert.equal((await client.logoutOthers()).ok, true);
  await phone.until("logged_out");
  phone.client.reconnect();
  await phone.until("unauthorized");
  assert.equal((await client.logoutAllDevices()).ok, true);
  await until("logged_out");
  // Who is refused, by which check ever.
  for (const [userId, token, status] of /** @type {[string, string, string][]} */ ([
    ["lee", tokenOf("mallory"), "forbidden"],
    ["ann", tokenOf("ann", { exp: 1 }), "unauthorized"],
    ["ann", tokenOf("ann", { iat: undefined }), "unauthorized"],
  ])) {
    await newClient(t, userId, token).until(status);
  }
  const good = tokenOf("joe", { iat });
  const ticket = await ticketOf(tokens, "joe", bearer(good));
  for (const [action, headers, status] of /** @type {[any, Record<string, string>, number][]} */ ([
    ["connect", byTicket(ticket), 101],
    ["connect", byTicket(ticket), 401],
    ["connect", { Cookie: `session=${good}`, Origin: "https://evil.example" }, 403],
    ["ticket", { ...bearer(good), Origin: "https://evil.example" }, 403],
    ["ticket", bearer(SERVICE_TOKEN), 403],
    ["state", { Cookie: `session=${good}` }, 200],
    ["clear", bearer(good), 200],
    ["push", bearer(good), 403],
    ["push", { Authorization: `Basic ${btoa(`x:${SERVICE_TOKEN}`)}` }, 401],
  ])) {
    assert.equal((await ask(tokens, action, "joe", headers, "&deviceId=d")).status, status, action);
  }
  await requestAsWritten(tokens, `${PREFIX}/no-such-path`, { headers: bearer(good) });
  // Two of each client that was let in, and one of each that was not; those in the table, and three more.
  const traces = await allTraces(tokens, 2 * 2 + 4 + 9 + 3);
  const text = JSON.stringify(traces);
  for (const secret of secrets) assert.ok(!text.includes(secret), `${secret} is in a trace`);
  assert.ok(!text.includes(btoa(SERVICE_TOKEN).slice(4, 20)));
  // The traces are those of both, and show what they are given.
  assert.ok(text.includes("durableObject") && text.includes('"authorization":"REDACTED"') && text.includes('"cookie":"REDACTED"'));
  const tickets = ticketsIn(traces);
  assert.ok(tickets.length >= 3, `${tickets.length} tickets`);
  for (const shown of tickets) {
    for (const userId of ["kim", "joe"]) {
      const { text: body } = await ask(tokens, "connect", userId, byTicket(shown), "&deviceId=thief");
      assert.equal(JSON.parse(body).error.code, "ticket_unknown");
    }
  }
  const logged = tokens.logs().join("\n");
  for (const secret of [...secrets, ...tickets]) assert.ok(!logged.includes(secret));
});

test("no trace shows the cookie of a user whom a sign-in knows, nor does the sign-in's own", async () => {
  const cookie = { Cookie: `session=kim.${COOKIE}` };
  const device = new Device(`${cookies.ws}${PREFIX}?userId=kim&deviceId=d`, { protocols: [PROTOCOL], headers: cookie });
  assert.equal((await device.next()).type, "initial_state");
  const ticket = await ticketOf(cookies, "kim", cookie);
  assert.equal((await ask(cookies, "connect", "kim", byTicket(ticket), "&deviceId=d")).status, 101);
  assert.equal((await ask(cookies, "state", "kim", { Cookie: `session=kim.${COOKIE}x` })).status, 401);
  assert.equal((await ask(cookies, "push", "kim", bearer(SERVICE_TOKEN))).status, 200);
  await device.close();
  const traces = await allTraces(cookies, 5);
  const text = JSON.stringify(traces);
  for (const secret of [COOKIE, SERVICE_TOKEN]) assert.ok(!text.includes(secret));
  assert.ok(traces.some(({ event }) => event?.request?.headers.cookie === "REDACTED"));
  assert.deepEqual(ticketsIn(traces), [ticket]);
});

test("a trace hides headers by their names, and what looks like a secret in the address, unless it is asked for all", async () => {
  const token = secretToken("cam");
  const names = ["Cookie", "X-My-Auth", "X-My-Key", "X-My-Secret", "X-My-Token", "X-My-Jwt"];
  const headers = { ...Object.fromEntries(names.map((name) => [name, token])), "X-Other": "other" };
  await requestAsWritten(tokens, `${PREFIX}/state?userId=cam&t=${token}`, { headers });
  /** @type {any} */
  const { request } = await eventually("its trace", async () => {
    const traces = await tokens.traces();
    return traces.find(({ event }) => event?.request?.headers["x-other"])?.event;
  });
  for (const name of names) assert.equal(request.headers[name.toLowerCase()], "REDACTED");
  assert.equal(request.headers["x-other"], "other");
  assert.match(request.url, /&t=.*REDACTED/);
  assert.ok(!request.url.includes(token));
  const whole = (await tokens.traces("/unredacted")).find((all) => all["x-other"]);
  for (const name of names) assert.equal(whole[name.toLowerCase()], token);
});

test("a token that a socket offers itself is in the traces: that is why clients ask for tickets", async () => {
  const token = secretToken("bea");
  const device = new Device(`${tokens.ws}${PREFIX}?userId=bea&deviceId=d`, { protocols: [PROTOCOL, `bearer.${token}`] });
  assert.equal((await device.next()).type, "initial_state");
  await device.close();
  await eventually("its trace", async () => JSON.stringify(await tokens.traces()).includes(token));
});
