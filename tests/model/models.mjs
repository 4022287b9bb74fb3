/** What is checked, within which bounds; and the mutants, each with the property that must find it. */

/** @import { Search } from "./spin.mjs" */

/** @typedef {Search & {title: string}} Check */
/** @typedef {Search & {name: string, finds: string}} Mutant */

const NO_FAULT = { CRASHES: 0, DEPLOYS: 0, RESTORES: 0, CLEARS: 0, PAUSES: 0, REQUESTS: 0, TRIMS: 0 };

/** @type {Check[]} What `npm test` checks. */
export const CHECKS = [
  {
    title: "places: two tabs and another device, three frames, a crash",
    model: "places",
    bounds: { ...NO_FAULT, CLIENTS: 3, FRAMES: 3, CRASHES: 1 },
  },
  {
    title: "places: two devices, three frames, a crash and a deploy",
    model: "places",
    bounds: { ...NO_FAULT, CLIENTS: 2, FRAMES: 3, CRASHES: 1, DEPLOYS: 1 },
  },
  {
    title: "places: two devices, three frames, a crash and a restore",
    model: "places",
    bounds: { ...NO_FAULT, CLIENTS: 2, FRAMES: 3, CRASHES: 1, RESTORES: 1 },
  },
  {
    title: "places: two devices, two frames, a clear, a pause, a request, a frame that is no longer kept",
    model: "places",
    bounds: { CLIENTS: 2, FRAMES: 2, CRASHES: 0, DEPLOYS: 0, RESTORES: 0 },
  },
  {
    title: "requests: two messages, a new leader, a refusal, a crash and a deploy",
    model: "requests",
    bounds: { ASKED: 2, RESTORES: 0 },
  },
  {
    title: "requests: two messages, a new leader, a refusal, a crash and a restore",
    model: "requests",
    bounds: { ASKED: 2, DEPLOYS: 0 },
  },
  {
    title: "inbox: three pages, two messages, room for one, a crash, a restore, an expiry, a reload",
    model: "inbox",
    bounds: { PAGES: 3, MESSAGES: 2, ROOM: 1 },
  },
];

/** @type {Check[]} */
const DEEP = [
  {
    title: "requests: two messages, a new leader, a refusal, a crash, a deploy and a restore",
    model: "requests",
    bounds: { ASKED: 2 },
  },
  {
    title: "requests: three messages, a new leader, a refusal, a crash and a deploy",
    model: "requests",
    bounds: { ASKED: 3, RESTORES: 0 },
  },
  {
    title: "inbox: two pages, three messages, room for two, a crash, a restore, an expiry, a reload",
    model: "inbox",
    bounds: { PAGES: 2, MESSAGES: 3, ROOM: 2 },
  },
  {
    title: "places: two tabs and another device, three frames, a crash and a deploy",
    model: "places",
    bounds: { ...NO_FAULT, CLIENTS: 3, FRAMES: 3, CRASHES: 1, DEPLOYS: 1 },
  },
  {
    title: "places: two devices, two frames, a crash, a clear, a pause, a request, a frame that is no longer kept",
    model: "places",
    bounds: { CLIENTS: 2, FRAMES: 2, DEPLOYS: 0, RESTORES: 0 },
  },
  {
    title: "places: two devices, three frames, a crash, a deploy and a restore",
    model: "places",
    bounds: { ...NO_FAULT, CLIENTS: 2, FRAMES: 3, CRASHES: 1, DEPLOYS: 1, RESTORES: 1 },
  },
  {
    title: "places: two tabs and another device, three frames, a crash, a deploy and a restore",
    model: "places",
    bounds: { ...NO_FAULT, CLIENTS: 3, FRAMES: 3, CRASHES: 1, DEPLOYS: 1, RESTORES: 1 },
  },
];

/** What `npm run model` checks, in minutes. */
export const DEEP_CHECKS = DEEP.map((check) => ({ ...check, isDeep: true }));

const CRASH = { ...NO_FAULT, CLIENTS: 2, FRAMES: 3, CRASHES: 1 };
const RESTORE = { ...NO_FAULT, CLIENTS: 2, FRAMES: 3, RESTORES: 1 };
const OTHERS = { CLIENTS: 2, FRAMES: 2, DEPLOYS: 0, RESTORES: 0 };
const DEPLOY = { ...NO_FAULT, CLIENTS: 2, FRAMES: 2, CRASHES: 1, DEPLOYS: 1 };
const ASKING = { ASKED: 2, RESTORES: 0 };
const STRAY = { ASKED: 2, RESTORES: 0, LEADERS: 0, REFUSALS: 0, CRASHES: 0, DEPLOYS: 0, FORGETTINGS: 0 };
const WIDE = { ASKED: 3, RESTORES: 0, LEADERS: 0, REFUSALS: 0 };
const READING = { PAGES: 2 };

