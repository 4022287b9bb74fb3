/**
 * A site whose pages have the hook: it serves them, and passes their sockets and requests on to the Worker, as a
 * reverse proxy that can fail does. So pages connect to their own host, as they do in production.
 */
import { createServer, request as httpRequest } from "node:http";
import { connect } from "node:net";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { ENGINES } from "../../../tests/support/browsers/engines.mjs";

/** @import { IncomingMessage, ServerResponse } from "node:http" */
/** @import { Socket } from "node:net" */
/** @import { Engine } from "../../../tests/support/browsers/engines.mjs" */
/** @import { Page, Profile } from "../../../tests/support/browsers/page.mjs" */

const PAGES = new URL("../pages/", import.meta.url);
const REACT_18 = fileURLToPath(new URL("../../../tests/browser/react-18/node_modules/", import.meta.url));

/**
 * What a page is built of.
 * @typedef {object} Kind
 * @property {string} name
 * @property {string} hook
 * @property {18 | 19} react
 * @property {string} [app] The page's script.
 */

const HOOK = "user-session-worker/react";

/** @type {Kind} */
export const NEW_19 = { name: "new-19", hook: HOOK, react: 19 };
/** @type {Kind} */
export const NEW_18 = { name: "new-18", hook: HOOK, react: 18 };
/** @type {Kind} */
export const OLD = { name: "old", hook: fileURLToPath(new URL("old-hook.js", PAGES)), react: 18 };

/**
 * Builds one of the pages' scripts.
 * @param {string} entry
 * @param {Kind} kind
 * @param {import("esbuild").BuildOptions} [options]
 */
export async function bundle(entry, kind, options = {}) {
  const outputs = await bundleAll(entry, kind, options);
  return outputs[0]?.text ?? "";
}

/**
 * The same, with all the files that the bundler makes.
 * @param {string} entry
 * @param {Kind} kind
 * @param {import("esbuild").BuildOptions} options
 */
async function bundleAll(entry, { hook, react }, options) {
  const older = { react: `${REACT_18}react`, "react-dom": `${REACT_18}react-dom` };
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, PAGES))],
    bundle: true,
    format: "esm",
    write: false,
    define: { "process.env.NODE_ENV": '"development"' },
    alias: { "the-hook": hook, ...(react === 18 && older) },
    ...options,
  });
  return outputFiles ?? [];
}

/** A page of the hooks below a provider. @type {Kind} */
export const HOOKS_19 = { name: "hooks-19", hook: HOOK, react: 19, app: "hooks.js" };
/** @type {Kind} */
export const HOOKS_18 = { name: "hooks-18", hook: HOOK, react: 18, app: "hooks.js" };
/** The same with hooks of a definition. @type {Kind} */
export const TYPED_19 = { ...HOOKS_19, name: "typed-19", app: "typed-hooks.js" };

/**
 * Declares a story of a kind of page. The newest React, and the hook in production, are tried in each engine, and React 18 in
 * Chromium: what a version of React does otherwise it does in every engine.
 * @template Stories
 * @param {{story: Stories, storyInOne: Stories}} stories
 * @param {Kind} kind
 */
export const storyOf = ({ story, storyInOne }, { react, hook }) => (react === 18 && hook === HOOK ? storyInOne : story);

/** A page's files by their names: the page loads the first, and that the others. @param {Kind} kind */
async function filesOf(kind) {
  const files = await bundleAll(kind.app ?? "app.js", kind, { minify: true, splitting: true, outdir: "/", entryNames: kind.name, chunkNames: `${kind.name}-[name]-[hash]` });
  return files.map(({ path, text }) => /** @type {const} */ ([basename(path), text]));
}

/**
 * @typedef {object} Site
 * @property {string} origin
 * @property {(http: string) => void} serve Names the Worker that sockets go to.
 * @property {(userId: string) => number} opened How many sockets a user's pages have asked for.
 * @property {(userId: string) => (string | undefined)[]} offered The subprotocols that each of them offered.
 * @property {(userId: string) => (string | undefined)[]} shown The credential of each request for a ticket.
 * @property {(userId: string) => number} open How many are open.
 * @property {() => void} cut Cuts all that are open, and lets no other through until `mend`.
 * @property {() => void} mend
 * @property {(device: Profile, kind: Kind, settings: object, query?: Record<string, string>) => Promise<Page>} visit
 *   Opens a page in a new tab and mounts the app. In its address `policy` is a header, and `meta` a tag of the page.
 * @property {(device: Profile, cookie: string) => Promise<void>} setCookie Has a device get a cookie, as at a sign-in.
 * @property {() => void} close
 */

/**
 * The common ground of the stories in an engine: its site, and names of users of its own.
 * @typedef {{site: Site, user: (name: string) => string}} Stage
 */

/**
 * A site for each engine, so that what one is cut off from is not what another is.
 * @param {Kind[]} [kinds] The pages that it has.
 * @returns {Promise<{stage: (engine: Engine, http: string) => Stage, origins: string, close: () => void}>} `stage` puts
 *   an engine's site in front of the server at `http`, and `origins` is for `ALLOWED_ORIGINS`.
 */
export async function startSites(kinds = [NEW_18, NEW_19, OLD]) {
  const built = await Promise.all(kinds.map(filesOf));
  const scripts = new Map(built.flat());
  const names = Object.keys(ENGINES);
  const sites = await Promise.all(names.map(() => startSite(scripts)));
  return {
    stage({ name: engine }, http) {
      const site = /** @type {Site} */ (sites[names.indexOf(engine)]);
      site.serve(http);
      return { site, user: (name) => `${name}-${engine}` };
    },
    origins: sites.map(({ origin }) => origin).join(),
    close: () => sites.forEach((site) => site.close()),
  };
}

