/** Which addresses are this machine's own, and which may carry secrets. */

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
