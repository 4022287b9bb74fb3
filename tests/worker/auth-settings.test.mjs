/** Which settings let somebody in at all: none that asks for a check which could not be done. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { credentialsNotBefore } from "../../worker/auth/not-before.js";
import { SERVICE_TOKENS } from "../../worker/auth/service-tokens.js";
import { settingProblem } from "../../worker/auth/settings.js";
import { SECRET, SERVICE_TOKEN } from "../support/auth.mjs";

// The token of a header is bytes, which are not read as UTF-8.
const UNSENDABLE = ["t\u00f6kent\u00f6kent\u00f6kent\u00f6ken", "token-of-\u2713-and-more", "four words are a token", "a-token-with\ta-tab", "a-token-with-\u0001-in-it"];

const secret = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
const keyed = { AUTH_MODE: "jwt", AUTH_JWKS_URL: "https://issuer.example/keys", AUTH_JWT_AUDIENCE: "sessions" };
const session = { AUTH_MODE: "session", AUTH_SESSION_URL: "https://app.example/session" };
const bound = { AUTH_MODE: "session", AUTH: { fetch } };

/** @type {[string, object][]} */
const open = [
  ["a shared secret", secret],
  ["an issuer's keys and an audience", keyed],
  ["an issuer's keys and several audiences", { ...keyed, AUTH_JWT_AUDIENCE: " a , https://b.example/ " }],
  ["an issuer's keys for any audience", { ...keyed, AUTH_JWT_AUDIENCE: "any" }],
  ["all that a token may be asked for", { ...keyed, AUTH_JWT_ISSUER: "https://i.example/", AUTH_JWT_TYP: "at+jwt, application/JWT", AUTH_JWT_HEADER: "X-Token", AUTH_COOKIE: "__Host-session" }],
  ["a session's address", session],
  ["a service binding", bound],
  ["a service binding and a path", { ...bound, AUTH_SESSION_URL: "/session" }],
  ["paths in the answer", { ...session, AUTH_SESSION_USER_PATH: "id", AUTH_SESSION_EXPIRES_PATH: "a.b c.d" }],
  ["mode none", { AUTH_MODE: "none" }],
  ["what workerd gives for variables that its environment has not", { ...secret, SERVICE_TOKEN: null, ALLOWED_ORIGINS: null, AUTH_JWT_AUDIENCE: null }],
  ["an empty service token and no origins", { ...secret, SERVICE_TOKEN: "", ALLOWED_ORIGINS: "" }],
  ["a secret and the one before", { ...secret, AUTH_JWT_SECRET_PREVIOUS: `${SECRET}, before` }],
  ["an empty secret before", { ...secret, AUTH_JWT_SECRET_PREVIOUS: "", SERVICE_TOKEN_PREVIOUS: "" }],
  ["a service token for each purpose", { ...secret, ...Object.fromEntries(SERVICE_TOKENS.flatMap((name) => [[name, `${SERVICE_TOKEN}-${name}`], [`${name}_PREVIOUS`, SERVICE_TOKEN]])) }],
  ["the same service token for two purposes", { ...secret, SERVICE_TOKEN_READ: SERVICE_TOKEN, SERVICE_TOKEN_PUSH: SERVICE_TOKEN }],
  ["no skew of clocks", { ...session, CLOCK_SKEW_SECONDS: "0" }],
  ["the most skew of clocks", { ...bound, CLOCK_SKEW_SECONDS: "60" }],
  ["a service token and origins", { ...secret, SERVICE_TOKEN, ALLOWED_ORIGINS: "https://a.example, app://b" }],
  ["the second of now before which no credential is good", { ...secret, CREDENTIALS_NOT_BEFORE: new Date().toISOString() }],
  ["a date before which no credential is good", { AUTH_MODE: "none", CREDENTIALS_NOT_BEFORE: "2024-02-29" }],
  ["the header of a proxy", { ...secret, CLIENT_ADDRESS_HEADER: "X-Forwarded-For" }],
  ["no such date in its environment", { ...secret, CREDENTIALS_NOT_BEFORE: null }],
  ["credentials of the app's own", { ...secret, CREDENTIALS: "", CREDENTIALS_KEY: 7, CREDENTIAL_STORE: "x" }],
  ["variables of another mode, and of the app", { ...session, AUTH_JWT_AUDIENCE: "", AUTH_COOKIE_NAME: "", AUTH_SECRET: "the app's", AUTH_GITHUB_ID: 7 }],
  ["what only looks like a limit", { ...secret, ALLOWED_ORIGIN: "the app's", MAX_DEVICE: 7, CONNECT_LIMIT: "3" }],
];
for (const [what, env] of open) {
  test(`whoever sets ${what} has a server that answers`, () => {
    assert.equal(settingProblem(env, {}), null);
  });
}

