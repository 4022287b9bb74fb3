/**
 * One scripted exchange with every server of full function, frame by frame: what does less work
 * because it answers differently must not be compared.
 */
import { Failure } from "../../scripts/lib/run.mjs";
import { Device } from "../../tests/support/device.mjs";
import { CONTENDERS, withContenders } from "./contenders.mjs";

/** @import { Contender, ContenderName, Folders } from "./contenders.mjs" */

const USER_ID = "exchange-user";
const DEVICE_IDS = { a: "Mozilla/5.0 (X11; Li-1", b: 'b "quoted"' };

/**
 * What is said, by whom. After each, both devices ask for the state.
 * @typedef {["a" | "b", string]} Line
 */

/** @type {Line[]} */
const SCRIPT = [
  ["a", '{"type":"ping"}'],
  ["a", '{"type":"join_game","gameId":"chess"}'],
  ["b", '{"type":"join_game","gameId":"gö \\"2\\""}'],
  ["a", '{"type":"join_game","gameId":"chess"}'],
  ["b", '{"type":"leave_game","gameId":"unknown"}'],
  ["b", '{"type":"leave_game","gameId":"chess"}'],
  ["b", '{"type":"update_presence","presence":"away"}'],
  ["a", '{"type":"update_presence","presence":"away"}'],
  ["b", '{"type":"broadcast","event":"move","data":{"n":1,"list":[1,"two",null]}}'],
  ["a", '{"type":"broadcast","event":"nothing"}'],
  ["a", '{"type":"broadcast","event":"text","data":"é \\"data\\":1"}'],
];

/** What only whoever follows the protocol to the letter answers in the same way. @type {Line[]} */
const TO_THE_LETTER = [
  ["a", '{"type":"broadcast", "data" : {"n": 1.0, "e":1e2 } ,"event":"spaced"}'],
  ["a", '{"type":"broadcast","data":1,"event":"twice","data":[ "last" ]}'],
  ["b", '{"x":1,"gameId":"keys","type":"join_game"}'],
  ["b", "no json"],
  ["b", "[1]"],
  ["b", "{}"],
  ["b", '{"type":7}'],
  ["b", '{"type":"unheard_of"}'],
  ["b", '{"type":"join_game"}'],
  ["b", '{"type":"join_game","gameId":3}'],
  ["b", '{"type":"leave_game","gameId":""}'],
  ["b", `{"type":"join_game","gameId":"${"x".repeat(129)}"}`],
  ["b", `{"type":"join_game","gameId":"${"ü".repeat(64)}"}`],
  ["b", '{"type":"update_presence","presence":"asleep"}'],
  ["b", '{"type":"broadcast","event":""}'],
];

/**
 * Fails unless every reference of full function answers as ours does. Another commit may answer in
 * another way, for which it was perhaps made: that is only told.
 * @param {ContenderName[]} names
 * @param {Folders} folders
 * @returns {Promise<string[]>} What is to be told of each.
 */
export async function assertSameAnswers(names, folders) {
  const full = names.filter((name) => name !== "ours" && CONTENDERS[name].dialect === "session");
  if (full.length === 0) return [];
  return withContenders(["ours", ...full], folders, async ([ours, ...others]) => {
    const lines = [];
    for (const other of others) {
      const isExact = other.name !== "party";
      const userId = `${USER_ID}-${other.name}`;
      const expected = await transcript(ours, userId, isExact);
      const difference = differenceOf(expected, await transcript(other, userId, isExact));
      if (difference !== null && other.name !== "before") {
        throw new Failure(`${other.name} ${difference}\nSo nothing is compared.`);
      }
      lines.push(`${other.name} ${difference ?? "gives the same answers as ours."}`);
    }
    return lines;
  });
}

/**
 * Holds the exchange with a server.
 * @param {Contender} contender
 * @param {string} userId
 * @param {boolean} isExact
 * @returns {Promise<string[]>} What was said to whom, without the times.
 */
async function transcript({ server }, userId, isExact) {
  /** @type {string[]} */
  const lines = [];
  /** @param {string} name @param {Device} device */
  const listen = async (name, device) => {
    device.send('{"type":"sync_state"}');
    for (let text = ""; !text.startsWith('{"type":"state"'); ) {
      text = await device.nextText();
      lines.push(`   ${name} is told ${text.replace(/"lastActive":\d+/, '"lastActive":T')}`);
    }
  };
  const a = await Device.connect(server, userId, DEVICE_IDS.a);
  await listen("a", a);
  const b = await Device.connect(server, userId, DEVICE_IDS.b);
  for (const [name, text] of isExact ? [...SCRIPT, ...TO_THE_LETTER] : SCRIPT) {
    lines.push(`${name} says ${text}`);
    (name === "a" ? a : b).send(text);
    // The speaker first: once it has its state, the others have been told.
    for (const each of name === "a" ? ["a", "b"] : ["b", "a"]) {
      await listen(each, each === "a" ? a : b);
    }
  }
  const ending = await b.close(4000, "own reason");
  lines.push(`b's close ends with ${ending.code} ${ending.reason}`);
  await listen("a", a);
  await a.close(1000);
  const again = await Device.connect(server, userId, DEVICE_IDS.b);
  await listen("b again", again);
  await again.close(1000);
  return lines;
}

/**
 * @param {string[]} expected
 * @param {string[]} actual
 * @returns {string | null} `null` if there is none.
 */
export function differenceOf(expected, actual) {
  const lines = Math.max(expected.length, actual.length);
  const at = Array.from({ length: lines }).findIndex((_, line) => expected[line] !== actual[line]);
  if (at < 0) return null;
  const from = Math.max(0, at - 2);
  return [
    "does not answer as ours does. Ours:",
    ...expected.slice(from, at + 1),
    "It:",
    ...actual.slice(from, at + 1),
  ].join("\n");
}
