/** The words of a scenario's commands that say a credential, a logout or a push with options. */
import { LogoutScope } from "../../bindings/wire.js";
import { bytesOf, stringOf } from "./scenario-text.mjs";

/** @import { Credential, LogoutDemand } from "../../bindings/wire.js" */

/** The words for what a logout ends. @type {Record<string, LogoutDemand["scope"]>} */
const SCOPES = {
  all: LogoutScope.All,
  others: LogoutScope.Others,
  device: LogoutScope.Device,
  credential: LogoutScope.Credential,
  issuer: LogoutScope.IssuerSession,
};

/**
 * `[END] [[sid:]SESSION] [jti:TOKEN] [auth_time]`.
 * @param {number} issuedAt
 * @param {string[]} words
 * @returns {Credential}
 */
export function credentialOf(issuedAt, [expiresAt, ...words]) {
  const credential = { issuedAt, expiresAt: Number(expiresAt), isSignInTime: false, sessionId: "", tokenId: "" };
  for (const word of words) {
    if (word === "auth_time") credential.isSignInTime = true;
    else if (word.startsWith("jti:")) credential.tokenId = stringOf(word.slice("jti:".length));
    else credential.sessionId = stringOf(word.replace(/^sid:/, ""));
  }
  return credential;
}

/**
 * The settings of the owner that commands change, each with the reading of its word.
 * @type {Record<string, (text: string) => object>}
 */
const OWNER_SETTINGS = {
  not_before: (text) => ({ notBefore: Number(text) }),
  skew: (text) => ({ clockSkew: Number(text) }),
  unchecked: () => ({ isNobodyChecked: true }),
};

/**
 * The setting of the owner that a command changes, if it is such a command.
 * @param {string} name
 * @param {string} text
 */
export function ownerSetting(name, text) {
  return Object.hasOwn(OWNER_SETTINGS, name) ? OWNER_SETTINGS[name](text) : null;
}

/**
 * `SCOPE [ID [SECOND]]`, `-` for no id.
 * @param {string} text
 * @returns {LogoutDemand}
 */
export function demandOf(text) {
  const [scope, id = "-", second = "0"] = text.split(" ");
  return { scope: SCOPES[scope], id: id === "-" ? "" : stringOf(id), endedAt: Number(second) };
}

/**
 * `KEEP PUSHID TO EXCEPT BODY`, each `-` for none and names separated by commas.
 * @param {string} text
 */
export function pushOf(text) {
  const [keep, pushId, to, except, ...body] = text.split(" ");
  const names = (/** @type {string} */ word) => (word === "-" ? [] : word.split(","));
  const options = {
    keep: keep === "-" ? 0 : Number(keep),
    pushId: pushId === "-" ? "" : pushId,
    to: names(to),
    except: names(except),
  };
  return { body: bytesOf(body.join(" ")), options };
}
