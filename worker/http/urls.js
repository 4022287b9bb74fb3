/**
 * Answers questions about URLs and origins: is a host this machine, is a connection secret, is an origin
 * listed. What follows from the answers is decided by the callers.
 */

const LOOPBACK_HOST = /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** @param {string} hostname As `URL` normalizes it. */
export function isLoopbackHost(hostname) {
  return LOOPBACK_HOST.test(hostname);
}

/**
 * Whether nobody on the way can read or change the traffic to a URL.
 * @param {string} text
 */
export function isSecureUrl(text) {
  const url = URL.parse(text);
  if (!url) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/**
 * Whether a page's origin is the server's own. A page by https also counts where the server was asked by
 * http, since a proxy may end TLS: a site that serves https for a host has that host's cookies anyway. A page
 * by http is no page of a server by https, since anybody on the way may have written it.
 * @param {string} origin As the header has it.
 * @param {URL} asked The URL of the request.
 */
export function isOriginOf(origin, asked) {
  if (origin === asked.origin) return true;
  const page = URL.parse(origin);
  const isBehindTls = asked.protocol === "http:" && page?.protocol === "https:";
  return isBehindTls && page.origin === origin && page.host === asked.host;
}

/**
 * Whether a variable is a list of origins, with a scheme and a host each. Any scheme will do, since apps have
 * their own. One with a wildcard or a user would match no page.
 * @param {string} listed
 */
export function areOrigins(listed) {
  return listed.split(",").every((entry) => /^(?:[a-z][\w+.-]*:\/\/[^\s/*@]+\/?)?$/i.test(entry.trim()));
}

/**
 * Whether a page's origin is among those that a variable lists.
 * @param {string | null} origin As the header has it.
 * @param {string} listed
 */
export function isListedOrigin(origin, listed) {
  // The origin "null" is that of every sandboxed frame and local file.
  if (!origin || origin === "null") return false;
  return listed.split(",").some((entry) => sentOrigin(entry.trim()) === origin);
}

/**
 * Normalizes an origin to what browsers send: in lower case, without the default port, with the ASCII form of
 * an international host.
 * @param {string} text
 */
function sentOrigin(text) {
  const origin = URL.parse(text)?.origin;
  return origin && origin !== "null" ? origin : text.toLowerCase().replace(/\/$/, "");
}
