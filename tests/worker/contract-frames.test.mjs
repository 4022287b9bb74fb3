/** The frames of version 1, row by row and byte for byte, over real sockets. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Device } from "../support/device.mjs";
import { PREFIX, requestAsWritten, UPGRADE } from "../support/requests.mjs";
import { startServer } from "../support/server.mjs";

/** @type {import("../support/server.mjs").Server} */
let server;
before(async () => {
  server = await startServer();
});
after(() => server.close());

/**
 * Connects two devices of a user, `a` and `b`, both past their first frame.
 * @param {string} userId
 */
async function pair(userId) {
  const a = await Device.connect(server, userId, "a");
  const b = await Device.connect(server, userId, "b");
  await a.next();
  await b.next();
  return { a, b };
}

/**
 * Asserts that a device's next frame is a `state`, so that nothing else was sent to it before.
 * @param {Device} device
 */
async function assertNothingElse(device) {
  const { type } = await device.ask({ type: "sync_state" });
  assert.equal(type, "state");
}

// What the hook's device id looks like in a browser's address: spaces encoded and little else.
const HOOK_DEVICE_ID = "Mozilla/5.0 (X11; Li-1795383198465";

test("the hook's device id, which it does not encode, arrives whole", async () => {
  const device = new Device(`${server.ws}${PREFIX}?userId=hook&deviceId=${HOOK_DEVICE_ID}`);
  const start = Date.now();
  const text = await device.nextText();
  const { lastActive } = JSON.parse(text);
  assert.equal(
    text,
    '{"type":"initial_state","userId":"hook","activeGames":[],"presence":"online",' +
      `"lastActive":${lastActive},"deviceId":"${HOOK_DEVICE_ID}"}`,
  );
  assert.ok(lastActive >= start - 1_000 && lastActive <= Date.now());
  device.send({ type: "broadcast", event: "e" });
  assert.equal((await device.next()).from, HOOK_DEVICE_ID);
  await device.close();
});

test("a device without an id is let in as unknown", async () => {
  for (const query of ["userId=anonymous", "userId=anonymous&deviceId="]) {
    const device = new Device(`${server.ws}${PREFIX}?${query}`);
    assert.equal((await device.next()).deviceId, "unknown");
    await device.close();
  }
});

test("the same device id twice is two devices, and each gets every frame", async () => {
  const twins = [
    await Device.connect(server, "twins", "same"),
    await Device.connect(server, "twins", "same"),
  ];
  for (const twin of twins) assert.equal((await twin.next()).deviceId, "same");
  twins[0].send({ type: "join_game", gameId: "go" });
  for (const twin of twins) assert.equal((await twin.next()).type, "game_joined");
  await Promise.all(twins.map((twin) => twin.close()));
});

test("a newcomer's first frame carries the games in the order of joining and the presence", async () => {
  const { a, b } = await pair("order");
  for (const gameId of ["zoo", "ant", "mid"]) await a.ask({ type: "join_game", gameId });
  await a.ask({ type: "leave_game", gameId: "ant" });
  await a.ask({ type: "join_game", gameId: "ant" });
  await a.ask({ type: "update_presence", presence: "away" });
  const newcomer = await Device.connect(server, "order", "c");
  const text = await newcomer.nextText();
  const { lastActive } = JSON.parse(text);
  assert.equal(
    text,
    '{"type":"initial_state","userId":"order","activeGames":["zoo","mid","ant"],' +
      `"presence":"away","lastActive":${lastActive},"deviceId":"c"}`,
  );
  await Promise.all([a, b, newcomer].map((device) => device.close()));
});

// One after another by device `a` of one user: what it sends, what it gets and what `b` gets.
// `T` stands for the time.
const STEPS = [
  {
    name: "a sync_state is answered to the asker alone",
    send: '{"type":"sync_state"}',
    a: '{"type":"state","userId":"steps","activeGames":[],"presence":"online","lastActive":T}',
  },
  {
    name: "a join is told to all",
    send: '{"type":"join_game","gameId":"chess"}',
    all: '{"type":"game_joined","gameId":"chess","activeGames":["chess"]}',
  },
  {
    name: "a second join of another game goes to the end",
    send: '{"type":"join_game","gameId":"ant \\u00e9\\ud83c\\udfb2\\"\\\\"}',
    all:
      '{"type":"game_joined","gameId":"ant é🎲\\"\\\\","activeGames":["chess","ant é🎲\\"\\\\"]}',
  },
  {
    name: "a join of a game that is there is silent",
    send: '{"type":"join_game","gameId":"chess"}',
  },
  {
    name: "a leave is told to all",
    send: '{"type":"leave_game","gameId":"chess"}',
    all: '{"type":"game_left","gameId":"chess","activeGames":["ant é🎲\\"\\\\"]}',
  },
  {
    name: "a leave of a game that is not there is told all the same",
    send: '{"type":"leave_game","gameId":"never"}',
    all: '{"type":"game_left","gameId":"never","activeGames":["ant é🎲\\"\\\\"]}',
  },
  {
    name: "keys may come in any order, with blanks and with keys nobody knows",
    send: ' {"x":[{"type":"ping"}],"gameId" : "ant \\u00e9🎲\\"\\\\",\n"type":"leave_game","y":1e999}\t',
    all: '{"type":"game_left","gameId":"ant é🎲\\"\\\\","activeGames":[]}',
  },
  {
    name: "of a repeated key the last counts",
    send: '{"type":"ping","gameId":"first","type":"join_game","gameId":7,"gameId":"last"}',
    all: '{"type":"game_joined","gameId":"last","activeGames":["last"]}',
  },
  {
    name: "a key may be escaped as any string",
    send: '{"\\u0074ype":"leave\\u005fgame","gameId":"last"}',
    all: '{"type":"game_left","gameId":"last","activeGames":[]}',
  },
  {
    name: "a presence that is said already is silent",
    send: '{"type":"update_presence","presence":"online"}',
  },
  ...["away", "offline", "online"].map((presence) => ({
    name: `the presence ${presence} is told to all`,
    send: `{"type":"update_presence","presence":"${presence}"}`,
    all: `{"type":"presence_updated","presence":"${presence}"}`,
  })),
  {
    name: "a heartbeat in its exact bytes gets its pong",
    send: '{"type":"ping"}',
    a: '{"type":"pong"}',
  },
  {
    name: "a heartbeat in other bytes gets the same pong",
    send: '{ "type": "ping" }',
    a: '{"type":"pong"}',
  },
  {
    name: "a device's own event reaches all, the sender too, its data as it was written",
    send:
      '{"type":"broadcast","event":"cur\\u0073or","data": { "x" : 1.0e+2,"x":-0, "s":"\\u00e9\\/" } }',
    all:
      '{"type":"event","event":"cursor","data":{ "x" : 1.0e+2,"x":-0, "s":"\\u00e9\\/" },"from":"a"}',
  },
  {
    name: "an event without data carries null",
    send: '{"type":"broadcast","event":"e"}',
    all: '{"type":"event","event":"e","data":null,"from":"a"}',
  },
  ...["12345678901234567890123", "1e999", "-0.0", '"\\u0000\\ud83c\\udfb2"', "false", "[[ ],{}]"].map(
    (data) => ({
      name: `an event's data is not rewritten: ${data}`,
      send: `{"type":"broadcast","data":${data} ,"event":"e"}`,
      all: `{"type":"event","event":"e","data":${data},"from":"a"}`,
    }),
  ),
];

