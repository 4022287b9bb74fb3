/**
 * Whether a request comes from this machine, as far as can be told: it is meant for this machine, and
 * every header by which something on the way says whom it served says this machine, too.
 */
import { isLoopbackHost } from "../http/urls.js";

/** @import { ParsedRequest } from "../http/parsed-request.js" */

// Cloudflare's edge and proxies leave these, whatever they say.
const FAR_HEADERS = ["Via", "CDN-Loop", "CF-Ray", "CF-Visitor", "CF-IPCountry", "CF-Worker"];
const FAR_FAMILIES =
  /forwarded|(?:client|user|remote)-?(?:ip|addr)|^(?:x-(?:original|envoy|amzn|client)|cf-(?:ew|warp)|fastly-|fly-|tailscale-)/i;

/**
 * Development servers pass requests on with these. What they say of the way alone does not tell whom
 * they served.
 * @type {Record<string, {isNear: (entry: string) => boolean, namesSomebody: boolean}>}
 */
const FORWARDED_HEADERS = {
  "x-forwarded-for": { isNear: isLoopbackNode, namesSomebody: true },
  "x-forwarded-host": { isNear: isLoopback, namesSomebody: true },
  "x-forwarded-server": { isNear: isLoopback, namesSomebody: true },
  "x-real-ip": { isNear: isLoopbackNode, namesSomebody: true },
  // The development server writes this one about whatever has reached it, a proxy for instance.
  "cf-connecting-ip": { isNear: isLoopbackNode, namesSomebody: false },
  forwarded: { isNear: isForwardedNear, namesSomebody: true },
  "x-forwarded-proto": { isNear: isScheme, namesSomebody: false },
  "x-forwarded-port": { isNear: isPort, namesSomebody: false },
};

// Addresses as they are usually written: other ways to write one, and what stands around it, are read
// in one way here and in another there.
const OCTET = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ADDRESS = `127(?:\\.${OCTET}){3}`;
const HOST = new RegExp(`^(?:(?:[a-z\\d-]+\\.)*localhost|${ADDRESS}|\\[::1\\])(?::\\d{1,5})?$`, "i");
const NODE = new RegExp(`^(?:::1|::ffff:${ADDRESS}|\\[(?:::1|::ffff:${ADDRESS})\\](?::\\d{1,5})?)$`, "i");

/** Names at which no server of anybody's can be, by RFC 2606 and RFC 6761. */
const RESERVED_HOST = /^(?:.+\.)?(?:example(?:\.(?:com|net|org))?|test|invalid)$/;

/** @param {ParsedRequest} parsed */
export function isFromThisMachine({ request: { headers }, url: { hostname } }) {
  const host = headers.get("Host");
  // A client always says which host it means, so without one a test in the same runtime has asked.
  const isForUs =
    host === null
      ? isLoopbackHost(hostname) || RESERVED_HOST.test(hostname)
      : isLoopbackHost(hostname) && isLoopback(host);
  return isForUs && cameByNobodyElse(headers);
}

/** @param {Headers} headers */
function cameByNobodyElse(headers) {
  if (FAR_HEADERS.some((name) => headers.has(name))) return false;
  let isNamed = false;
  let isDescribed = false;
  for (const [name, value] of headers) {
    if (!Object.hasOwn(FORWARDED_HEADERS, name)) {
      if (FAR_FAMILIES.test(name)) return false;
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
