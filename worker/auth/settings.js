/**
 * Checks the variables of whoever deploys the server, the owner. An empty or mistyped variable must not switch a
 * check off, so nobody is let in before all of them are right. What a variable does is decided where it is used.
 */
import { SKEW_EXPECTED, isClockSkew } from "./clock-skew.js";
import { DATE_EXPECTED, isPastDate } from "./not-before.js";
import { previousOf } from "./previous-secrets.js";
import { SERVICE_TOKENS } from "./service-tokens.js";
import { isName } from "../http/client-address.js";
import { areOrigins, isSecureUrl } from "../http/urls.js";
import { encodedLength } from "../common/limits.js";
import { isSlip, lookAlikes } from "../common/names.js";

/** @import { AuthEnv, AuthOptions } from "./identity.js" */
/** @import { Secret } from "./previous-secrets.js" */

/** The value of `AUTH_JWT_AUDIENCE` that takes tokens for any service. */
export const ANY_AUDIENCE = "any";

const SERVICE_TOKEN_LENGTH_MIN = 16;

// These are the characters that every client sends alike in a header.
const SERVICE_TOKEN_CHARACTERS = /^[!-~]+$/;

// RFC 7518 asks for a key with at least as many bits as the hash of HS256 has.
const SECRET_BYTES_MIN = 32;

