/** A setting with a slip in its name does nothing, and its owner is told so: by a closed server, or by the log. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { EVERYWHERE, MODES, mistypedSettings, settingProblem } from "../../worker/auth/settings.js";
import { lookAlikes } from "../../worker/common/names.js";
import { collectorOf } from "../../worker/object/metrics.js";
import { LIMITS, readRateLimits } from "../../worker/object/rate-limits.js";
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

/** The settings without which the server goes on as safe as with them. */
const NO_CHECKS = ["ALLOWED_ORIGINS", "CLIENT_ADDRESS_HEADER", "CONNECT_LIMITER", "AUTH", "METRICS", ...Object.keys(LIMITS)];

/**
 * Every name that typing the name badly gives, once if it is short and twice if it is not.
 * @param {string} name
 */
function slipsOf(name) {
  const half = Math.floor(name.length / 2);
  const once = (/** @type {string} */ text, /** @type {number} */ at) => [
    text.slice(0, at) + text.slice(at + 1),
    `${text.slice(0, at)}Q${text.slice(at)}`,
    `${text.slice(0, at)}Q${text.slice(at + 1)}`,
    text.slice(0, at) + (text[at + 1] ?? "") + text[at] + text.slice(at + 2),
  ];
  const slips = [name.toLowerCase(), name.replaceAll("_", ""), `_${name}`];
  for (let at = 0; at < name.length; at++) {
    slips.push(...once(name, at));
    if (name.replaceAll("_", "").length >= 8) slips.push(...once(name, at).flatMap((slip) => once(slip, (at + half) % (name.length - 1))));
  }
  return [...new Set(slips)].filter((slip) => slip !== name && !NAMES.some((other) => other.name === slip));
}

for (const { name, mode } of NAMES) {
  test(`${name} with a slip in it is noticed`, (t) => {
    t.mock.timers.enable({ apis: ["Date"], now: Date.now() });
    const error = t.mock.method(console, "error", () => {});
    const beside = BESIDE[name] ?? (mode === "`session`" ? SESSION : JWT);
    const told = (/** @type {object} */ env) => {
      const texts = [settingProblem(env, {}) ?? "", ...mistypedSettings(env, {})];
      readRateLimits(env);
      collectorOf(env, () => "kim");
      return [...texts, ...error.mock.calls.map(({ arguments: [line] }) => String(line))].filter(Boolean);
    };
    assert.equal(told(beside).length, name in BESIDE ? 1 : 0);
    for (const slip of slipsOf(name)) {
      const env = { ...beside, [slip]: "a value" };
      const texts = told(env);
      assert.ok(texts.some((text) => text.includes(slip) || text.includes(name)), `${slip}: ${texts.join(" | ")}`);
      assert.equal(settingProblem(env, {}) === null, NO_CHECKS.includes(name), slip);
      error.mock.resetCalls();
      // The log repeats nothing for ten minutes.
      t.mock.timers.tick(600_000);
    }
  });
}

/** Names that left a check out without a word. */
const SLIPS = ["AUTH_JTW_ISSUER", "AUHT_JWT_ISSUER", "AUTH_JW_AUDIENCE", "AUT_JWT_TYPE", "CRDENTIALS_NOT_BEFORE", "SERVICE_TOEKN_PUSH", "CLOCK_SKW_SECONDS", "ATUH_COOKIE"];
for (const slip of SLIPS) {
  test(`nobody is let in while a check is asked for as ${slip} alone, and beside the right name it is the app's own`, () => {
    const right = { AUTH_JWT_ISSUER: "i", AUTH_JWT_AUDIENCE: "a", AUTH_JWT_TYP: "t", CREDENTIALS_NOT_BEFORE: "2024-02-29", SERVICE_TOKEN_PUSH: SERVICE_TOKEN, CLOCK_SKEW_SECONDS: "5", AUTH_COOKIE: "c" };
    const problem = String(settingProblem({ ...JWT, [slip]: "a value" }, {}));
    assert.ok(problem.startsWith(`${slip} is no variable of the server: expected `), problem);
    assert.ok(Object.keys(right).some((name) => problem.includes(name.replace(/_(?:PUSH|SECONDS)$/, ""))), problem);
    assert.equal(settingProblem({ ...JWT, ...right, [slip]: "a value" }, {}), null);
  });
}

