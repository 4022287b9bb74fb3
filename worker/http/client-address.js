/**
 * Finds out from what address a request came. A client can write any header, so only one is read: the one that the
 * platform or the owner's proxy writes. What an address may do is decided elsewhere.
 */

/** @typedef {{CLIENT_ADDRESS_HEADER?: unknown}} AddressEnv */

/** Cloudflare writes this header itself, whatever the client has sent. */
const CLOUDFLARE_HEADER = "CF-Connecting-IP";

/** Stands for every client whose address is not known. */
const UNKNOWN = "";

// The names of headers and of cookies consist of the same characters.
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;

// The URL parser would find an address in more texts than those that are one.
const ADDRESS_CHARACTERS = /^[\da-f.:[\]]+$/i;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const GROUPS = 8;
// One customer gets at least this many groups, a /64, and may use all of its addresses.
const NETWORK_GROUPS = 4;

/**
 * Whether a text can name a header or a cookie.
 * @param {string} text
 */
export function isName(text) {
  return NAME.test(text);
}

/**
 * Names the network from which a request came: an IPv4 address, or the first 64 bits of an IPv6 address.
 * @param {Headers} headers
 * @param {AddressEnv} env
 * @returns {string} The same text for all clients without a readable address.
 */
export function clientNetwork(headers, { CLIENT_ADDRESS_HEADER: header }) {
  const isSet = header !== undefined && header !== null;
  const name = isSet ? header : CLOUDFLARE_HEADER;
  // The server is closed while the name can't be read, and its refusals come here.
  if (typeof name !== "string" || !isName(name)) return UNKNOWN;
  // A proxy appends the address that it saw. Everything before it is the client's own word.
  const [address = ""] = (headers.get(name) ?? "").split(",").slice(-1);
  return networkOf(address.trim());
}

/**
 * @param {string} address With or without a port.
 * @returns {string}
 */
function networkOf(address) {
  if (!ADDRESS_CHARACTERS.test(address)) return UNKNOWN;
  const isBareIpv6 = /:.*:/.test(address) && !address.startsWith("[");
  // The parser writes every spelling of an address in the same way.
  const hostname = URL.parse(`http://${isBareIpv6 ? `[${address}]` : address}/`)?.hostname ?? "";
  if (IPV4.test(hostname)) return hostname;
  return hostname.startsWith("[") ? networkOfIpv6(hostname.slice(1, -1)) : UNKNOWN;
}

/**
 * @param {string} address As the URL parser writes it: hexadecimal groups, and `::` for the longest row of zeros.
 * @returns {string}
 */
function networkOfIpv6(address) {
  const [before, after] = address.split("::").map((part) => part.split(":").filter(Boolean));
  const zeros = after ? Array(GROUPS - before.length - after.length).fill("0") : [];
  const groups = [...before, ...zeros, ...(after ?? [])];
  const [fifth, sixth, high, low] = groups.slice(NETWORK_GROUPS);
  const isIpv4 = groups.slice(0, NETWORK_GROUPS).every((group) => group === "0") && fifth === "0" && sixth === "ffff";
  if (!isIpv4) return groups.slice(0, NETWORK_GROUPS).join(":");
  return [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]).join(".");
}
