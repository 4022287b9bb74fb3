/** Where the server is. */
import { page } from "./page.js";
import { ProblemError } from "./problem.js";

const DEFAULT_PATH = "/__user-session";
const SOCKET_SCHEMES = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

/** Where sockets go, written in one way; as it was given if nothing can be connected to there. */
export function endpointOf(url?: string): string {
  try {
    return endpointUrl(url).href;
  } catch {
    return String(url);
  }
}

/**
 * The same. An origin alone, or nothing, means the default path, and a slash at the end means nothing.
 * @throws {ProblemError} If there is no such place.
 */
export function endpointUrl(url?: string): URL {
  const base = page.location?.href;
  let address: URL;
  try {
    address = new URL(url || DEFAULT_PATH, base);
  } catch {
    const given = url ? `url: ${JSON.stringify(url)} is no URL` : "url: there is no page whose URL could stand in";
    throw new ProblemError("wrong_address", `${given}: expected one like https://app.example`);
  }
  const scheme = SOCKET_SCHEMES.get(address.protocol);
  if (!scheme) {
    const expected = "expected http:, https:, ws: or wss:, so write it as https://app.example";
    throw new ProblemError("wrong_address", `url: its scheme is ${address.protocol} where we ${expected}`);
  }
  address.protocol = scheme;
  address.hash = "";
  address.pathname = address.pathname.replace(/\/+$/, "");
  if (address.pathname === "/") address.pathname = DEFAULT_PATH;
  return address;
}
