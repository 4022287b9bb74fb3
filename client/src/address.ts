/** Where the server is. Only a page's own address is left to `URL`, which React Native has a part of. */
import { attempt, page } from "./page.js";
import { ProblemError } from "./problem.js";
import { shown } from "./warnings.js";

const DEFAULT_PATH = "/__user-session";
const SOCKET_SCHEMES = new Map([
  ["http:", "ws:"],
  ["https:", "wss:"],
  ["ws:", "ws:"],
  ["wss:", "wss:"],
]);

/** Scheme, host, path and query of an absolute address. */
const ABSOLUTE = /^([a-z][a-z\d+.-]*:)\/\/([^/?#\s]+)([^?#]*)(\?[^#]*)?/i;

/** Where sockets go, written in one way; as it was given if nothing can be connected to there. */
export function endpointOf(url?: string): string {
  try {
    return endpointAddress(url);
  } catch {
    return textOf(url);
  }
}

/**
 * The same. An origin alone, or nothing, means the default path, and a slash at the end means nothing.
 * @throws {ProblemError} If there is no such place.
 */
export function endpointAddress(url?: string): string {
  const base = attempt(() => page.location?.href);
  const given = textOf(url || DEFAULT_PATH);
  const absolute = attempt(() => wholeUrl(given, base)) ?? (hasWholeUrl() ? "" : given);
  const [, givenScheme = "", host, path = "", query = ""] = ABSOLUTE.exec(absolute) ?? [];
  const scheme = givenScheme.toLowerCase();
  const socketScheme = SOCKET_SCHEMES.get(scheme);
  if (socketScheme && host) return `${socketScheme}//${host}${path.replace(/\/+$/, "") || DEFAULT_PATH}${query}`;
  const other = /^[a-z][a-z\d+.-]*:/i.exec(absolute)?.[0];
  if (other && !socketScheme) {
    const expected = "expected http:, https:, ws: or wss:, so write it as https://app.example";
    throw new ProblemError("wrong_address", `url: its scheme is ${other} where we ${expected}`);
  }
  const what = url ? `url: ${shown(url)} is no URL` : "url: there is no page whose URL could stand in";
  throw new ProblemError("wrong_address", `${what}: expected one like https://app.example`);
}

/** An address with these parameters, each once, and what its own query has beside them. */
export function withQuery(address: string, query: Readonly<Record<string, string>>): string {
  // A query may have question marks of its own.
  const [path = "", ...own] = address.split("?");
  const isOwn = (pair: string) => pair !== "" && !Object.keys(query).includes(pair.replace(/=[^]*/, ""));
  const others = own.join("?").split("&").filter(isOwn);
  const ours = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `${path}?${[...others, ...ours].join("&")}`;
}

/** An address without its query, and without the password that may stand before its host. */
export function withoutSecrets(address: string): string {
  return address.replace(/\?[^]*/, "").replace(/^([^/]*\/\/)[^/]*@/, "$1");
}

/** Scheme and host of an address. */
export function originOf(address: string): string {
  return withoutSecrets(address).split("/", 3).join("/");
}

/**
 * Where the server answers a question by HTTP about the user of a socket's address.
 * @param path Behind that of the socket.
 */
export function httpAddressOf(address: string, path: string): string {
  return address.replace(/^ws/, "http").replace("?", `${path}?`);
}

/** Converts a value to text; an object that refuses the conversion becomes the empty text. */
function textOf(url: unknown): string {
  return attempt(() => String(url)) ?? "";
}

function wholeUrl(url: string, base: string | undefined): string | undefined {
  return hasWholeUrl() ? new URL(url, base).href : undefined;
}

/** Whether `URL` is a browser's: React Native's neither resolves nor writes addresses as those do. */
function hasWholeUrl(): boolean {
  return attempt(() => new URL("b?d#e", "http://A:80/a/c").href) === "http://a/a/b?d#e";
}
