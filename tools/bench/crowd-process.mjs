/** The process of a `Crowd`: does what it is told, one thing after another. */
import { WebSocket } from "ws";

import { serveCalls } from "../../tests/support/companion.mjs";
import { UserLoad } from "./user-load.mjs";
import { STANDING_GAMES, deviceName, userName } from "./workloads.mjs";

/** @import { Dialect, WorkloadName } from "./workloads.mjs" */

/** How many connect at a time. */
const BATCH = 50;

/** How long anything may take before it counts as lost. */
const PATIENCE_MS = 30_000;

/**
 * Whether devices offer compression, as browsers do, and then compress every frame, as Chromium does.
 * @typedef {"browser" | "bare"} Manner
 */

/**
 * @typedef {object} ConnectOptions
 * @property {string} base The server's address for sockets.
 * @property {Dialect} dialect
 * @property {Manner} manner
 * @property {number} users How many more.
 * @property {number} devices Of each user.
 */

/**
 * @typedef {object} VisitOptions
 * @property {string} base
 * @property {Manner} manner
 * @property {boolean} hasGreeting Whether the server sends a frame at once.
 * @property {string[]} users One visit each.
 */

/**
 * From the start of a connection, in milliseconds.
 * @typedef {{open: number, greeted: number}} ConnectTime
 */

/**
 * @typedef {object} Load
 * @property {WorkloadName} workload
 * @property {number} inFlight Of each device that sends.
 * @property {number} [forMs] How long they go on sending. It ends with the last answer.
 * @property {number} [messages] How many each of them sends at most.
 * @property {number} [senders] How many of a user's devices send at most.
 * @property {[from: number, to: number]} [range] The users who take part, the last one not included.
 */

/**
 * @typedef {object} LoadResult
 * @property {number} messages Those that have reached every device that must get them.
 * @property {number} elapsedMs
 * @property {Float64Array} latencies In milliseconds, one a message.
 */

/**
 * A user's sockets, and who is told of what they get.
 * @typedef {object} User
 * @property {WebSocket[]} sockets
 * @property {UserLoad} load
 */

/** @type {User[]} */
const users = [];
/** @type {Dialect} */
let dialect = "session";

/**
 * Starts to connect a device.
 * @param {string} base
 * @param {Manner} manner
 * @param {string} userId
 * @param {string} deviceId
 */
function open(base, manner, userId, deviceId) {
  const query = new URLSearchParams({ userId, deviceId });
  const perMessageDeflate = manner === "browser" && { threshold: 0 };
  const protocols = dialect === "v2" ? ["user-session.v2"] : [];
  return new WebSocket(`${base}/__user-session?${query}`, protocols, { perMessageDeflate });
}

/**
 * Waits until a device has been told of all that connected before.
 * @param {WebSocket} socket
 */
async function caughtUp(socket) {
  socket.send('{"type":"sync_state"}');
  for (let text = ""; !text.startsWith('{"type":"state"'); ) {
    text = await new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
  }
}

/**
 * A frame without the number that version 2 has in it.
 * @param {Buffer} data
 */
function withoutNumber(data) {
  const at = data.lastIndexOf(',"seq":');
  if (at < 0) return data;
  data[at] = "}".charCodeAt(0);
  return data.subarray(0, at + 1);
}

/**
 * Waits for an event of a socket.
 * @param {WebSocket} socket
 * @param {string} event
 * @returns {Promise<void>}
 */
function heard(socket, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`waited for ${event}`)), PATIENCE_MS);
    socket.once(event, () => {
      clearTimeout(timer);
      resolve();
    });
    socket.once("error", reject);
  });
}

/** @param {ConnectOptions} options */
async function connect(options) {
  const { base, manner, devices } = options;
  dialect = options.dialect;
  const plain = dialect === "v2" ? withoutNumber : (/** @type {Buffer} */ data) => data;
  const first = users.length * devices;
  const end = first + options.users * devices;
  for (let added = 0; added < options.users; added++) {
    const sockets = /** @type {WebSocket[]} */ ([]);
    users.push({ sockets, load: new UserLoad(sockets, dialect) });
  }
  for (let start = first; start < end; start += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, end - start) }, async (_, at) => {
      const number = start + at;
      const [user, device] = [Math.floor(number / devices), number % devices];
      const socket = open(base, manner, userName(user), deviceName(device));
      users[user].sockets[device] = socket;
      // The greeting comes with or after the opening.
      const isGreeted = dialect === "session" || dialect === "v2";
      const greeted = isGreeted ? heard(socket, "message") : undefined;
      await Promise.all([heard(socket, "open"), greeted]);
      const { load } = users[user];
      socket.on("message", (data) => load.received(device, plain(/** @type {Buffer} */ (data))));
      socket.on("close", () => load.lost());
    });
    await Promise.all(batch);
  }
  if (dialect === "v2") await Promise.all(users.flatMap(({ sockets }) => sockets).map(caughtUp));
}

async function joinStandingGames() {
  for (const { sockets } of users) {
    for (const gameId of STANDING_GAMES) {
      const told = sockets.map((socket) => heard(socket, "message"));
      sockets[0].send(JSON.stringify({ type: "join_game", gameId }));
      await Promise.all(told);
    }
  }
}

/**
 * @param {Load} options
 * @returns {Promise<LoadResult>}
 */
async function load({ workload, range, inFlight, forMs = Infinity, ...most }) {
  const { messages = Infinity, senders = Infinity } = most;
  const taking = range ? users.slice(...range) : users;
  const start = performance.now();
  const limits = { inFlight, until: start + forMs, messages, senders };
  const all = Promise.all(taking.map((one) => one.load.run(workload, limits)));
  const latencies = (await inTime(all)).flat();
  const elapsedMs = performance.now() - start;
  return { messages: latencies.length, elapsedMs, latencies: Float64Array.from(latencies) };
}

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
function inTime(work) {
  /** @type {NodeJS.Timeout} */
  let timer;
  const late = new Promise((_, reject) => {
    const error = new Error(`waited ${PATIENCE_MS} ms for answers`);
    timer = setTimeout(() => reject(error), PATIENCE_MS);
  });
  return /** @type {Promise<T>} */ (Promise.race([work, late])).finally(() => clearTimeout(timer));
}

/** @param {VisitOptions} options */
async function visit({ base, manner, hasGreeting, users: names }) {
  /** @type {ConnectTime[]} */
  const times = [];
  for (const userId of names) {
    const start = performance.now();
    const socket = open(base, manner, userId, deviceName(0));
    const greeting = hasGreeting ? heard(socket, "message") : undefined;
    await heard(socket, "open");
    const opened = performance.now() - start;
    await greeting;
    times.push({ open: opened, greeted: performance.now() - start });
    const closed = heard(socket, "close");
    socket.close(1000);
    await closed;
  }
  return times;
}

serveCalls({ connect, joinStandingGames, load, visit });
