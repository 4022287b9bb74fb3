/**
 * What a client must be able to do, as a program that any engine runs as it is: it uses nothing but the client, timers and
 * `fetch`. It prints a line of JSON for each story: its name, how long it took in milliseconds, and why it failed.
 *
 * Its one argument is the address of the server, beside which `/test/` answers what a story needs from outside.
 */
import { UserSessionClient } from "../../dist/index.js";

const engine = /** @type {any} */ (globalThis);
const args = engine.Deno?.args ?? engine.process.argv.slice(2);
const [origin] = args;

/** Node before 22 has no sockets of its own. */
const WebSocket = engine.WebSocket ?? (await import("ws")).default;

/** How long a story waits for what must happen, in milliseconds: no load of a machine takes that long. */
const PATIENCE_MS = 60_000;
const TURN_MS = 5;

const DONE = { ok: true, credentialShared: false };

/** @typedef {{client: UserSessionClient, changes: import("../../src/index.ts").SessionChange[]}} Device */

/** @type {Set<UserSessionClient>} */
const open = new Set();

/** @param {string} what @param {() => unknown} isSo */
async function eventually(what, isSo) {
  const end = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited for ${what}: ${[...open].map((client) => client.getSnapshot().error)}`);
    await new Promise((resolve) => setTimeout(resolve, TURN_MS));
  }
}

/** Ends a story that would wait for ever. @param {Promise<void>} story */
async function inTime(story) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${2 * PATIENCE_MS} ms`)), 2 * PATIENCE_MS);
  });
  return Promise.race([story, late]).finally(() => clearTimeout(timer));
}

/** @param {unknown} found @param {unknown} expected */
function assertEqual(found, expected) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`found ${a}, expected ${b}`);
}

/**
 * Asks for what a story needs from outside.
 * @param {"token" | "push" | "cut" | "mend" | "done"} action
 * @param {Record<string, string>} query
 * @returns {Promise<string>}
 */
async function outside(action, query) {
  const response = await fetch(`${origin}/test/${action}?${new URLSearchParams(query)}`, { method: "POST" });
  if (response.status !== 200) throw new Error(`${action}: ${response.status} ${await response.text()}`);
  return response.text();
}

/**
 * A device of a user, which is told of everything.
 * @param {string} userId
 * @param {string} deviceId
 * @param {Partial<import("../../src/index.ts").UserSessionClientOptions>} [options]
 * @returns {Device}
 */
function device(userId, deviceId, options = {}) {
  const token = () => outside("token", { userId });
  const client = new UserSessionClient({ userId, deviceId, url: origin, token, WebSocket, ...options });
  open.add(client);
  /** @type {Device["changes"]} */
  const changes = [];
  for (const type of /** @type {const} */ (["gameJoined", "gameLeft", "presenceChanged", "event", "reset", "loggedOut"])) {
    client.on(type, (change) => changes.push(change));
  }
  client.connect();
  return { client, changes };
}

/** @param {Device} device @param {string} status */
const until = ({ client }, status) => eventually(status, () => client.getSnapshot().connectionStatus === status);

/** @param {string} userId @param {string} deviceId */
async function connected(userId, deviceId) {
  const one = device(userId, deviceId);
  await until(one, "connected");
  return one;
}

/** The events of a device, by what they carry. @param {Device} device */
const events = ({ changes }) => changes.flatMap((change) => (change.type === "event" ? [change.event.data] : []));

