/** Engines that lack what browsers have, have a part of it, or refuse it: the client says so and goes on. */
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { UserSessionClient } from "user-session-worker/client";

import { FakeSocket, accept, fakeClient, ticketing, tokenOf } from "./support/fake-socket.mjs";

/** @import { TestContext } from "node:test" */

/** Collects the warnings that the client writes to the console. @param {TestContext} t @returns {string[]} */
function heardWarnings(t) {
  /** @type {string[]} */
  const said = [];
  t.mock.method(console, "warn", (/** @type {unknown} */ text) => said.push(String(text)));
  return said;
}

/**
 * Gives the global object other properties until the test is over.
 * @param {TestContext} t
 * @param {Record<string, PropertyDescriptor>} properties
 */
function withGlobals(t, properties) {
  for (const [name, descriptor] of Object.entries(properties)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { configurable: true, ...descriptor });
    t.after(() => {
      if (before) Object.defineProperty(globalThis, name, before);
      else delete (/** @type {any} */ (globalThis)[name]);
    });
  }
}

/** @param {unknown} value */
const being = (value) => ({ value, writable: true });

const refusing = {
  get: () => {
    throw new Error("SecurityError");
  },
};

const throws = () => {
  throw new Error("SecurityError");
};

const WholeURL = URL;

/** As much of a URL as React Native has. */
class PartOfURL {
  /** @param {string} url */
  constructor(url) {
    this.href = url.endsWith("/") ? url : `${url}/`;
  }

  /** @returns {string} */
  get protocol() {
    throw new Error("URL.protocol is not implemented");
  }

  /** @returns {URLSearchParams} */
  get searchParams() {
    throw new Error("URLSearchParams.set is not implemented");
  }
}

/** @type {[what: string, globals: Record<string, PropertyDescriptor>][]} */
const SURROUNDINGS = [
  ["no crypto", { crypto: being(undefined) }],
  ["crypto without getRandomValues", { crypto: being({}) }],
  ["crypto that refuses", { crypto: being({ getRandomValues: throws }) }],
  ["crypto that may not be touched", { crypto: refusing }],
  ["an empty document", { document: being({}) }],
  ["a document that is null", { document: being(null) }],
  ["a document that may not be touched", { document: refusing }],
  ["a document that refuses listeners", { document: being({ addEventListener: throws, removeEventListener: throws }) }],
  ["a window without listeners", { addEventListener: being(undefined), window: being(globalThis) }],
  ["listeners that are no functions", { addEventListener: being({}), removeEventListener: being({}), document: being({ addEventListener: 1 }) }],
  ["listeners that can't be removed", { addEventListener: being(() => {}), removeEventListener: being(undefined) }],
  ["an empty navigator", { navigator: being({}) }],
  ["no navigator", { navigator: being(undefined) }],
  ["a navigator that may not be touched", { navigator: refusing }],
  ["empty locks", { navigator: being({ locks: {} }) }],
  ["locks that refuse", { navigator: being({ locks: { request: throws, query: throws } }) }],
  ["an empty location", { location: being({}) }],
  ["a location that may not be touched", { location: refusing }],
  ["no URL", { URL: being(undefined), URLSearchParams: being(undefined) }],
  ["no fetch", { fetch: being(undefined) }],
  ["a fetch that may not be touched", { fetch: refusing }],
  ["storage that may not be touched", { localStorage: refusing, sessionStorage: refusing }],
  ["storage that refuses", {
    localStorage: being({ getItem: throws, setItem: throws, removeItem: throws }),
    sessionStorage: being({ getItem: throws, setItem: throws, removeItem: throws }),
  }],
  ["empty storage", { localStorage: being({}), sessionStorage: being({}) }],
  ["storage of something else", { localStorage: being({ getItem: () => ({}), setItem: () => {} }) }],
  ["no performance", { performance: being(undefined) }],
  ["performance without a clock", { performance: being({}) }],
  ["performance that may not be touched", { performance: refusing }],
  ["no console", { console: being(undefined), crypto: being(undefined) }],
  ["a console that can't warn", { console: being({}), crypto: being(undefined) }],
  ["a console that may not be touched", { console: refusing, crypto: being(undefined) }],
  ["no AbortController", { AbortController: being(undefined) }],
  ["no TextEncoder", { TextEncoder: being(undefined) }],
  ["a BroadcastChannel that refuses", {
    BroadcastChannel: being(class {
      constructor() {
        throws();
      }
    }),
  }],
  ["no BroadcastChannel", { BroadcastChannel: being(undefined) }],
  ["React Native", {
    crypto: being(undefined), document: being(undefined), location: being(undefined), window: being(globalThis),
    URL: being(PartOfURL), URLSearchParams: being(undefined), navigator: being({ product: "ReactNative" }), BroadcastChannel: being(undefined), addEventListener: being(undefined),
  }],
];