const NO_DATES = [
  ...["now", "0", "1764064800", "1764064800000", "25.11.2025", "2025/11/25", "Tue, 25 Nov 2025 10:00:00 GMT", "session 5"],
  // Times that name no zone, or no time.
  ...["2025-11-25T10:00:00", "2025-11-25 10:00:00Z", "2025-11-25T10Z", "2025-11-25Z", "2025-11-25T10:00:00+0100", "2025-11-25T10:00:00z"],
  // Dates that there never were.
  ...["2025-02-29", "2025-13-01", "2025-11-31T10:00Z", "2025-11-25T25:00Z", "2025-11-25T10:00:60Z", "2025-11-25T10:00+24:00"],
  // Dates that would refuse nobody, or everybody.
  ...["1970-01-01", "1969-12-31T23:59:59Z", "0001-01-01", "2999-01-01", "2999-01-01T00:00:00Z", "+002025-11-25T10:00:00Z"],
  ...[" 2025-11-25", "2025-11-25\n", "2025-11-25,2025-11-26"],
];

// Each of these was a check that was not done, or would be one.
const NO_TEXTS = ["", " ", "\n", 7, 0, true, false, ["sessions"], { a: "b" }];

/** @type {[object, string, unknown[]][]} */
const closed = [
  [{}, "AUTH_MODE", [undefined, null, ...NO_TEXTS, "JWT", "Jwt", " jwt", "jwt ", "jwt,session", "toString", "any"]],
  [{ ...secret }, "AUTH_JWT_SECRET", [...NO_TEXTS, "short", " ".repeat(40), `short${" ".repeat(40)}`]],
  [secret, "AUTH_JWT_SECRET_PREVIOUS", [...NO_TEXTS.slice(1), "short", `short${" ".repeat(40)}`]],
  [keyed, "AUTH_JWT_SECRET_PREVIOUS", [`${SECRET}, before`]],
  [session, "SERVICE_TOKEN_PUSH_PREVIOUS", [SERVICE_TOKEN]],
  [keyed, "AUTH_JWKS_URL", [...NO_TEXTS, "http://issuer.example/", "issuer.example/keys", " https://issuer.example/keys", "ftp://issuer.example/", "file:///keys"]],
  [keyed, "AUTH_JWT_AUDIENCE", [undefined, null, ...NO_TEXTS, ",", " , ", "any, sessions", "sessions,any"]],
  [secret, "AUTH_JWT_AUDIENCE", [...NO_TEXTS, ",", "any,any", " any", "any,", "ANY", "Any, sessions"]],
  [secret, "AUTH_JWT_ISSUER", [...NO_TEXTS, " https://i.example/", "https://i.example/\n"]],
  [secret, "AUTH_JWT_TYP", [...NO_TEXTS, ",", "a b", "a/b/c", "JWT, a b"]],
  [secret, "AUTH_JWT_HEADER", [...NO_TEXTS, "a b", "X-Token:", " X-Token"]],
  [secret, "AUTH_COOKIE", [...NO_TEXTS, "a b", "session=", "session;", " session"]],
  [session, "AUTH_SESSION_URL", [undefined, null, ...NO_TEXTS, "http://app.example/", "/session", " https://app.example/", "app.example"]],
  [bound, "AUTH_SESSION_URL", [...NO_TEXTS, "http://", " /session"]],
  [session, "AUTH", ["my-app", { url: "https://app.example" }, true]],
  ...["USER", "ID", "CREATED", "EXPIRES"].map((part) => /** @type {[object, string, unknown[]]} */ (
    [session, `AUTH_SESSION_${part}_PATH`, [...NO_TEXTS, ".", ".id", "id.", "a..b", " user.id"]]
  )),
  // The least harmful reading of a name that we don't know is that it is mistyped.
  ...["AUTH_JWT_AUD", "AUTH_JWT_ISS", "AUTH_JWT_AUDIENCES", "AUTH_JWTAUDIENCE", "AUTH_JWKS_ISSUER", "auth_jwt_issuer", "Auth_Jwt_Audience", "AUTH_COOKIES", "AUTH_COOKIE_NAME", "AUTHCOOKIE", "auth_cookie", "AUTH_JWT_SECRET_OLD", "AUTH_JWKS_URL_PREVIOUS"].map((name) =>
    /** @type {[object, string, unknown[]]} */ ([secret, name, ["sessions", 7]])),
  ...["AUTH_SESSION_EXPIRES", "AUTH_SESSION_EXPIRY_PATH", "auth_session_user_path"].map((name) =>
    /** @type {[object, string, unknown[]]} */ ([session, name, ["session.until"]])),
  ...["CREDENTIAL_NOT_BEFORE", "CREDENTIALS_NOTBEFORE", "credentials_not_before", "CREDENTIALS_NOT_BEFORE_DATE"].map((name) =>
    /** @type {[object, string, unknown[]]} */ ([secret, name, ["2025-11-25"]])),
  ...[secret, session, { AUTH_MODE: "none" }].flatMap((env) => /** @type {[object, string, unknown[]][]} */ ([
    [env, "CREDENTIALS_NOT_BEFORE", [...NO_TEXTS, ...NO_DATES]],
    [env, "SERVICE_TOKEN", [" ", 7, true, ["x".repeat(20)], "x", " ".repeat(20), `${SERVICE_TOKEN}\n`, ...UNSENDABLE]],
    [{ ...env, SERVICE_TOKEN }, "SERVICE_TOKEN_PREVIOUS", UNSENDABLE],
    ...["SERVICE_TOKENS", "SERVICE_TOKEN_WRITES", "SERVICE_TOKEN_PUSHES", "SERVICE_TOKEN_OLD", "service_token", "SERVICETOKEN", "SERVICE_TOKEN_PREVIOUS_PUSH"].map((name) =>
      /** @type {[object, string, unknown[]]} */ ([env, name, [SERVICE_TOKEN]])),
    ...SERVICE_TOKENS.map((name) => /** @type {[object, string, unknown[]]} */ ([env, name, [" ", 7, "x", `${SERVICE_TOKEN}\n`]])),
    [env, "CLOCK_SKEW_SECONDS", [...NO_TEXTS.slice(0, 3), 10, true, "-1", "61", "600", "1.5", "1e1", "0x1", " 5", "05", "10s", "\u0665"]],
    ...["CLOCK_SKEW", "CLOCK_SKEW_MS", "CLOCKSKEW_SECONDS", "clock_skew_seconds"].map((name) => /** @type {[object, string, unknown[]]} */ ([env, name, ["10"]])),
    [env, "ALLOWED_ORIGINS", [7, true, ["https://a.example"], "a.example", "*", "https://a.example/path", "https://*.example", "https://a.example, https://*", "https://u@a.example", "https://u:p@a.example"]],
    [env, "CLIENT_ADDRESS_HEADER", [...NO_TEXTS, "X-Real-IP ", "X-Real-IP, Forwarded", "X-Real-IP:"]],
  ])),
];
for (const [env, name, values] of closed) {
  for (const value of values) {
    const mode = "AUTH_MODE" in env ? env.AUTH_MODE : "no mode";
    test(`${mode}: nobody is let in while ${name} is ${JSON.stringify(value)}`, () => {
      const problem = settingProblem({ ...env, [name]: value }, {});
      assert.ok(problem !== null && problem.includes(name), String(problem));
      assert.ok(problem.length < 300 && !problem.includes(SECRET) && !problem.includes(SERVICE_TOKEN), problem);
    });
  }
}