/** @param {Map<string, string>} scripts Each by the name of its file. @returns {Promise<Site>} */
async function startSite(scripts) {
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
    if (pathname.startsWith("/__user-session")) return pass(request, response);
    const name = pathname.slice(1);
    if (pathname.endsWith(".js")) return response.setHeader("Content-Type", "text/javascript").end(scripts.get(name));
    const { policy, meta = "", cookie } = Object.fromEntries(searchParams);
    if (policy) response.setHeader("Content-Security-Policy", policy);
    if (cookie) response.setHeader("Set-Cookie", `session=${cookie}; Path=/; HttpOnly; SameSite=Lax`);
    const html = `<!doctype html><html lang="en"><title>App</title>${meta}<div id="root"></div><script type="module" src="/${name}.js"></script>`;
    return response.setHeader("Content-Type", "text/html").end(html);
  });
  const { pass, ...wires } = relay(server);
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = server.address();
  if (!address || typeof address !== "object") throw new Error("the site has no address");
  const origin = `http://127.0.0.1:${address.port}`;
  return {
    origin,
    ...wires,
    async visit(device, kind, settings, query = {}) {
      const page = await device.newPage();
      await page.goto(`${origin}/${kind.name}?${new URLSearchParams(query)}`);
      await mount(page, settings);
      return page;
    },
    async setCookie(device, cookie) {
      const page = await device.newPage();
      await page.goto(`${origin}/${NEW_19.name}?${new URLSearchParams({ cookie })}`);
      await page.close();
    },
    close() {
      wires.cut();
      server.closeAllConnections();
      server.close();
    },
  };
}

/** @param {import("node:http").Server} server */
function relay(server) {
  let port = 0;
  let isDown = false;
  /** @type {{userId: string | null, offered: string | undefined, sockets: Socket[]}[]} */
  const wires = [];
  server.on("upgrade", (/** @type {IncomingMessage} */ request, /** @type {Socket} */ incoming) => {
    const userId = new URL(request.url ?? "", "http://x").searchParams.get("userId");
    if (isDown) return void incoming.destroy();
    const outgoing = connect(port, "127.0.0.1");
    const offered = request.headers["sec-websocket-protocol"];
    wires.push({ userId, offered, sockets: [incoming, outgoing] });
    const lines = [`GET ${request.url} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
    outgoing.write(`${lines.join("\r\n")}\r\n\r\n`);
    incoming.pipe(outgoing).pipe(incoming);
    outgoing.once("data", (/** @type {Buffer} */ answer) => {
      if (answer.toString("latin1", 0, 12) === "HTTP/1.1 101") return;
      // WebKit would send its next request on this connection, which is for the site. It needs no more than the status.
      incoming.end();
    });
    for (const socket of [incoming, outgoing]) {
      socket.on("error", () => {});
      socket.on("close", () => [incoming, outgoing].forEach((one) => one.destroy()));
    }
  });
  /** @type {{userId: string | null, credential: string | undefined}[]} */
  const tickets = [];
  return {
    /** @param {IncomingMessage} request @param {ServerResponse} response */
    pass(request, response) {
      const { url: path = "", method, headers } = request;
      const { pathname, searchParams } = new URL(path, "http://x");
      if (isDown) return void request.destroy();
      if (pathname.endsWith("/ticket")) tickets.push({ userId: searchParams.get("userId"), credential: headers.authorization });
      const passed = httpRequest({ host: "127.0.0.1", port, path, method, headers, agent: false }, (answer) => {
        response.writeHead(answer.statusCode ?? 0, answer.headers);
        answer.pipe(response);
      });
      passed.on("error", () => response.destroy());
      return void request.pipe(passed);
    },
    shown: (/** @type {string} */ userId) =>
      tickets.filter((ticket) => ticket.userId === userId).map(({ credential }) => credential),
    serve: (/** @type {string} */ http) => void (port = Number(new URL(http).port)),
    opened: (/** @type {string} */ userId) => wires.filter((wire) => wire.userId === userId).length,
    offered: (/** @type {string} */ userId) =>
      wires.filter((wire) => wire.userId === userId).map(({ offered }) => offered),
    open: (/** @type {string} */ userId) =>
      wires.filter((wire) => wire.userId === userId && wire.sockets.every(({ destroyed }) => !destroyed)).length,
    cut() {
      isDown = true;
      for (const { sockets } of wires) sockets.forEach((socket) => socket.destroy());
    },
    mend: () => void (isDown = false),
  };
}

/** Mounts a page's app, or gives it other settings. @param {Page} page @param {object} settings */
export async function mount(page, settings) {
  await page.waitFor("globalThis.app?.mount");
  await page.evaluate((given) => /** @type {any} */ (globalThis).app.mount(given), settings);
}

/**
 * What a page's app has.
 * @param {Page} page
 * @param {string} expression Of `app` and of `session`, what the hook returns.
 * @returns {Promise<any>}
 */
export function inApp(page, expression) {
  return page.evaluate(`((session) => ${expression})(app.results[0])`);
}

/**
 * Waits until something is so in a page's app.
 * @param {Page} page
 * @param {string} condition Of `app` and of `session`.
 */
export async function untilApp(page, condition) {
  await page.waitFor(`((session) => session && (${condition}))(app.results[0])`, condition).catch(async (error) => {
    const { state, connectionStatus } = await inApp(page, "session ?? {}");
    throw new Error(`${condition}: ${JSON.stringify({ state, connectionStatus })}`, { cause: error });
  });
}