/** Names made of some of the words of a setting, which the log asks about, each with that setting. */
const WORDS = {
  AUTH_ISSUER: "AUTH_JWT_ISSUER",
  JWT_ISSUER: "AUTH_JWT_ISSUER",
  jwt_audience: "AUTH_JWT_AUDIENCE",
  NOT_BEFORE: "CREDENTIALS_NOT_BEFORE",
  CREDENTIALS_BEFORE: "CREDENTIALS_NOT_BEFORE",
  CLOCK_SECONDS: "CLOCK_SKEW_SECONDS",
  TOKEN_READ: "SERVICE_TOKEN_READ",
  ADDRESS_HEADER: "CLIENT_ADDRESS_HEADER",
};
for (const [words, name] of Object.entries(WORDS)) {
  test(`${words}, which may be the app's own, closes nothing, and is asked about until ${name} is set`, () => {
    const env = { ...JWT, [words]: "a value" };
    assert.equal(settingProblem(env, {}), null);
    assert.deepEqual(mistypedSettings(env, {}), [`${words} has no effect on the server: is it ${name}, mistyped?`]);
    assert.deepEqual(mistypedSettings({ ...env, [name]: "a value" }, {}), []);
    assert.equal(mistypedSettings({ ...env, [name]: null }, {}).length, 1);
  });
}

test("no setting is taken for another one, mistyped", () => {
  const names = NAMES.map(({ name }) => name);
  const groups = [...Object.values(MODES).map(({ variables }) => variables), EVERYWHERE, LIMITS, { METRICS: 0 }].map((group) => Object.keys(group));
  for (const name of names) {
    for (const ours of groups) assert.deepEqual(lookAlikes({ [name]: "a value" }, ours), [], name);
    const right = { AUTH_JWT_SECRET: SECRET, AUTH_JWT_SECRET_PREVIOUS: SECRET, SERVICE_TOKEN, [name]: SERVICE_TOKEN };
    assert.doesNotMatch(String(settingProblem({ ...right, AUTH_MODE: "jwt" }, {})), /is no variable/);
    assert.deepEqual(mistypedSettings({ ...JWT, [name]: "a value" }, {}), [], name);
  }
});

test("where a mode's variables do nothing, a slip in one of them closes nothing and is not asked about", () => {
  /** @type {object} */
  const slips = { AUTH_JTW_ISSUER: "x", AUTH_ISSUER: "x", AUTH_SESION_URL: "x", AUTH_ID_PATH: "x", OAUTH: "x" };
  /** @type {[object, import("../../worker/auth/identity.js").AuthOptions][]} */
  const servers = [[{ AUTH_MODE: "none" }, {}], [{}, { authenticate: () => null }], [JWT, { authenticate: () => null }]];
  for (const [env, options] of servers) {
    assert.equal(settingProblem({ ...env, ...slips }, options), null);
    assert.deepEqual(mistypedSettings({ ...env, ...slips }, options), []);
    assert.match(String(settingProblem(/** @type {object} */ ({ ...env, SERVICE_TOEKN: "x" }), options)), /^SERVICE_TOEKN is no variable/);
    assert.equal(mistypedSettings(/** @type {object} */ ({ ...env, NOT_BEFORE: "x" }), options).length, 1);
  }
  const ofTheOther = { ...SESSION, AUTH_JTW_ISSUER: "x", AUTH_ISSUER: "x" };
  assert.equal(settingProblem(ofTheOther, {}), null);
  assert.deepEqual(mistypedSettings(ofTheOther, {}), []);
  assert.deepEqual(mistypedSettings(/** @type {object} */ ({ ...SESSION, OAUTH: "x" }), {}), ["OAUTH has no effect on the server: is it AUTH, mistyped?"]);
});

