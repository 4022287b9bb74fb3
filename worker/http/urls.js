/** Which addresses are this machine's own, which may carry secrets, and whose pages may ask. */

const LOOPBACK_HOST = /^(?:(?:[^.]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** @param {string} hostname As a URL has it: in lower case, and an address in its usual form. */
export function isLoopbackHost(hostname) {
  return LOOPBACK_HOST.test(hostname);
}

/**
 * Whether nobody on the way can read or change what is sent to an address.
 * @param {string} text
 */
export function isSecureUrl(text) {
  const url = URL.parse(text);
  if (!url) return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopbackHost(url.hostname));
}

/**
 * Whether a page's origin is that of the server. A proxy that ends TLS asks us by http for a page that
 * the browser has by https. Whoever can serve https for a host is that host, and has its cookies; a
 * page that came by http may be from anybody on the way, and is not let in to a server by https.
 * @param {string} origin As the header has it.
 * @param {URL} asked The address by which the server is asked.
 */
export function isOriginOf(origin, asked) {
  if (origin === asked.origin) return true;
  const page = URL.parse(origin);
  const isBehindTls = asked.protocol === "http:" && page?.protocol === "https:";
  return isBehindTls && page.origin === origin && page.host === asked.host;
}

/**
 * Whether a variable lists origins, a scheme and a host each. Apps have schemes of their own.
 * @param {string} listed
 */
export function areOrigins(listed) {
  return listed.split(",").every((entry) => /^(?:[a-z][\w+.-]*:\/\/[^\s/]+\/?)?$/i.test(entry.trim()));
}

/**
 * Whether a page's origin is among those that a variable lists.
 * @param {string | null} origin As the header has it.
 * @param {string} listed
 */
export function isListedOrigin(origin, listed) {
  // Every sandboxed frame and local file has the origin "null".
  if (!origin || origin === "null") return false;
  return listed.split(",").some((entry) => sentOrigin(entry.trim()) === origin);
}

/**
 * An origin as browsers send it, however an owner writes it: in small letters, without the usual port,
 * a host of other letters in its ASCII form.
 * @param {string} text
 */
function sentOrigin(text) {
  const origin = URL.parse(text)?.origin;
  return origin && origin !== "null" ? origin : text.toLowerCase().replace(/\/$/, "");
}