/** @type {Record<string, (userId: string) => Promise<void>>} */
const STORIES = {
  async connects(user) {
    const { client } = await connected(user, "desk");
    assertEqual(client.getSnapshot().state?.activeGames, []);
    assertEqual(client.getSnapshot().devices.map(({ deviceId, current }) => [deviceId, current]), [["desk", true]]);
    assertEqual(client.getMetrics().connections, 1);
  },

  async "two devices"(user) {
    const devices = [await connected(user, "desk"), await connected(user, "phone")];
    const [desk, phone] = devices;
    assertEqual(await desk?.client.joinGame("gö ☺"), DONE);
    assertEqual(await phone?.client.joinGame("chess"), DONE);
    assertEqual(await phone?.client.leaveGame("gö ☺"), DONE);
    assertEqual(await desk?.client.updatePresence("away"), DONE);
    assertEqual(await desk?.client.publish("move", { from: [1, 2] }), DONE);
    for (const { client, changes } of devices) {
      await eventually("the event", () => changes.length === 5);
      assertEqual(changes.map(({ type }) => type), ["gameJoined", "gameJoined", "gameLeft", "presenceChanged", "event"]);
      const { state } = client.getSnapshot();
      assertEqual([state?.activeGames, state?.presence], [["chess"], "away"]);
    }
  },

  async "a break"(user) {
    const [desk, phone] = [await connected(user, "desk"), await connected(user, "phone")];
    await outside("cut", { userId: user, deviceId: "phone" });
    await until(phone, "reconnecting");
    assertEqual(await desk.client.publish("told", "while away"), DONE);
    assertEqual(await desk.client.joinGame("chess"), DONE);
    await outside("mend", { userId: user, deviceId: "phone" });
    phone.client.reconnect();
    await eventually("what was missed", () => phone.changes.length === 2);
    assertEqual(events(phone), ["while away"]);
    assertEqual(phone.client.getSnapshot().state?.activeGames, ["chess"]);
    assertEqual(phone.changes.map(({ type }) => type), ["event", "gameJoined"]);
  },

  async "once each"(user) {
    const [desk, phone] = [await connected(user, "desk"), await connected(user, "phone")];
    // Of a run that it has never heard the server can't tell later whether a request was done.
    assertEqual(await phone.client.publish("tick", "first"), DONE);
    const asked = [];
    /** @type {unknown[]} */
    const expected = ["first"];
    for (let at = 0; at < 6; at++) {
      asked.push(phone.client.publish("tick", at));
      expected.push(at);
      if (at % 2 === 1) continue;
      // What is in mid-air then loses its answer.
      await outside("cut", { userId: user, deviceId: "phone" });
      await outside("mend", { userId: user, deviceId: "phone" });
      phone.client.reconnect();
    }
    assertEqual((await Promise.all(asked)).filter(({ ok }) => !ok), []);
    await eventually("the last", () => [desk, phone].every((one) => events(one).length >= expected.length));
    for (const one of [desk, phone]) assertEqual(events(one), expected);
  },

  async inbox(user) {
    const away = await connected(user, "phone");
    away.client.close();
    await outside("push", { userId: user });
    const back = await connected(user, "phone");
    await eventually("the message", () => back.changes.length === 1);
    assertEqual(back.client.getSnapshot().unread, 1);
    assertEqual(await back.client.markRead(), DONE);
    await eventually("it to be read", () => back.client.getSnapshot().unread === 0);
  },

  async logout(user) {
    const devices = [await connected(user, "desk"), await connected(user, "phone")];
    assertEqual((await devices[0]?.client.logoutAllDevices())?.ok, true);
    for (const one of devices) {
      await until(one, "logged_out");
      assertEqual(one.changes.map(({ type }) => type), ["loggedOut"]);
    }
  },

  async refused(user) {
    const one = device(user, "desk", { token: "no.good.token" });
    await until(one, "unauthorized");
    const { problem } = one.client.getSnapshot();
    assertEqual([problem?.code, problem?.retryable], ["unauthorized", false]);
    if (!/token/i.test(String(problem?.message))) throw new Error(`it says ${problem?.message}`);
  },
};

for (const [story, tell] of Object.entries(STORIES)) {
  const begin = Date.now();
  const error = await inTime(tell(`${args[1]} ${story}`)).then(() => null, (reason) => String(reason?.stack ?? reason));
  for (const client of open) client.close();
  open.clear();
  console.log(JSON.stringify({ story, ms: Date.now() - begin, error }));
}
