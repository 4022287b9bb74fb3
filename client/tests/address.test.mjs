/** Where a client goes by the option `url`, and what it says where that leads nowhere. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { fakeClient } from "./support/fake-socket.mjs";

/** Lets promises run. */
const settled = async () => {
  for (let turns = 0; turns < 20; turns++) await Promise.resolve();
};

test("the question goes where the socket went, with all of its query, and no message tells a password", async (t) => {
  const url = "wss://kim:secret@x.example/s?next=/a?b&valueOf=1&userId=ann";
  const { client, newest } = fakeClient(t, { url });
  /** @type {string[]} */
  const asked = [];
  t.mock.method(globalThis, "fetch", (/** @type {unknown} */ address) => {
    asked.push(String(address));
    return Promise.reject(new TypeError("Failed to fetch"));
  });
  client.connect();
  const query = "?next=/a?b&valueOf=1&userId=kim&deviceId=desk&tabId=";
  assert.ok(newest().url.href.startsWith(`wss://kim:secret@x.example/s${query}`), newest().url.href);
  newest().fail();
  newest().fail();
  await settled();
  assert.ok(asked[0]?.startsWith(`https://kim:secret@x.example/s/state${query}`), asked[0]);
  assert.match(String(client.getSnapshot().error), /no connection to wss:\/\/x\.example:/);
});

const ADDRESSES = [
  ["https://x.example", "wss://x.example/__user-session"],
  ["https://x.example/", "wss://x.example/__user-session"],
  ["http://x.example:8787", "ws://x.example:8787/__user-session"],
  ["ws://x.example", "ws://x.example/__user-session"],
  ["wss://x.example/__user-session/", "wss://x.example/__user-session"],
  ["wss://x.example/__user-session//#top", "wss://x.example/__user-session"],
  ["https://x.example/api/session/", "wss://x.example/api/session"],
];

for (const [url, address] of ADDRESSES) {
  test(`${url} goes to ${address}`, (t) => {
    const { client, newest } = fakeClient(t, { url });
    client.connect();
    const { origin, pathname } = newest().url;
    assert.equal(origin + pathname, address);
  });
}

/** @type {any[]} */
const NO_ADDRESSES = ["localhost:8787", "ftp://x.example", "https://", "//", "__user-session", undefined, "data:,x", Object.create(null), Symbol("x")];

for (const url of NO_ADDRESSES) {
  test(`${typeof url === "object" ? "an object without a text" : String(url)} as url says that it is none, and is not tried in vain`, async (t) => {
    const { client, sockets } = fakeClient(t, { url });
    client.connect();
    await settled();
    const { problem, error } = client.getSnapshot();
    assert.deepEqual([problem?.code, problem?.retryable, error], ["wrong_address", false, problem?.message]);
    assert.match(String(problem?.message), /^url: .*https:/);
    t.mock.timers.tick(600_000);
    assert.deepEqual([sockets.length, client.getMetrics().attempts], [0, 1]);
    assert.equal(client.getSnapshot().problem?.code, "wrong_address");
  });
}
