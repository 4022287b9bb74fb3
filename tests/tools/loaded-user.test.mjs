import assert from "node:assert/strict";
import { test } from "node:test";

import { LoadedUser } from "../../tools/load/loaded-user.mjs";

const DEVICES = 2;

/** A user whose frames go nowhere: the test delivers the answers. */
function userUnderTest() {
  /** @type {string[]} */
  const faults = [];
  let arrived = 0;
  const user = new LoadedUser(DEVICES, () => {}, {
    arrived: () => arrived++,
    fault: (text) => faults.push(text),
  });
  return { user, faults, arrived: () => arrived };
}

/** @param {number} number */
function answer(number) {
  return `{"type":"event","event":"n","data":${number},"from":"device-${number % DEVICES}"}`;
}

const JOINED = '{"type":"game_joined","gameId":"turn-0","activeGames":["turn-0"]}';
const ANSWERS = [JOINED, answer(1), answer(2), answer(3)];

/**
 * Sends four frames and delivers answers to both devices.
 * @param {string[]} first
 * @param {string[]} [second]
 */
function deliver(first, second = ANSWERS) {
  const { user, faults, arrived } = userUnderTest();
  for (let at = 0; at < 3; at++) user.sendNext(0, 0);
  for (const text of first) user.received(0, text);
  for (const text of second) user.received(1, text);
  return { faults: faults.length, arrived: arrived(), underWay: user.underWay };
}

test("what reaches every device once and in order is right, whoever's frames come first", () => {
  assert.deepEqual(deliver(ANSWERS), { faults: 0, arrived: 4, underWay: 0 });
  // Frames of different devices may overtake each other, for all devices alike.
  const overtaken = [answer(1), JOINED, answer(3), answer(2)];
  assert.deepEqual(deliver(overtaken, overtaken), { faults: 0, arrived: 4, underWay: 0 });
});

test("a lost frame is noticed, also the last", () => {
  assert.ok(deliver([JOINED, answer(1), answer(3)]).faults > 0);
  assert.deepEqual(deliver(ANSWERS.slice(0, 3)), { faults: 0, arrived: 3, underWay: 1 });
  assert.equal(deliver([], []).underWay, 4);
});

test("a frame that comes twice, in another order or changed is noticed", () => {
  assert.ok(deliver([JOINED, answer(1), answer(1), answer(2), answer(3)]).faults > 0);
  assert.ok(deliver([...ANSWERS, answer(3)]).faults > 0);
  // Two of one device: 1 and 3 are device 1's.
  assert.ok(deliver([JOINED, answer(3), answer(1), answer(2)]).faults > 0);
  // The same frames in another order than the other device got them.
  assert.ok(deliver([JOINED, answer(2), answer(1), answer(3)]).faults > 0);
  assert.ok(deliver([JOINED, answer(1), answer(2).replace("2", "7"), answer(3)]).faults > 0);
});