test("every frame of a device is answered to the byte, and to whom it concerns", async (t) => {
  const { a, b } = await pair("steps");
  for (const { name, send, ...expected } of STEPS) {
    await t.test(name, async () => {
      a.send(send);
      const { a: toA, all } = { a: undefined, all: undefined, ...expected };
      const forA = toA ?? all;
      if (forA) assert.equal((await a.nextText()).replace(/"lastActive":\d+/, '"lastActive":T'), forA);
      if (all) assert.equal(await b.nextText(), all);
      await assertNothingElse(a);
      await assertNothingElse(b);
    });
  }
  await a.close();
  await b.close();
});

test("a game id of 1 and of 128 bytes is kept exactly, whatever is in it", async () => {
  const { a, b } = await pair("ids");
  const ids = ["x", "é".repeat(64), "\u0000\u001f\u007f", "__proto__", "../..", "🎲".repeat(32), " "];
  for (const gameId of ids) assert.equal((await a.ask({ type: "join_game", gameId })).gameId, gameId);
  for (const gameId of ids) assert.equal((await b.next()).gameId, gameId);
  const { activeGames } = await b.ask({ type: "sync_state" });
  assert.deepEqual(activeGames, ids);
  await a.close();
  await b.close();
});

test("a frame of 64 KiB nested 32 deep is still taken", async () => {
  const device = await Device.connect(server, "largest", "a");
  await device.next();
  const data = `${"[".repeat(31)}"\u20ac"${"]".repeat(31)}`;
  const head = '{"type":"broadcast","event":"e","data":';
  const filling = 65_536 - Buffer.byteLength(`${head}${data}}`);
  device.send(`${head}${" ".repeat(filling)}${data}}`);
  assert.equal(await device.nextText(), `{"type":"event","event":"e","data":${data},"from":"a"}`);
  await device.close();
});

test("the subprotocol is echoed when it is offered, and a token beside it never is", async () => {
  for (const [offered, echoed] of [
    ["user-session.v1", "user-session.v1"],
    ["user-session.v1, bearer.secret", "user-session.v1"],
    ["bearer.secret,user-session.v1", "user-session.v1"],
    ["bearer.secret", undefined],
    [undefined, undefined],
  ]) {
    /** @type {Record<string, string>} */
    const headers = offered ? { ...UPGRADE, "Sec-WebSocket-Protocol": offered } : UPGRADE;
    const answer = await requestAsWritten(server, `${PREFIX}?userId=protocols`, { headers });
    const { status } = answer;
    const protocol = answer.headers["sec-websocket-protocol"];
    assert.deepEqual([offered, status, protocol], [offered, 101, echoed]);
  }
});

test("a client that carries a token beside the subprotocol gets a session", async () => {
  const url = `${server.ws}${PREFIX}?userId=bearer&deviceId=d`;
  const device = new Device(url, { protocols: ["user-session.v1", "bearer.e30.e30.sig"] });
  assert.equal((await device.next()).type, "initial_state");
  assert.equal(device.socket.protocol, "user-session.v1");
  await device.close();
});

test("a logout reaches every device with the code and the reason that the hook looks for", async () => {
  const { a, b } = await pair("logout");
  await a.ask({ type: "join_game", gameId: "stays" });
  a.send({ type: "logout_all" });
  for (const device of [a, b]) {
    const { code, reason } = await device.closed();
    assert.deepEqual({ code, reason }, { code: 1000, reason: "Logged out from all devices" });
  }
  const again = await Device.connect(server, "logout", "c");
  const { activeGames, presence } = await again.next();
  assert.deepEqual({ activeGames, presence }, { activeGames: ["stays"], presence: "online" });
  await again.close();
});
