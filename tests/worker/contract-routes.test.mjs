/** The routes, row by row, over real HTTP. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import {
  assertRefusal,
  clear,
  PREFIX,
  push,
  requestAsWritten,
  UPGRADE,
} from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/** @param {string} userId */
function stateText(userId) {
  return requestAsWritten(server, `${PREFIX}/state?userId=${encodeURIComponent(userId)}`);
}

// What is refused. `path` is taken as it is written.
const REFUSED = [
  {
    name: "a socket's URL opened without an upgrade is told that it needs one",
    path: `${PREFIX}?userId=refused`,
    refusal: [426, "upgrade_required", /WebSocket/],
  },
  {
    name: "an upgrade to something else than a WebSocket is refused",
    path: `${PREFIX}?userId=refused`,
    headers: { Connection: "Upgrade", Upgrade: "h2c" },
    refusal: [426, "upgrade_required", /WebSocket/],
  },
  {
    name: "two users in one request can't be told apart by whoever authorizes it",
    path: `${PREFIX}/state?userId=mallory&userId=alice`,
    refusal: [400, "invalid_request", /userId/],
  },
  {
    name: "two users are two users when the connect asks for a socket, too",
    path: `${PREFIX}?userId=mallory&deviceId=d&userId=alice`,
    headers: UPGRADE,
    refusal: [400, "invalid_request", /userId/],
  },
  ...["/", "/stat", "/state/", "/STATE", "/state/x", "/clear/", "/__proto__", "/constructor"].map(
    (below) => ({
      name: `below the prefix nothing answers at ${below} by mistake`,
      path: `${PREFIX}${below}?userId=refused`,
      refusal: [404, "not_found", /no such path/],
    }),
  ),
  ...["/%2Fstate", "%2Fstate", "/stat%65", "/..%2Fstate", "/%2e%2e/clear", "/../clear"].map(
    (below) => ({
      name: `an encoded or dotted path never reaches another route: ${below}`,
      path: `${PREFIX}${below}?userId=refused`,
      method: below.endsWith("clear") ? "POST" : "GET",
      refusal: [404, "not_found", /./],
    }),
  ),
  ...["/", "/state", "/__user-sessions", "//__user-session/state", "/__USER-SESSION"].map(
    (path) => ({
      name: `what is not below the prefix is not ours: ${path}`,
      path: `${path}?userId=refused`,
      refusal: [404, "not_found", /__user-session/],
    }),
  ),
];

for (const { name, path, method, headers, refusal } of REFUSED.map(withDefaults)) {
  test(name, async () => {
    const [status, code, message] = refusal;
    const answer = await requestAsWritten(server, path, { method, headers });
    assert.equal(answer.status, status);
    assert.match(String(answer.headers["content-type"]), /^application\/json/);
    assertRefusal(answer.text, code, message);
  });
}

/**
 * @param {{name: string, path: string, method?: string, headers?: Record<string, string>,
 *   refusal: (number | string | RegExp)[]}} row
 */
function withDefaults({ name, path, method = "GET", headers = {}, refusal }) {
  return { name, path, method, headers, refusal: /** @type {[number, string, RegExp]} */ (refusal) };
}

for (const { path, allow } of [
  { path: "", allow: "GET, POST" },
  { path: "/state", allow: "GET" },
  { path: "/clear", allow: "POST" },
]) {
  test(`a wrong method at ${path || "the prefix"} is told the right ones`, async () => {
    for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]) {
      if (allow.split(", ").includes(method)) continue;
      const url = `${PREFIX}${path}?userId=methods`;
      const { status, headers, text } = await requestAsWritten(server, url, { method });
      assert.deepEqual([method, status, headers.allow], [method, 405, allow]);
      if (method !== "HEAD") assertRefusal(text, "method_not_allowed", new RegExp(allow));
    }
  });
}

test("a missing or empty userId is answered in the plain words that old clients look for", async () => {
  for (const query of ["", "?userId=", "?userid=a", "?deviceId=d"]) {
    for (const [path, method, headers] of /** @type {const} */ ([
      ["", "GET", UPGRADE],
      ["", "GET", {}],
      ["", "POST", {}],
      ["/state", "GET", {}],
      ["/clear", "POST", {}],
    ])) {
      const url = `${PREFIX}${path}${query}`;
      const { status, text } = await requestAsWritten(server, url, { method, headers });
      assert.deepEqual([url, status, text], [url, 400, "Missing userId"]);
    }
  }
});

test("a dot in the path that every URL parser removes does not hide a route", async () => {
  const { status, text } = await requestAsWritten(server, `${PREFIX}/./state?userId=dotted`);
  assert.deepEqual([status, JSON.parse(text).userId], [200, "dotted"]);
});