test("what an app may have for itself closes no server, and is asked about only while ours is not set", () => {
  const own = { CONNECT_LIMIT: "5", ALLOWED_ORIGNS: "https://app.example", CLIENT_ADRESS_HEADER: "X-Real-IP" };
  for (const [name, value] of Object.entries(own)) {
    assert.equal(settingProblem({ ...JWT, [name]: value }, {}), null);
    assert.equal(mistypedSettings({ ...JWT, [name]: value }, {}).length, 1);
  }
  const ours = { ALLOWED_ORIGINS: "https://app.example", CLIENT_ADDRESS_HEADER: "X-Real-IP", CONNECT_LIMITER: { limit: async () => ({ success: true }) } };
  assert.deepEqual(mistypedSettings({ ...JWT, ...own, ...ours }, {}), []);
  const keyed = { AUTH_MODE: "jwt", AUTH_JWKS_URL: "https://issuer.example/keys", AUTH_JWT_AUDIENCE: "sessions" };
  for (const secret of ["AUTH_SECRET", "JWT_SECRET"]) {
    assert.deepEqual(mistypedSettings({ ...JWT, [secret]: "x" }, {}), []);
    assert.equal(settingProblem({ ...keyed, [secret]: "x" }, {}), null);
    assert.equal(mistypedSettings({ ...keyed, [secret]: "x" }, {}).length, 1);
  }
});

/** Names that apps have for themselves, or that are too far from ours. */
const OTHERS = [
  ...["OAUTH", "AUTHOR", "AUTHORITY", "AUTH0_DOMAIN", "AUTH0_AUDIENCE", "AUTH_GITHUB_ID", "AUTH_TRUST_HOST", "BETTER_AUTH_SECRET", "BETTER_AUTH_URL", "BETTER_AUTH_TRUSTED_ORIGINS", "OAUTH_CLIENT_ID"],
  ...["DATABASE_URL", "SESSION_SECRET", "SESSION_KV", "SERVICE_URL", "SERVICE_KEY", "API_TOKEN", "TOKEN", "JWT", "ISSUER", "USER_ID", "CLIENT_ID", "CLIENT_SECRET", "CLOCK", "SECONDS"],
  ...["FRAMES", "CONNECTION", "ORIGIN", "ORIGINS", "MAX_DEVICES_OF_PLAN", "MAXIMUM", "MAX_USERS", "ASSETS", "DB", "USER_SESSION", "AUTH_ISS", "METRICS_URL", "A", "", "_", "__"],
];
test("an app that has names of its own gets no question about them", (t) => {
  const error = t.mock.method(console, "error", () => {});
  for (const name of OTHERS) {
    /** @type {object} */
    const env = { ...JWT, [name]: "x" };
    assert.equal(settingProblem(env, {}), null, name);
    assert.deepEqual(mistypedSettings(env, {}), [], name);
    readRateLimits(env);
    collectorOf(env, () => "kim");
  }
  assert.equal(error.mock.callCount(), 0);
});

test("a real server says it once, whichever of its parts reads the setting, and serves", async (t) => {
  const slips = { ALLOWED_ORIGNS: "https://app.example", CLIENT_ADRESS_HEADER: "X-Real-IP", NOT_BEFORE: "2024-02-29", FRAMES_PER_SECONDS: "1", CONECTS_PER_MINUTE: "1", CONNECTS_MINUTE: "1", MAX_DEVICE: "1", FRAME_BURSTS: "1" };
  const server = await startServer(undefined, { AUTH_MODE: "none", ...slips });
  t.after(() => server.close());
  for (let times = 0; times < 3; times++) {
    for (const userId of ["kim", "lee"]) assert.equal((await ask(server, "connect", userId)).status, 101);
  }
  const lineOf = (/** @type {string} */ name) => server.logs().filter((line) => line.startsWith(`user-session: ${name} has no effect on the server: is it `));
  for (const name of Object.keys(slips)) await eventually(name, () => lineOf(name).length > 0);
  for (const name of Object.keys(slips)) assert.equal(lineOf(name).length, 1, name);
});

for (const slip of ["SERVICE_TOKEN_READS", "SERVICE_TOEKN_READ"]) {
  test(`a service token under the wrong name ${slip} closes the real server`, async (t) => {
    const server = await startServer(undefined, { ...OPEN, [slip]: SERVICE_TOKEN });
    t.after(() => server.close());
    const { status, text } = await ask(server, "state", "kim");
    assert.equal(status, 503);
    const { code, message } = JSON.parse(text).error;
    assert.equal(code, "not_configured");
    assert.match(message, new RegExp(`^${slip} is no variable of the server: expected SERVICE_TOKEN, .*SERVICE_TOKEN_READ`));
  });
}