test("one of two keys is enough, and none or both are not", () => {
  const both = settingProblem({ ...keyed, ...secret }, {});
  assert.match(String(both), /AUTH_JWT_SECRET and AUTH_JWKS_URL are both set/);
  assert.match(String(settingProblem({ AUTH_MODE: "jwt" }, {})), /set AUTH_JWT_SECRET or AUTH_JWKS_URL/);
  assert.match(String(settingProblem({ ...keyed, AUTH_JWT_SECRET: "" }, {})), /AUTH_JWT_SECRET/);
});

/** @type {[string, string][]} */
const dates = [
  ["2025-11-25", "2025-11-25T00:00:00.000Z"],
  ["2025-11-25T10:00Z", "2025-11-25T10:00:00.000Z"],
  ["2025-11-25T10:00:07Z", "2025-11-25T10:00:07.000Z"],
  ["2025-11-25T10:00:07.999Z", "2025-11-25T10:00:07.000Z"],
  ["2025-11-25T10:00:07.123456789+00:00", "2025-11-25T10:00:07.000Z"],
  ["2025-11-25T10:00:07+05:30", "2025-11-25T04:30:07.000Z"],
  ["2025-11-25T23:30-01:00", "2025-11-26T00:30:00.000Z"],
];
for (const [text, expected] of dates) {
  test(`credentials are good from the second that ${text} names`, () => {
    assert.equal(settingProblem({ ...secret, CREDENTIALS_NOT_BEFORE: text }, {}), null);
    assert.equal(credentialsNotBefore({ CREDENTIALS_NOT_BEFORE: text }), Date.parse(expected) / 1_000);
  });
}

test("open sockets stay while nobody can read the date, since nobody new is let in", () => {
  for (const text of [undefined, ...NO_TEXTS, ...NO_DATES.filter((date) => !date.startsWith("2999"))]) {
    assert.equal(credentialsNotBefore({ CREDENTIALS_NOT_BEFORE: text }), 0, String(text));
  }
});

test("an owner's own check takes the place of the mode, and of nothing else", () => {
  const own = { authenticate: () => null };
  assert.equal(settingProblem({}, own), null);
  assert.equal(settingProblem({ AUTH_MODE: "jwt", AUTH_JWT_SECRET: "" }, own), null);
  assert.match(String(settingProblem({ SERVICE_TOKEN: "x" }, own)), /SERVICE_TOKEN/);
  assert.match(String(settingProblem({ CREDENTIALS_NOT_BEFORE: "" }, own)), /CREDENTIALS_NOT_BEFORE/);
});
