/**
 * One user under load: what the devices send is numbered, and what each of them gets is held against
 * it. Every device must get every frame to all exactly once, a sender's in the order in which it sent
 * them, and all devices in one order.
 */

/**
 * A frame under way.
 * @typedef {object} Sent
 * @property {string} answer What every device gets for it.
 * @property {number} dueAt
 * @property {number} missing How many devices it has yet to reach.
 */

/**
 * @typedef {object} Judge
 * @property {(dueAt: number) => void} arrived A frame has reached the last device.
 * @property {(fault: string) => void} fault Something came that should not have.
 */

export class LoadedUser {
  #transmit;
  #judge;
  #devices;
  #count = 0;
  #turn = -1;
  /** By sender, the oldest first. @type {Sent[][]} */
  #sent;
  /** Those that have reached some device, in the order in which the first one got them. @type {Sent[]} */
  #order = [];
  /** How many came before the first of `#order`. */
  #dropped = 0;
  /** How many each device has got. @type {number[]} */
  #got;

  /**
   * @param {number} devices
   * @param {(device: number, text: string) => void} transmit
   * @param {Judge} judge
   */
  constructor(devices, transmit, judge) {
    this.#devices = devices;
    this.#transmit = transmit;
    this.#judge = judge;
    this.#sent = Array.from({ length: devices }, () => []);
    this.#got = Array.from({ length: devices }, () => 0);
  }

  /** The games that the user must be in once everything has arrived. */
  get games() {
    return this.#turn < 0 ? [] : [gameOf(this.#turn)];
  }

  /** How many frames have not reached every device. */
  get underWay() {
    const unheard = this.#sent.reduce((sum, queue) => sum + queue.length, 0);
    return unheard + this.#order.filter(({ missing }) => missing > 0).length;
  }

  /**
   * Sends an event, from another device each time. The first one of a turn comes after a change of
   * games, whose answer shows that the ones before are still known.
   * @param {number} turn
   * @param {number} dueAt
   * @returns {number} How many frames it sent.
   */
  sendNext(turn, dueAt) {
    const before = this.#count;
    if (turn !== this.#turn) this.#changeGames(turn, dueAt);
    const number = this.#count;
    const sender = number % this.#devices;
    this.#send(
      sender,
      `{"type":"broadcast","event":"n","data":${number}}`,
      `{"type":"event","event":"n","data":${number},"from":"${deviceName(sender)}"}`,
      dueAt,
    );
    return this.#count - before;
  }

  /**
   * Takes a frame to all that a device has got.
   * @param {number} device
   * @param {string} text
   */
  received(device, text) {
    const place = this.#got[device] - this.#dropped;
    const sent = this.#order[place] ?? this.#firstHeard(text);
    if (sent?.answer !== text) {
      this.#judge.fault(`${deviceName(device)} got ${text} in place of ${sent?.answer ?? "nothing"}`);
      return;
    }
    this.#got[device]++;
    if (--sent.missing > 0) return;
    this.#judge.arrived(sent.dueAt);
    while (this.#order[0]?.missing === 0) {
      this.#order.shift();
      this.#dropped++;
    }
  }

  /**
   * @param {number} turn
   * @param {number} dueAt
   */
  #changeGames(turn, dueAt) {
    const [last] = this.games;
    const next = gameOf(turn);
    this.#turn = turn;
    const joined = last === undefined ? [next] : [last, next];
    this.#send(0, ...gameFrames("join_game", "game_joined", next, joined), dueAt);
    if (last === undefined) return;
    this.#send(0, ...gameFrames("leave_game", "game_left", last, [next]), dueAt);
  }

  /**
   * @param {number} sender
   * @param {string} text
   * @param {string} answer
   * @param {number} dueAt
   */
  #send(sender, text, answer, dueAt) {
    this.#sent[sender].push({ answer, dueAt, missing: this.#devices });
    this.#count++;
    this.#transmit(sender, text);
  }

  /** @param {string} text */
  #firstHeard(text) {
    const queue = this.#sent.find(([oldest]) => oldest?.answer === text);
    const sent = queue?.shift();
    if (sent) this.#order.push(sent);
    return sent;
  }
}

/** @param {number} device */
export function deviceName(device) {
  return `device-${device}`;
}

/** @param {number} turn */
function gameOf(turn) {
  return `turn-${turn}`;
}

/**
 * @param {string} request
 * @param {string} answer
 * @param {string} gameId
 * @param {string[]} activeGames
 * @returns {[request: string, answer: string]}
 */
function gameFrames(request, answer, gameId, activeGames) {
  return [
    JSON.stringify({ type: request, gameId }),
    JSON.stringify({ type: answer, gameId, activeGames }),
  ];
}
