/** Pages that are rendered on a server: there is no window there, and nothing may connect. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import { settled } from "./support/fake-socket.mjs";
import { NEW_18, NEW_19, bundle } from "./support/site.mjs";

for (const kind of [NEW_18, NEW_19]) {
  test(`React ${kind.react} renders the hook on a server as loading, and opens nothing`, async (t) => {
    const script = await bundle("server-rendered.js", kind, { platform: "node", format: "cjs" });
    /** @type {any} */
    const module = { exports: {} };
    new Function("module", "exports", "require", script)(module, module.exports, createRequire(import.meta.url));
    const { render, renderProvided } = module.exports;
    const opened = t.mock.method(globalThis, "WebSocket", () => assert.fail("a socket"));
    // Without an address there is nothing that could be opened.
    const kim = { userId: "kim", url: "wss://app.example" };
    const loading = { state: null, isLoading: true, isConnected: false, connectionStatus: "connecting" };
    assert.equal(render(kim), `<p>${JSON.stringify(loading)}</p>`);
    const off = { state: null, isLoading: false, isConnected: false, connectionStatus: "idle" };
    assert.equal(render({ ...kim, enabled: false }), `<p>${JSON.stringify(off)}</p>`);
    assert.equal(render({ userId: null }), `<p>${JSON.stringify(off)}</p>`);
    assert.equal(renderProvided(kim), "<p>connecting 0 light</p>");
    assert.equal(renderProvided({ userId: null }), "<p>idle 0 light</p>");
    await settled();
    assert.equal(opened.mock.callCount(), 0);
  });
}