test("the state keeps its six fields in their order, for a user who was never here", async () => {
  const { status, headers, text } = await stateText("nobody");
  assert.equal(status, 200);
  assert.match(String(headers["content-type"]), /^application\/json/);
  const state = JSON.parse(text);
  assert.deepEqual(Object.entries(state).slice(0, 6), [
    ["userId", "nobody"],
    ["activeGames", []],
    ["presence", "offline"],
    ["lastActive", 0],
    ["connectedDevices", 0],
    ["isHibernating", true],
  ]);
  assert.ok(text.startsWith('{"userId":"nobody","activeGames":[],"presence":"offline",'));
});

test("the state shows what connected devices have done", async () => {
  const start = Date.now();
  const devices = [
    await Device.connect(server, "shown", "a"),
    await Device.connect(server, "shown", "b"),
  ];
  await devices[0].next();
  devices[0].send({ type: "join_game", gameId: "go" });
  devices[0].send({ type: "join_game", gameId: "chess" });
  await devices[0].next();
  await devices[0].next();
  const { userId, activeGames, presence, lastActive, connectedDevices, isHibernating } = JSON.parse(
    (await stateText("shown")).text,
  );
  assert.deepEqual(
    { userId, activeGames, presence, connectedDevices, isHibernating },
    {
      userId: "shown",
      activeGames: ["go", "chess"],
      presence: "online",
      connectedDevices: 2,
      isHibernating: false,
    },
  );
  assert.ok(lastActive >= start && lastActive <= Date.now());
  await Promise.all(devices.map((device) => device.close()));
});

test("connectedDevices counts open sockets, whatever their ids are", async () => {
  const twins = [
    await Device.connect(server, "twins", "same"),
    await Device.connect(server, "twins", "same"),
  ];
  const counted = async () => JSON.parse((await stateText("twins")).text).connectedDevices;
  assert.equal(await counted(), 2);
  assert.deepEqual(await (await push(server, "twins", '{"type":"x"}')).json(), { delivered: 2 });
  await twins[0].close();
  assert.equal(await counted(), 1);
  const state = JSON.parse((await stateText("twins")).text);
  assert.deepEqual([state.presence, state.isHibernating], ["online", false]);
  await twins[1].close();
  const afterwards = JSON.parse((await stateText("twins")).text);
  assert.deepEqual([afterwards.connectedDevices, afterwards.presence], [0, "offline"]);
});

test("clear erases the user's data and tells every connected device the new state", async () => {
  const devices = [
    await Device.connect(server, "cleared", "a"),
    await Device.connect(server, "cleared", "b"),
  ];
  for (const device of devices) await device.next();
  devices[0].send({ type: "join_game", gameId: "go" });
  for (const device of devices) await device.next();
  const answer = await clear(server, "cleared");
  assert.deepEqual([answer.status, await answer.text()], [200, '{"success":true}']);
  for (const device of devices) {
    const text = await device.nextText();
    const { lastActive } = JSON.parse(text);
    assert.equal(
      text,
      `{"type":"state","userId":"cleared","activeGames":[],"presence":"online","lastActive":${lastActive}}`,
    );
    assert.ok(lastActive > 0);
  }
  await Promise.all(devices.map((device) => device.close()));
  await clear(server, "cleared");
  const state = JSON.parse((await stateText("cleared")).text);
  assert.deepEqual([state.activeGames, state.lastActive], [[], 0]);
});

test("one user's clear and push leave every other user alone", async () => {
  const bystander = await Device.connect(server, "bystander", "b");
  await bystander.next();
  await bystander.ask({ type: "join_game", gameId: "go" });
  await clear(server, "somebody");
  await push(server, "somebody", '{"type":"not-yours"}');
  const state = await bystander.ask({ type: "sync_state" });
  assert.deepEqual([state.type, state.activeGames], ["state", ["go"]]);
  await bystander.close();
});

test("a pushed body reaches every device as it was written, and the pusher learns how many", async () => {
  const body = '{ "n" : 1.50e2, "type":"news", "s":"\\u00e9é\\/", "n":  12345678901234567890 }\n';
  const nobody = await push(server, "pushed", body);
  assert.deepEqual([nobody.status, await nobody.text()], [200, '{"delivered":0}']);
  const devices = [
    await Device.connect(server, "pushed", "a"),
    await Device.connect(server, "pushed", "b"),
  ];
  for (const device of devices) await device.next();
  const answer = await push(server, "pushed", body);
  assert.match(String(answer.headers.get("content-type")), /^application\/json/);
  assert.deepEqual([answer.status, await answer.text()], [200, '{"delivered":2}']);
  for (const device of devices) assert.equal(await device.nextText(), body);
  await Promise.all(devices.map((device) => device.close()));
});
