/** Where the server is. Only a page's own address is left to `URL`, which React Native has a part of. */
import { attempt, page } from "./page.js";
import { ProblemError } from "./problem.js";
import { shown } from "./warnings.js";

const DEFAULT_PATH = "/__user-session";

/** Scheme, `s` if it is one of ours that is secure, host, path and query of an absolute address. */
const ABSOLUTE = /^((?:(?:ws|http)(s?)|[a-z][a-z\d+.-]*):)(?:\/\/([^/?#\s]+)([^?#]*)(\?[^#]*)?)?/i;

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
  const [, scheme, secure, host, path = "", query = ""] = ABSOLUTE.exec(absolute) ?? [];
  const isOurs = secure !== undefined;
  if (isOurs && host) return `ws${secure.toLowerCase()}://${host}${path.replace(/\/+$/, "") || DEFAULT_PATH}${query}`;
  const what = scheme && !isOurs ? `its scheme is ${scheme}` : url ? `${shown(url)} is no URL` : "no page has a URL";
  throw new ProblemError("wrong_address", `url: ${what}: expected http:, https:, ws: or wss:, as in https://app.example`);
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
