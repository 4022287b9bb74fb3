/**
 * A request together with the parts of it that several checks need. Each part is read here once; no
 * check and no answer belongs here.
 */
import { readHandshake } from "./handshake.js";

/** @import { Handshake } from "./handshake.js" */

/**
 * @typedef {object} ParsedRequest
 * @property {Request} request
 * @property {URL} url
 * @property {Handshake} handshake
 */

/**
 * @param {Request} request
 * @param {URL} url The request's own, which the caller needed for its path.
 * @returns {ParsedRequest}
 */
export function parseRequest(request, url) {
  return { request, url, handshake: readHandshake(request, url.searchParams) };
}
