/** What devices say to a server, what must come back, and to whom. */

/**
 * How a server is spoken to: one that echoes is sent what ours would answer, so that its frames are
 * as long; "v2" is version 2 of the protocol.
 * @typedef {"session" | "v2" | "echo" | "echo-one"} Dialect
 */

/**
 * @typedef {object} Workload
 * @property {string} title
 * @property {"all" | "sender"} reach Who gets the answer.
 * @property {"all" | "first"} senders Which of a user's devices send.
 * @property {(device: number, count: number) => string} request The frame that a device sends as its
 *   `count`th.
 * @property {(device: number, count: number) => string} answer What comes back. Of a `state` only
 *   the length is the same.
 * @property {(answer: string) => number} [senderOf] Which device has caused an answer to all; the
 *   first if it is left out.
 */

/** @typedef {keyof typeof WORKLOADS} WorkloadName */

/** The digits of every number in a name or a frame, so that all are equally long. */
const DIGITS = 6;

/** Games that every user is in, as real ones are: with one more, a stored row has some 100 bytes. */
export const STANDING_GAMES = ["chess-000001", "go-000000017", "ludo-0000023", "halma-000042"];

/** @param {number} number */
function digits(number) {
  return String(number).padStart(DIGITS, "0");
}

/** @param {number} user */
export function userName(user) {
  return `user-${digits(user)}`;
}

/**
 * A device's id, as the hook makes it.
 * @param {number} device
 */
export function deviceName(device) {
  return `Mozilla/5.0 (X11; Li-1795383${digits(device)}`;
}

/** @param {number} count */
function eventData(count) {
  return `{"piece":"queen","from":"d1","to":"h5","move":"${digits(count)}"}`;
}

/**
 * The game that is joined and left by turns.
 * @param {number} count
 */
function gameId(count) {
  return `game-0${digits(Math.floor(count / 2))}`;
}

/**
 * What all are told of a game that has been joined or left.
 * @param {number} count
 */
function gameAnswer(count) {
  const joins = count % 2 === 0;
  const games = joins ? [...STANDING_GAMES, gameId(count)] : STANDING_GAMES;
  const type = joins ? "game_joined" : "game_left";
  return JSON.stringify({ type, gameId: gameId(count), activeGames: games });
}

/** A `state` of any user, for its length. */
const SOME_STATE = JSON.stringify({
  type: "state",
  userId: userName(0),
  activeGames: STANDING_GAMES,
  presence: "online",
  lastActive: Date.now(),
});

/** How many bytes a `state` has. */
export const STATE_BYTES = SOME_STATE.length;

export const WORKLOADS = {
  /** @type {Workload} */
  event: {
    title: "event to all",
    reach: "all",
    senders: "all",
    request: (_device, count) => `{"type":"broadcast","event":"move","data":${eventData(count)}}`,
    answer: (device, count) =>
      `{"type":"event","event":"move","data":${eventData(count)},"from":"${deviceName(device)}"}`,
    senderOf: (answer) => Number(answer.slice(-DIGITS - 2, -2)),
  },
  /** @type {Workload} */
  sync: {
    title: "sync_state",
    reach: "sender",
    senders: "all",
    request: () => '{"type":"sync_state"}',
    answer: () => SOME_STATE,
  },
  /** @type {Workload} */
  "join-leave": {
    title: "join and leave by turns",
    reach: "all",
    senders: "first",
    request: (_device, count) => {
      const type = count % 2 === 0 ? "join_game" : "leave_game";
      return `{"type":"${type}","gameId":"${gameId(count)}"}`;
    },
    answer: (_device, count) => gameAnswer(count),
  },
  /** @type {Workload} */
  ping: {
    title: "ping, answered asleep",
    reach: "sender",
    senders: "all",
    request: () => '{"type":"ping"}',
    answer: () => '{"type":"pong"}',
  },
};

/**
 * The frame that a device sends to a server of some dialect.
 * @param {WorkloadName} name
 * @param {Dialect} dialect
 * @param {number} device
 * @param {number} count
 */
export function requestOf(name, dialect, device, count) {
  const { reach, request, answer } = WORKLOADS[name];
  return dialect === "echo" && reach === "all" ? answer(device, count) : request(device, count);
}
