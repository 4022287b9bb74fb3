/** A setting with a slip in its name does nothing, and its owner is told so: by a closed server, or by the log. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { mistypedSettings, settingProblem } from "../../worker/auth/settings.js";
import { collectorOf } from "../../worker/object/metrics.js";
import { readRateLimits } from "../../worker/object/rate-limits.js";
import { codeIn, tableOf } from "../docs/markdown.mjs";
import { SECRET, SERVICE_TOKEN, ask } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { OPEN, startServer } from "../support/server.mjs";

/** Every setting of the documentation, and the binding that is no setting of who is let in. */
const NAMES = [...tableOf("docs/deploying.md", "| name | mode | meaning |").flatMap(([names, mode]) => codeIn(names).map((name) => ({ name, mode }))), { name: "METRICS", mode: "all" }];

const JWT = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
const SESSION = { AUTH_MODE: "session", AUTH_SESSION_URL: "https://app.example/session" };

/** The settings without which no server takes another one. @type {Record<string, object>} */
const BESIDE = {
  AUTH_MODE: {},
  AUTH_JWT_SECRET: { AUTH_MODE: "jwt" },
  AUTH_JWKS_URL: { AUTH_MODE: "jwt" },
  AUTH_SESSION_URL: { AUTH_MODE: "session" },
};

// Too many names of an app's own begin with these.
const SHORT = ["AUTH", "METRICS"];

/** @param {string} name */
function slipsOf(name) {
  const slips = [name.toLowerCase(), name.replaceAll("_", ""), name.endsWith("S") ? name.slice(0, -1) : `${name}S`];
  const longer = SHORT.includes(name) || name === "MAX_DEVICES" ? [] : [`${name}_X`];
  return [...new Set([...slips, ...longer])].filter((slip) => slip !== name);
}

for (const { name, mode } of NAMES) {
  test(`${name} with a slip in it is noticed`, (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const error = t.mock.method(console, "error", () => {});
    const beside = BESIDE[name] ?? (mode === "`session`" ? SESSION : JWT);
    const told = (/** @type {object} */ env) => {
      const texts = [settingProblem(env, {}) ?? "", ...mistypedSettings(env)];
      readRateLimits(env);
      collectorOf(env, () => "kim");
      return [...texts, ...error.mock.calls.map(({ arguments: [line] }) => String(line))].filter(Boolean);
    };
    assert.equal(told(beside).length, name in BESIDE ? 1 : 0);
    for (const slip of slipsOf(name)) {
      const texts = told({ ...beside, [slip]: "a value" });
      assert.ok(texts.some((text) => text.includes(slip) || text.includes(name)), `${slip}: ${texts.join(" | ")}`);
      error.mock.resetCalls();
      // The log repeats nothing for ten minutes.
      t.mock.timers.tick(600_000);
    }
  });
}

test("what an app may have for itself closes no server, and is asked about only while ours is not set", () => {
  const own = { CONNECT_LIMIT: "5", ALLOWED_ORIGIN: "https://app.example" };
  for (const [name, value] of Object.entries(own)) {
    assert.equal(settingProblem({ ...JWT, [name]: value }, {}), null);
    assert.equal(mistypedSettings({ ...JWT, [name]: value }).length, 1);
  }
  const ours = { ALLOWED_ORIGINS: "https://app.example", CONNECT_LIMITER: { limit: async () => ({ success: true }) } };
  assert.deepEqual(mistypedSettings({ ...JWT, ...own, ...ours }), []);
  const others = { AUTH_SECRET: "x", AUTH0_DOMAIN: "x", FRAMES: "3", CONNECTION: "x", ORIGIN: "x", MAX_DEVICES_OF_PLAN: "x", MAXIMUM: "x" };
  assert.deepEqual(mistypedSettings({ ...JWT, ...others }), []);
});

test("a real server says it once, whichever of its parts reads the setting, and serves", async (t) => {
  const slips = { ALLOW_ORIGINS: "https://app.example", FRAMES_PER_SECONDS: "1", CONNECTIONS_PER_MINUTE: "1", MAX_DEVICE: "1", FRAME_BURSTS: "1" };
  const server = await startServer(undefined, { AUTH_MODE: "none", ...slips });
  t.after(() => server.close());
  for (let times = 0; times < 3; times++) {
    for (const userId of ["kim", "lee"]) assert.equal((await ask(server, "connect", userId)).status, 101);
  }
  const [origins, ...limits] = Object.keys(slips);
  const lineOf = (/** @type {string} */ name) => server.logs().filter((line) => line.startsWith(`user-session: ${name} has no effect on the server: is it `));
  for (const name of [origins, ...limits]) await eventually(name, () => lineOf(name).length > 0);
  for (const name of [origins, ...limits]) assert.equal(lineOf(name).length, 1, name);
});

test("a service token under a wrong name closes the real server", async (t) => {
  const server = await startServer(undefined, { ...OPEN, SERVICE_TOKEN_READS: SERVICE_TOKEN });
  t.after(() => server.close());
  const { status, text } = await ask(server, "state", "kim");
  assert.equal(status, 503);
  assert.match(JSON.parse(text).error.message, /^SERVICE_TOKEN_READS is no variable of the server: expected SERVICE_TOKEN, .*SERVICE_TOKEN_READ/);
});
