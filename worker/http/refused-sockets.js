/**
 * Counts the refused sockets that are open, for all requests that one isolate serves. The platform keeps a closed
 * socket until its client has closed it, too, so whoever never does holds two descriptors of the process. Who is
 * refused is decided in admission.js, and the sockets are made in socket-responses.js.
 */

/** How many refused sockets of one network may be open. */
export const REFUSED_OF_NETWORK_MAX = 8;

/** How many may be open of all networks together, since addresses can be made up or had in great number. */
export const REFUSED_MAX = 64;

/**
 * What the platform hands to the Worker with a request. An old runtime has no `abort`.
 * @typedef {object} RequestContext
 * @property {(promise: Promise<any>) => void} waitUntil
 * @property {(reason?: any) => void} [abort]
 */

/** The open ones by network; none has 0. @type {Map<string, number>} */
const open = new Map();
let together = 0;

/**
 * Counts a refused socket, if there may be another one.
 * @param {string} network
 * @returns {boolean} Whether it may be opened. If so, `refusedClosed` must be called when it has closed.
 */
export function mayOpenRefused(network) {
  const count = open.get(network) ?? 0;
  if (count >= REFUSED_OF_NETWORK_MAX || together >= REFUSED_MAX) return false;
  open.set(network, count + 1);
  together++;
  return true;
}

/**
 * Notes that a refused socket has closed. Nothing is counted of one that another isolate has opened.
 * @param {string} network
 */
export function refusedClosed(network) {
  const count = open.get(network);
  if (count === undefined) return;
  if (count === 1) open.delete(network);
  else open.set(network, count - 1);
  together--;
}
