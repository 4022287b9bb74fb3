/** Which addresses are this machine's own, and which may carry secrets, and whose pages may ask. */

const LOOPBACK_HOST = /^(?:localhost|[^.]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

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
 * Whether a variable lists origins, a scheme and a host each. Apps have schemes of their own.
 * @param {string} listed
 */
export function areOrigins(listed) {
  return listed.split(",").every((entry) => /^(?:[a-z][\w+.-]*:\/\/[^\s/]+\/?)?$/i.test(entry.trim()));
}
