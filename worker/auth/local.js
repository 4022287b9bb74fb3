/**
 * Finds out whether a request comes from this machine: it is addressed to this machine, and every header in
 * which a proxy names its client names this machine, too. What that allows is decided in authorize.js.
 */
import { isLoopbackHost } from "../http/urls.js";

/** @import { ParsedRequest } from "../http/parsed-request.js" */

// Cloudflare's edge and proxies leave these headers, whose mere presence means another machine.
const FAR_HEADERS =
  /^(?:via|cdn-loop|cf-(?:ray|visitor|ipcountry|worker))$|forwarded|(?:client|user|remote)-?(?:ip|addr)|^(?:x-(?:original|envoy|amzn|client)|cf-(?:ew|warp)|fastly-|fly-|tailscale-)/i;

/**
 * The headers with which development servers pass requests on. A header that describes the way alone does
 * not name the client.
 * @type {Record<string, {isNear: (entry: string) => boolean, namesSomebody: boolean}>}
 */
const FORWARDED_HEADERS = {
  "x-forwarded-for": { isNear: isLoopbackNode, namesSomebody: true },
  "x-forwarded-host": { isNear: isLoopback, namesSomebody: true },
  "x-forwarded-server": { isNear: isLoopback, namesSomebody: true },
  "x-real-ip": { isNear: isLoopbackNode, namesSomebody: true },
  // The development server writes this about its own peer, which may be a proxy.
  "cf-connecting-ip": { isNear: isLoopbackNode, namesSomebody: false },
  forwarded: { isNear: isForwardedNear, namesSomebody: true },
  "x-forwarded-proto": { isNear: isScheme, namesSomebody: false },
  "x-forwarded-port": { isNear: isPort, namesSomebody: false },
};

// Only the usual spelling of an address counts: programs differ in how they read any other.
const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ADDRESS = `127(?:\\.${OCTET}){3}`;
const HOST = new RegExp(`^(?:(?:[a-z\\d-]+\\.)*localhost|${ADDRESS}|\\[::1\\])(?::\\d{1,5})?$`, "i");
const NODE = new RegExp(`^(?:::1|::ffff:${ADDRESS}|\\[(?:::1|::ffff:${ADDRESS})\\](?::\\d{1,5})?)$`, "i");

/** Names that no server can have, by RFC 2606 and RFC 6761. */
const RESERVED_HOST = /^(?:.+\.)?(?:example(?:\.(?:com|net|org))?|test|invalid)$/;

/**
 * @param {ParsedRequest} parsed
 * @returns {boolean} `true` only if nothing in the request says otherwise.
 */
export function isFromThisMachine({ request: { headers }, url: { hostname } }) {
  const host = headers.get("Host");
  // Every client sends a host, so a request without one was made by a test in the same runtime.
  const isForUs =
    host === null
      ? isLoopbackHost(hostname) || RESERVED_HOST.test(hostname)
      : isLoopbackHost(hostname) && isLoopback(host);
  return isForUs && cameByNobodyElse(headers);
}

/** @param {Headers} headers */
function cameByNobodyElse(headers) {
  let isNamed = false;
  let isDescribed = false;
  for (const [name, value] of headers) {
    if (!Object.hasOwn(FORWARDED_HEADERS, name)) {
      if (FAR_HEADERS.test(name)) return false;
      continue;
    }
    const { isNear, namesSomebody } = FORWARDED_HEADERS[name];
    if (!value.split(",").every((entry) => isNear(entry.trim()))) return false;
    isNamed ||= namesSomebody;
    isDescribed ||= name.startsWith("x-");
  }
  return isNamed || !isDescribed;
}

/** @param {string} host With a port or without. */
function isLoopback(host) {
  return HOST.test(host);
}

/** @param {string} node An address, with a port or without, or a host's name. */
function isLoopbackNode(node) {
  return isLoopback(node) || NODE.test(node);
}

/** @param {string} scheme */
function isScheme(scheme) {
  return /^(?:https?|wss?)$/i.test(scheme);
}

/** @param {string} port */
function isPort(port) {
  return /^\d{1,5}$/.test(port);
}

/**
 * Whether one entry of `Forwarded` (RFC 7239) names this machine and nothing else.
 * @param {string} entry
 */
function isForwardedNear(entry) {
  const pairs = entry.split(";").map((pair) => pair.trim());
  return pairs.every(isPairNear) && pairs.some((pair) => /^(?:for|host)=/i.test(pair));
}

/** @param {string} pair */
function isPairNear(pair) {
  const match = /^(for|by|host|proto)=(?:"([^"\\]*)"|([^\s"]*))$/i.exec(pair);
  if (!match) return false;
  const value = match[2] ?? match[3];
  switch (match[1].toLowerCase()) {
    case "host":
      return isLoopback(value);
    case "proto":
      return isScheme(value);
    default:
      return isLoopbackNode(value);
  }
}
