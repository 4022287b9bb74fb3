/**
 * Who issues credentials in the tests: a signer of tokens, the key set of an issuer, and a service
 * that knows sessions.
 */
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

import { SignJWT, exportJWK, generateKeyPair } from "jose";

import { PREFIX, UPGRADE, requestAsWritten } from "./requests.mjs";
import { PROTOCOL } from "./v2-device.mjs";

/** @import { RequestListener } from "node:http" */
/** @import { CryptoKey, JWK } from "jose" */
/** @import { RawAnswer } from "./requests.mjs" */
/** @import { Server } from "./server.mjs" */

export const SECRET = "a secret for tests, of more than 32 bytes";
export const SERVICE_TOKEN = "a-service-token-for-tests";

/** The time in whole seconds. */
export function seconds() {
  return Math.floor(Date.now() / 1_000);
}

/**
 * A token that is valid for an hour, unless its claims say otherwise. A claim of `undefined` is left
 * out.
 * @param {string} userId
 * @param {Record<string, unknown>} [claims]
 * @param {string} [secret]
 */
export function secretToken(userId, claims = {}, secret = SECRET) {
  const payload = { sub: userId, iat: seconds(), exp: seconds() + 3_600, ...claims };
  return hmacToken({ alg: "HS256" }, payload, secret);
}

/**
 * A token as an attacker writes it.
 * @param {object} header
 * @param {object} payload
 * @param {string | null} secret `null` leaves the signature empty.
 */
export function hmacToken(header, payload, secret) {
  const text = [header, payload]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  const signature = secret === null ? "" : createHmac("sha256", secret).update(text).digest("base64url");
  return `${text}.${signature}`;
}

/** @param {string} token */
export function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

/**
 * Asks for something below the prefix.
 * @param {Pick<Server, "http">} server
 * @param {"connect" | "ticket" | "state" | "export" | "clear" | "logout" | "push"} action
 * @param {string} userId
 * @param {Record<string, string>} [headers]
 * @param {string} [more] More of the query.
 * @returns {Promise<RawAnswer>}
 */
export function ask(server, action, userId, headers = {}, more = "") {
  const query = `?userId=${encodeURIComponent(userId)}${more}`;
  switch (action) {
    case "connect":
      return requestAsWritten(server, PREFIX + query, { headers: { ...UPGRADE, ...headers } });
    case "state":
    case "export":
      return requestAsWritten(server, `${PREFIX}/${action}${query}`, { headers });
    case "clear":
    case "logout":
    case "ticket":
      return requestAsWritten(server, `${PREFIX}/${action}${query}`, { method: "POST", headers });
    case "push": {
      const chunks = ['{"type":"news"}'];
      return requestAsWritten(server, PREFIX + query, { method: "POST", headers, chunks });
    }
  }
}

/**
 * Asks for a ticket, which must be given.
 * @param {Pick<Server, "http">} server
 * @param {string} userId
 * @param {Record<string, string>} [headers] With the credential.
 * @param {string} [more] More of the query.
 * @returns {Promise<string>}
 */
export async function ticketOf(server, userId, headers, more) {
  const { status, text } = await ask(server, "ticket", userId, headers, more);
  if (status !== 200) throw new Error(`no ticket for ${userId}: ${status} ${text}`);
  return JSON.parse(text).ticket;
}

/**
 * The headers of a connect by a ticket.
 * @param {string} ticket
 * @param {string} [protocol] Of ours, or several with commas between.
 */
export function byTicket(ticket, protocol = PROTOCOL) {
  return { "Sec-WebSocket-Protocol": `${protocol}, ticket.${ticket}` };
}

/**
 * Serves on this machine.
 * @param {RequestListener} listener
 */
export async function serve(listener) {
  const server = createServer(listener);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** An issuer of tokens with keys of its own, which it publishes. */
export class Issuer {
  /** What it answers; anything but 200 is an outage. */
  status = 200;
  /** What it answers in place of its keys. @type {string | null} */
  junk = null;
  /** How long it takes to answer. */
  delayMs = 0;
  /** How often its keys were asked for. */
  asked = 0;
  /** @type {JWK[]} */
  published = [];
  /** @type {Map<string, CryptoKey>} */
  #keys = new Map();
  /** @type {Awaited<ReturnType<typeof serve>> | null} */
  #server = null;

  async start() {
    this.#server = await serve(async (_, response) => {
      this.asked++;
      await delay(this.delayMs);
      response.writeHead(this.status, { "Content-Type": "application/json" });
      response.end(this.junk ?? JSON.stringify({ keys: this.published }));
    });
    return `${this.#server.url}/keys`;
  }

  close() {
    this.#server?.close();
  }

  /**
   * Makes a key and publishes it beside the others.
   * @param {string} kid
   * @param {string} alg
   * @param {boolean} [isPublished]
   */
  async addKey(kid, alg, isPublished = true) {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), kid, alg };
    this.#keys.set(kid, privateKey);
    if (isPublished) this.published.push(jwk);
    return jwk;
  }

  /**
   * @param {string} userId
   * @param {string} kid Whose key signs.
   * @param {string} alg
   * @param {Record<string, unknown>} [claims]
   * @param {object} [header]
   */
  token(userId, kid, alg, claims = {}, header = { kid }) {
    const key = this.#keys.get(kid);
    if (!key) throw new Error(`no key ${kid}`);
    const payload = { sub: userId, iat: seconds(), exp: seconds() + 3_600, ...claims };
    return new SignJWT(payload).setProtectedHeader({ alg, ...header }).sign(key);
  }
}