const MEDIA_TYPE = /^[\w!#$&^.+-]+(?:\/[\w!#$&^.+-]+)?$/;

/**
 * A check of a variable, with the words that tell the owner what it expects.
 * @typedef {object} Expectation
 * @property {(value: string) => boolean} isRight
 * @property {string} expected
 * @property {boolean} [isOffIfEmpty] Whether an empty variable counts as missing. That is safe for one that only lets
 *   more in.
 */

/** @type {Expectation} */
const SESSION_PATH = {
  isRight: (value) => isTrimmed(value) && value.split(".").every((key) => key !== ""),
  expected: "names with dots between them, like session.id",
};

/**
 * The variables that are checked together.
 * @typedef {object} Group
 * @property {RegExp[]} reserved Beginnings of names that only these variables have, in capitals or not. Variables
 *   without such a beginning are no checks: the server goes on as safe without them.
 * @property {Record<string, Expectation>} variables
 */

/**
 * The settings of one mode.
 * @typedef {Group & ModeSettings} Settings
 */

/**
 * What a mode has beside its variables.
 * @typedef {object} ModeSettings
 * @property {(env: AuthEnv) => string | null} missing Says which variable is missing, or which two exclude each
 *   other.
 * @property {string[]} bindings
 * @property {boolean} isReadElsewhere Whether the request's credentials are sent to another service.
 */

/** @type {Expectation} */
const SERVICE_TOKEN = {
  isRight: (value) => SERVICE_TOKEN_CHARACTERS.test(value) && value.length >= SERVICE_TOKEN_LENGTH_MIN,
  expected: `at least ${SERVICE_TOKEN_LENGTH_MIN} printable ASCII characters without spaces`,
  isOffIfEmpty: true,
};

// An app may have variables of its own that begin with CREDENTIALS.
const RESERVED_EVERYWHERE = [/^SERVICE_?TOKEN/i, /^CREDENTIALS?_?NOT/i, /^CLOCK_?SKEW/i];

/** @satisfies {Record<string, Expectation>} */
export const EVERYWHERE = {
  ...withPrevious(SERVICE_TOKENS, SERVICE_TOKEN),
  ALLOWED_ORIGINS: {
    isRight: areOrigins,
    expected: "origins, https://app.example, separated by commas",
    isOffIfEmpty: true,
  },
  CREDENTIALS_NOT_BEFORE: {
    isRight: isPastDate,
    expected: DATE_EXPECTED,
  },
  CLIENT_ADDRESS_HEADER: {
    isRight: isName,
    expected: "the name of the header in which your proxy says the client's address",
  },
  CLOCK_SKEW_SECONDS: {
    isRight: isClockSkew,
    expected: SKEW_EXPECTED,
  },
};

/** @satisfies {Record<string, Expectation>} */
const JWT_VARIABLES = {
  ...withPrevious(/** @type {const} */ (["AUTH_JWT_SECRET"]), {
    isRight: (value) => encodedLength(value.trim()) >= SECRET_BYTES_MIN,
    expected: `a secret of at least ${SECRET_BYTES_MIN} bytes`,
  }),
  AUTH_JWKS_URL: {
    isRight: (value) => isTrimmed(value) && isSecureUrl(value),
    expected: "an https address",
  },
  AUTH_JWT_ISSUER: { isRight: isTrimmed, expected: "what iss says in your tokens" },
  AUTH_JWT_AUDIENCE: {
    isRight: isAudience,
    expected: `what aud says in your tokens, several separated by commas, or the word ${ANY_AUDIENCE} alone`,
  },
  AUTH_JWT_TYP: {
    isRight: (value) => entriesOf(value).length > 0 && entriesOf(value).every(isMediaType),
    expected: "what typ says in your tokens, several separated by commas",
  },
  AUTH_JWT_HEADER: { isRight: isName, expected: "the name of a header" },
  AUTH_COOKIE: { isRight: isName, expected: "the name of a cookie" },
};

/** @satisfies {Record<string, Expectation>} */
const SESSION_VARIABLES = {
  AUTH_SESSION_URL: { isRight: isTrimmed, expected: "an https address" },
  AUTH_SESSION_USER_PATH: SESSION_PATH,
  AUTH_SESSION_ID_PATH: SESSION_PATH,
  AUTH_SESSION_CREATED_PATH: SESSION_PATH,
  AUTH_SESSION_EXPIRES_PATH: SESSION_PATH,
};

/** @typedef {keyof typeof EVERYWHERE | keyof typeof JWT_VARIABLES | keyof typeof SESSION_VARIABLES} Variable */

/**
 * The modes by which users are known; authorize.js has how each finds out who is asking.
 * @satisfies {Record<string, Settings>}
 */
export const MODES = {
  jwt: {
    reserved: [/^AUTH_?JW(?:T|KS)/i, /^AUTH_?COOKIE/i],
    variables: JWT_VARIABLES,
    missing: missingOfJwt,
    bindings: [],
    isReadElsewhere: false,
  },
  session: {
    reserved: [/^AUTH_?SESSION/i],
    variables: SESSION_VARIABLES,
    missing: missingOfSession,
    bindings: ["AUTH"],
    isReadElsewhere: true,
  },
};

/** @typedef {keyof typeof MODES} Mode */

export const MODE_NAMES = Object.keys(MODES);

/**
 * Finds the first setting that is missing or wrong.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {string | null} One sentence that names the variable, `null` if all can be read.
 */
export function settingProblem(env, { authenticate }) {
  const problem = wrongGroup(env, { reserved: RESERVED_EVERYWHERE, variables: EVERYWHERE });
  if (problem || authenticate) return problem;
  const { AUTH_MODE: mode } = env;
  if (mode === "none") return null;
  if (typeof mode !== "string" || !Object.hasOwn(MODES, mode)) {
    const request = mode ? "AUTH_MODE: expected" : "nobody is let in yet: set AUTH_MODE to";
    return `${request} ${MODE_NAMES.join(", ")}, or none (on your own machine only), see docs/deploying.md`;
  }
  const settings = MODES[/** @type {Mode} */ (mode)];
  return wrongGroup(env, settings) ?? settings.missing(env);
}

/**
 * Finds names that look like settings which are not set, where settingProblem has found nothing. An app may have such a
 * name for itself, so it closes nothing.
 * @param {AuthEnv} env
 * @param {AuthOptions} options
 * @returns {string[]} A sentence for each.
 */
export function mistypedSettings(env, { authenticate }) {
  const { variables = {}, bindings = [] } = authenticate ? {} : MODES[/** @type {Mode} */ (env.AUTH_MODE)] ?? {};
  return lookAlikes(env, [...Object.keys({ ...EVERYWHERE, ...variables }), ...bindings, "CONNECT_LIMITER"]);
}

/**
 * Splits a variable that is a list into its entries.
 * @param {string} text
 */
export function entriesOf(text) {
  return text.split(",").map((entry) => entry.trim()).filter(Boolean);
}

/**
 * Makes the checks of secrets and of their values before. A value before only lets more in, so it may be empty.
 * @template {Secret} Name
 * @param {readonly Name[]} names
 * @param {Expectation} expectation
 */
function withPrevious(names, expectation) {
  const checks = names.flatMap((name) => [
    [name, expectation],
    [previousOf(name), { ...expectation, isOffIfEmpty: true }],
  ]);
  return /** @type {Record<Name | `${Name}_PREVIOUS`, Expectation>} */ (Object.fromEntries(checks));
}

/**
 * @param {AuthEnv} env
 * @param {Group} group
 * @returns {string | null}
 */
function wrongGroup(env, { reserved, variables }) {
  return wrongOne(env, variables) ?? strangerAmong(env, reserved, variables) ?? previousAlone(env, variables);
}

/**
 * @param {AuthEnv} env
 * @param {Record<string, Expectation>} variables
 * @returns {string | null}
 */
function wrongOne(env, variables) {
  const values = /** @type {Record<string, unknown>} */ (env);
  for (const [name, { isRight, expected, isOffIfEmpty }] of Object.entries(variables)) {
    const value = values[name];
    // workerd gives `null` for a missing variable.
    if (value === undefined || value === null || (value === "" && isOffIfEmpty)) continue;
    if (typeof value !== "string") return `${name}: expected ${expected}, as a text`;
    if (!isRight(value)) return `${name}: expected ${expected}${value.trim() === "" ? ", or no variable of this name" : ""}`;
  }
  return null;
}

/**
 * Finds a variable with a mistyped name, which would have no effect.
 * @param {AuthEnv} env
 * @param {RegExp[]} reserved
 * @param {Record<string, Expectation>} variables
 * @returns {string | null}
 */
function strangerAmong(env, reserved, variables) {
  const values = /** @type {Record<string, unknown>} */ (env);
  const ours = Object.keys(variables);
  const strangers = Object.keys(env).filter((key) => !Object.hasOwn(variables, key));
  for (const beginning of reserved) {
    const checks = ours.filter((key) => beginning.test(key));
    // Nothing is left out of a check that is set, so a name near to it is the app's own.
    const missed = checks.filter((check) => (values[check] ?? null) === null);
    const name = strangers.find((key) => beginning.test(key) || missed.some((check) => isSlip(key, check)));
    if (name === undefined) continue;
    const meant = checks.filter((key) => !isPrevious(key, ours));
    const hasPrevious = meant.some((key) => ours.includes(previousOf(key)));
    const before = hasPrevious ? `, or ${previousOf("…")} for the value before` : "";
    return `${name} is no variable of the server: expected ${meant.join(", ")}${before}`;
  }
  return null;
}

/**
 * @param {string} name
 * @param {string[]} names
 */
function isPrevious(name, names) {
  return names.some((other) => previousOf(other) === name);
}

/**
 * Finds the value before of a secret that has no value now.
 * @param {AuthEnv} env
 * @param {Record<string, Expectation>} variables
 * @returns {string | null}
 */
function previousAlone(env, variables) {
  const values = /** @type {Record<string, unknown>} */ (env);
  const name = Object.keys(variables).find((key) => values[previousOf(key)] && !values[key]);
  return name === undefined
    ? null
    : `${previousOf(name)} is set and ${name} is not: expected the new value in ${name}, or neither`;
}

/**
 * @param {AuthEnv} env
 * @returns {string | null}
 */
function missingOfJwt({ AUTH_JWT_SECRET: secret, AUTH_JWKS_URL: url, AUTH_JWT_AUDIENCE: audience }) {
  if (secret && url) return "AUTH_JWT_SECRET and AUTH_JWKS_URL are both set: expected one";
  if (!secret && !url) {
    return "AUTH_MODE is jwt: set AUTH_JWT_SECRET or AUTH_JWKS_URL, see docs/deploying.md";
  }
  // The issuer's keys also sign tokens for other services, so `aud` must be checked.
  if (url && !audience) {
    return (
      "AUTH_JWKS_URL is set: set AUTH_JWT_AUDIENCE, too, to what aud says in the tokens for this server, " +
      `or to ${ANY_AUDIENCE} to take the issuer's tokens for every other service`
    );
  }
  return null;
}

/**
 * @param {AuthEnv} env
 * @returns {string | null}
 */
function missingOfSession({ AUTH: binding, AUTH_SESSION_URL: text }) {
  if (binding) {
    if (typeof binding.fetch !== "function") return "AUTH: expected a service binding to a Worker";
    const isAddress = !text || URL.parse(text, "https://app.example") !== null;
    return isAddress ? null : "AUTH_SESSION_URL: expected an address";
  }
  if (!text) {
    return "AUTH_MODE is session: set AUTH_SESSION_URL, or bind AUTH to a Worker; see docs/deploying.md";
  }
  return isSecureUrl(text) ? null : "AUTH_SESSION_URL: expected an https address";
}

/** @param {string} value */
function isTrimmed(value) {
  return value !== "" && value === value.trim();
}

/** @param {string} value */
function isMediaType(value) {
  return MEDIA_TYPE.test(value);
}

/** @param {string} value */
function isAudience(value) {
  if (value === ANY_AUDIENCE) return true;
  const entries = entriesOf(value);
  return entries.length > 0 && entries.every((entry) => entry.toLowerCase() !== ANY_AUDIENCE);
}