/** @type {[string, string, Record<string, number>, string, string?][]} */
const ROWS = [
  ["NO_BEGUN_ROW", "places", CRASH, "missed_in_silence"],
  ["CRASH_FORGETS_NOTHING", "places", { ...CRASH, FRAMES: 2 }, "one_place_one_meaning"],
  ["COMPLETE_EPOCH_GOES_ON", "places", RESTORE, "one_place_one_meaning"],
  ["EPOCHS_COUNTED_IN_STORAGE", "places", RESTORE, "one_place_one_meaning"],
  ["UNTOLD_IS_EXTENDED", "places", RESTORE, "missed_in_silence"],
  ["UNKEPT_IS_SKIPPED", "places", OTHERS, "missed_in_silence"],
  ["FIRST_FRAME_CARRIES_NOTHING", "places", CRASH, "needless_reset"],
  ["BEING_TOLD_IS_NO_NEWS", "places", CRASH, "needless_reset"],
  ["FRAME_IS_NOT_ATTACHED", "places", CRASH, "missed_in_silence"],
  ["CARRIER_TAKES_ALL_ALONG", "places", CRASH, "needless_reset"],
  ["ANY_ATTACHMENT_IS_BELIEVED", "places", DEPLOY, "one_place_one_meaning"],
  ["CLEAR_FORGETS_NOTHING", "places", OTHERS, "once_in_order"],
  ["UNCOUNTED_FORGETS_NOTHING", "places", OTHERS, "missed_in_silence"],
  ["CLIENT_TAKES_THE_NUMBER_AT_ONCE", "places", OTHERS, "one_place_one_meaning"],
  ["NO_BEGUN_ROW", "requests", ASKING, "done_once"],
  ["NOT_DONE_OUTLIVES_A_CRASH", "requests", ASKING, "done_once"],
  ["DONE_BEGINS_NO_EPOCH", "requests", ASKING, "done_once"],
  ["FORGOTTEN_RUN_IS_NEW", "requests", ASKING, "done_once"],
  ["NUMBERS_ARE_TAKEN_TWICE", "requests", STRAY, "done_once", "CLIENT_FORGETS_AGAIN"],
  ["BEHIND_THE_WINDOW_IS_NOT_DONE", "requests", WIDE, "done_once", "CLIENT_BREAKS_THE_WINDOW"],
  ["LAST_LEAVE_WRITES_NO_RUNS", "requests", ASKING, "done_once"],
  ["DONE_IS_NOT_ATTACHED", "requests", ASKING, "done_once"],
  ["CLEAR_COMPLETES_ITS_EPOCH", "requests", ASKING, "done_once"],
  ["RATE_LIMITED_COUNTS_AS_DONE", "requests", ASKING, "told_truly"],
  ["OLD_LEADER_STAYS_CONNECTED", "requests", ASKING, "told_truly"],
  ["CLIENT_REPEATS_ON_THE_SAME_CONNECTION", "requests", ASKING, "told_truly"],
  ["ANSWERS_OF_THE_OLD_LEADER_COUNT", "requests", ASKING, "settled_once"],
  ["PLACE_IS_TAKEN_FROM_LAST", "inbox", READING, "inbox_complete"],
  ["LOST_IS_FORGOTTEN", "inbox", READING, "inbox_complete"],
  ["SENT_COUNTS_AS_READ", "inbox", READING, "inbox_complete"],
  ["NUMBERS_FROM_STORAGE_ALONE", "inbox", READING, "inbox_complete"],
  ["PLACE_ABOVE_LAST_IS_KEPT", "inbox", READING, "inbox_complete"],
  ["PLACE_IS_NOT_HEARD", "inbox", READING, "inbox_once"],
];

/** @type {Mutant[]} */
export const MUTANTS = ROWS.map(([name, model, bounds, finds, client]) => {
  const defined = [`MUTANT_${name}`, ...(client === undefined ? [] : [client])];
  return { name, model, bounds, finds, defined, isQuick: true };
});

/** @type {Check[]} Clients that break a rule, with a server that does not. */
export const STRAY_CLIENTS = [
  { title: "a client that repeats without saying so", model: "requests", bounds: STRAY, defined: ["CLIENT_FORGETS_AGAIN"] },
  { title: "a client that asks beyond the window", model: "requests", bounds: WIDE, defined: ["CLIENT_BREAKS_THE_WINDOW"] },
];