/** Lets promises and locks answer. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const { outputFiles } = await build({
  entryPoints: [fileURLToPath(new URL("../dist/index.js", import.meta.url))],
  bundle: true,
  format: "esm",
  write: false,
});
let copies = 0;

/**
 * The client as another page loads it: ids are remembered for as long as a page lives.
 * @returns {Promise<typeof import("../src/index.ts")>}
 */
const anotherPage = () =>
  import(`data:text/javascript;base64,${Buffer.from(`${outputFiles[0]?.text}// ${copies++}`).toString("base64")}`);

for (const [what, globals] of SURROUNDINGS) {
  for (const deviceId of [undefined, "desk"]) {
    const whose = deviceId ? "a deviceId and a token of its own" : "none";
    test(`${what}, ${whose}: a client is made, connects, asks, is left and closed, and nothing is thrown`, async (t) => {
      heardWarnings(t);
      withGlobals(t, globals);
      const { UserSessionClient: Client } = await anotherPage();
      /** @type {FakeSocket[]} */
      const sockets = [];
      class Socket extends FakeSocket {
        /** @param {string} url @param {string[]} protocols */
        constructor(url, protocols) {
          super("wss://app.example", protocols, WholeURL);
          this.url = new WholeURL(url);
          sockets.push(this);
        }
      }
      if (!globals["fetch"]) t.mock.method(globalThis, "fetch", ticketing(throws));
      /** @type {unknown[]} */
      const unhandled = [];
      const hear = (/** @type {unknown} */ error) => void unhandled.push(error);
      process.on("unhandledRejection", hear);
      t.after(() => process.off("unhandledRejection", hear));
      const client = new Client({
        userId: "kim\ud83d", deviceId, url: "wss://app.example/__user-session", WebSocket: /** @type {any} */ (Socket),
        presenceFromVisibility: true, shareTabs: true, token: deviceId && "t",
      });
      client.connect();
      t.after(() => client.close());
      for (let turns = 0; turns < 10 && sockets.length === 0; turns++) await settled();
      const [socket] = sockets;
      assert.ok(socket, "it has a socket");
      assert.match(client.deviceId, deviceId ? /^desk$/ : /^[a-z2-7]{20}$/);
      assert.match(String(socket.url.searchParams.get("tabId")), /^[a-z2-7]{16}$/);
      assert.equal(socket.url.href.split("?")[0], "wss://app.example/__user-session");
      assert.equal(socket.url.searchParams.get("userId"), "kim\u{fffd}");
      // Where no request can be made, there is nothing but the token itself.
      const credential = socket.protocols.find((name) => /^(?:bearer|ticket)\./.test(name));
      if (globals["fetch"]) assert.equal(credential, deviceId && "bearer.t");
      else assert.deepEqual([tokenOf(socket), credential?.slice(0, 7)], deviceId ? ["t", "ticket."] : [undefined, undefined]);
      // Three attempts fail, so that the client looks for the cause, too.
      for (let failures = 0; failures < 3; failures++) {
        sockets.at(-1)?.fail();
        client.reconnect();
        for (let turns = 0; turns < 3; turns++) await settled();
      }
      const newest = /** @type {FakeSocket} */ (sockets.at(-1));
      assert.ok(sockets.length > 3 && client.getSnapshot().problem);
      accept(newest);
      const joined = client.joinGame("go");
      newest.receive({ type: "ack", id: newest.requests.find(({ type }) => type === "join_game").id });
      assert.equal((await joined).ok, true);
      client.close();
      assert.equal(newest.closedWith, 1000);
      for (let turns = 0; turns < 3; turns++) await settled();
      assert.deepEqual(unhandled, []);
    });
  }
}

test("ids without crypto differ all the same, and the console says once what to install", async (t) => {
  const said = heardWarnings(t);
  withGlobals(t, { crypto: being(undefined) });
  /** @type {typeof import("../src/identity.ts")} */
  const { randomId } = await import(`${new URL("../dist/identity.js", import.meta.url)}?${copies++}`);
  const ids = Array.from({ length: 1_000 }, () => randomId(16));
  assert.equal(new Set(ids).size, 1_000);
  assert.ok(ids.every((id) => /^[a-z2-7]{16}$/.test(id)));
  assert.equal(said.length, 1);
  assert.match(String(said[0]), /react-native-get-random-values/);
});

test("a WebSocket that may not be touched is none", (t) => {
  heardWarnings(t);
  withGlobals(t, { WebSocket: refusing });
  const client = new UserSessionClient({ userId: "kim", url: "wss://app.example/s" });
  client.connect();
  t.after(() => client.close());
  assert.equal(client.getSnapshot().problem?.code, "unsupported_runtime");
});

/** Values that make no sockets, and what the client says about them. @type {[what: string, given: any, says: RegExp][]} */
const NO_SOCKETS = [
  ["no WebSocket at all, as in Node 20", undefined, /no WebSocket here: expected a class, as Node 22 has, or `import WebSocket from 'ws'`/],
  ["a namespace in place of its class", { WebSocket: FakeSocket }, /option WebSocket is an object: expected a class/],
  ["an address", "wss://app.example", /option WebSocket is "wss:/],
  ["a function that is no class", () => {}, /option WebSocket is a function/],
];

for (const [what, given, says] of NO_SOCKETS) {
  test(`${what}: it says once what to do, tries nothing, and answers what is asked`, async (t) => {
    const said = heardWarnings(t);
    withGlobals(t, { WebSocket: being(undefined) });
    t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
    const client = new UserSessionClient({ userId: "kim", url: "wss://app.example/s", WebSocket: given });
    const early = client.joinGame("go");
    client.connect();
    const { error, problem, isConnected, isLoading } = client.getSnapshot();
    assert.match(String(error), says);
    assert.deepEqual(problem, { code: "unsupported_runtime", message: error, retryable: false });
    assert.deepEqual([isConnected, isLoading], [false, false]);
    for (const outcome of [await early, await client.joinGame("chess")]) {
      assert.equal(!outcome.ok && outcome.code, "unsupported_runtime");
    }
    t.mock.timers.tick(600_000);
    assert.equal(client.getMetrics().attempts, 1);
    client.reconnect();
    assert.match(String(client.getSnapshot().error), says);
    assert.equal(said.length, 1);
    client.close();
  });
}

test("a class that was given is used where there is no global one", (t) => {
  withGlobals(t, { WebSocket: being(undefined) });
  const { client, sockets } = fakeClient(t);
  client.connect();
  assert.equal(sockets.length, 1);
});

test("no engine meets a regular expression that it can't read: React Native's had no \\p until 2024, and loads nothing then", () => {
  const dist = fileURLToPath(new URL("../dist/", import.meta.url));
  const files = readdirSync(dist).filter((name) => name.endsWith(".js"));
  assert.ok(files.length > 10);
  for (const name of files) assert.doesNotMatch(readFileSync(dist + name, "utf8"), /\\p\{/i, name);
});
