/** What the command line asks for. */
import { parseArgs } from "node:util";

import { Failure } from "../../scripts/lib/run.mjs";

/** What is done, in this order. */
export const PARTS = /** @type {const} */ (["users", "return", "sustain", "closing"]);

/** @typedef {typeof PARTS[number]} Part */

/**
 * @typedef {object} Options
 * @property {Part[]} parts
 * @property {string | undefined} json
 * @property {number} minutes How long the rate is held.
 * @property {number} rate Frames a second.
 * @property {number} users Who send them.
 * @property {number} devices Of each.
 * @property {number} many How many users connect with one device each.
 * @property {number[]} sockets How many close at once, in turn.
 * @property {number} repeats How often each way of closing is tried.
 */

const FULL = {
  ...{ minutes: 10, rate: 3_000, users: 2_000, devices: 2, many: 6_000 },
  ...{ sockets: [500, 1_000, 2_000, 4_000, 8_000], repeats: 3 },
};

const SHORT = {
  ...{ minutes: 0.5, rate: 1_000, users: 500, devices: 2, many: 1_000 },
  ...{ sockets: [500], repeats: 1 },
};

/** The last takes over an hour and says nothing of ours, so it is done only when it is named. */
const USUAL = PARTS.filter((part) => part !== "closing");

const HELP = `npm run load -- [options]

  --short           about a minute: fewer of everything
  --only <names>    comma-separated: ${PARTS.join(", ")}; default: all but the last
  --minutes <n>     how long the rate is held; default: ${FULL.minutes}
  --rate <n>        frames a second; default: ${FULL.rate}
  --users <n>       who send them; default: ${FULL.users}
  --devices <n>     of each user; default: ${FULL.devices}
  --many <n>        users with one device each in the part "users"; default: ${FULL.many}
  --sockets <list>  how many close at once in the part "closing"; default: ${FULL.sockets.join(",")}
  --repeats <n>     how often each is tried; default: ${FULL.repeats}
  --json <file>     the results, with every sample of memory`;

/**
 * @param {string[]} args
 * @returns {Options | null} `null` if it only asks for help, which is printed.
 */
export function readOptions(args) {
  const values = parse(args);
  if (values.help) {
    console.log(HELP);
    return null;
  }
  const usual = values.short ? SHORT : FULL;
  const names = values.only?.split(",") ?? USUAL;
  const unknown = names.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new Failure(`there is no ${unknown.join(", ")}\n\n${HELP}`);
  return {
    parts: PARTS.filter((part) => names.includes(part)),
    json: values.json,
    minutes: above0("minutes", values.minutes, usual.minutes),
    rate: above0("rate", values.rate, usual.rate),
    users: above0("users", values.users, usual.users),
    devices: above0("devices", values.devices, usual.devices),
    many: above0("many", values.many, usual.many),
    sockets: values.sockets?.split(",").map((text) => above0("sockets", text, 0)) ?? usual.sockets,
    repeats: above0("repeats", values.repeats, usual.repeats),
  };
}

/** @param {string[]} args */
function parse(args) {
  const text = /** @type {const} */ ({ type: "string" });
  const flag = /** @type {const} */ ({ type: "boolean" });
  const options = {
    ...{ short: flag, help: flag, only: text, json: text, minutes: text, rate: text },
    ...{ users: text, devices: text, many: text, sockets: text, repeats: text },
  };
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    throw new Failure(`${/** @type {Error} */ (error).message}\n\n${HELP}`);
  }
}

/**
 * @param {string} name
 * @param {string | undefined} text
 * @param {number} usual
 */
function above0(name, text, usual) {
  const value = text === undefined ? usual : Number(text);
  if (!(value > 0 && value < Infinity)) throw new Failure(`--${name} takes numbers above 0`);
  return value;
}
