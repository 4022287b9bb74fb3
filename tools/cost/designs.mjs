/** What each way to build the server uses in a month, for the same users. */

/** @import { Usage } from "./bill.mjs" */
/** @import { EventCost, Measured } from "./measure.mjs" */
/** @import { Prices } from "./prices.mjs" */

/**
 * Who uses it. Numbers of events are those of one user on one day.
 * @typedef {object} Population
 * @property {number} users
 * @property {number} days A month's.
 * @property {number} hours How long a user is connected.
 * @property {number} connects In how many visits.
 * @property {number} messages Frames that say something.
 * @property {number} changes How many of them change something that is stored.
 * @property {number} heartbeat Seconds between two heartbeats; 0 for none.
 * @property {number} poll Seconds between two questions, where it is asked instead.
 * @property {number} cpuMs CPU time of a request in the Worker.
 * @property {number} logKb Size of what is logged of one call of the Worker or the object.
 */

/**
 * A way to build it.
 * @typedef {object} Design
 * @property {string} title
 * @property {Usage} usage
 * @property {Usage} olderUsage The same by older pages: an object is billed on for ten seconds after
 *   each event.
 */

/** The population that the old claim was made for. @type {Population} */
export const DEFAULT_POPULATION = {
  users: 10_000,
  days: 30,
  hours: 2,
  connects: 3,
  messages: 100,
  changes: 10,
  heartbeat: 30,
  poll: 10,
  cpuMs: 1,
  logKb: 2,
};

/** How long older pages bill an object after its last event. */
const BILLED_ON_SECONDS = 10;

/** How long logs are kept. */
const LOG_DAYS = 7;

/** Of the old server: what it writes, and the keys it reads when it wakes. */
const OLD_ROWS_A_MESSAGE = 2;
const OLD_ROWS_A_HEARTBEAT = 1;
const OLD_KEYS = 3;

/** What one user does on one day: how often, and what each time costs. @typedef {[number, EventCost][]} Day */

/**
 * How many heartbeats a user sends on one day.
 * @param {Population} population
 */
export function heartbeatsOf({ hours, heartbeat }) {
  return heartbeat > 0 ? (hours * 3600) / heartbeat : 0;
}

/**
 * All designs, the server that is measured first.
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 * @returns {Design[]}
 */
export function designsFor(population, measured, prices) {
  const { hours, days, users } = population;
  const connected = hours * 3600 * days * users * prices.objectGb;
  /** @param {string} title @param {Day} day @returns {Design} */
  const hibernating = (title, day) => {
    const usage = usageOf(day, population, measured, prices);
    return { title, usage, olderUsage: billedOn(usage, day, population, prices) };
  };
  const held = usageOf(withoutSleep(population, measured), population, measured, prices);
  const heldUsage = { ...held, objectGbSeconds: connected };
  return [
    hibernating("this server", ownDay(population, measured)),
    hibernating("old design", oldDay(population, measured)),
    { title: "no hibernation", usage: heldUsage, olderUsage: heldUsage },
    ...["KV", "D1"].map((store) => {
      const usage = pollingUsage(/** @type {"KV" | "D1"} */ (store), population, measured);
      return { title: `polling ${store}`, usage, olderUsage: usage };
    }),
  ];
}

/**
 * What this server uses if a heartbeat that the platform answers itself is not billed at all.
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 */
export function usageWithFreeHeartbeats(population, measured, prices) {
  const silent = { ...population, heartbeat: 0 };
  return usageOf(ownDay(silent, measured), silent, measured, prices);
}

/**
 * How long handling an event may take before duration is billed, in milliseconds.
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 */
export function freeMsPerEvent(population, measured, prices) {
  const { calls } = sumOf(ownDay(population, measured));
  const seconds = prices.meters.objectGbSeconds.included / prices.objectGb;
  return (seconds * 1000) / (calls * population.users * population.days);
}

/**
 * Calls of Worker and objects in a month, each of which is an event in the logs.
 * @param {Population} population
 * @param {Measured} measured
 */
export function logEventsOf(population, measured) {
  const { calls, workerRequests } = sumOf(ownDay(population, measured));
  return (calls + workerRequests) * population.users * population.days;
}

/**
 * @param {Population} population
 * @param {Measured} measured
 * @returns {Day}
 */
function ownDay(population, { events }) {
  const { connects, messages, changes } = population;
  return [
    [connects, events.connect],
    [messages - changes, events.event],
    [changes, events.change],
    [heartbeatsOf(population), events.heartbeat],
    [connects, events.leave],
  ];
}

/**
 * @param {Population} population
 * @param {Measured} measured
 * @returns {Day}
 */
function oldDay(population, { events }) {
  const message = { ...events.event, rowsRead: OLD_KEYS, rowsWritten: OLD_ROWS_A_MESSAGE };
  return [
    [population.connects, { ...events.connect, rowsRead: OLD_KEYS }],
    [population.messages, message],
    [heartbeatsOf(population), { ...message, rowsWritten: OLD_ROWS_A_HEARTBEAT }],
    [population.connects, { ...events.leave, rowsRead: OLD_KEYS, rowsWritten: 0 }],
  ];
}

/**
 * The same rows written, but an object reads only when the first socket of a visit comes, and sees
 * the heartbeats.
 * @param {Population} population
 * @param {Measured} measured
 * @returns {Day}
 */
function withoutSleep(population, measured) {
  const { connect, heartbeat } = measured.events;
  return ownDay(population, measured).map(([times, event]) => {
    const isHeartbeat = event === heartbeat;
    const rowsRead = event === connect ? event.rowsRead : 0;
    return [times, { ...event, rowsRead, handled: isHeartbeat ? 1 : event.handled }];
  });
}

/**
 * @param {Day} day
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 * @returns {Usage}
 */
function usageOf(day, population, { bytesPerUser }, prices) {
  const { users, days } = population;
  const sum = sumOf(day);
  const month = users * days;
  return {
    workerRequests: sum.workerRequests * month,
    workerCpuMs: sum.workerRequests * population.cpuMs * month,
    objectRequests: (sum.requests + sum.frames / prices.framesPerRequest) * month,
    objectGbSeconds: (sum.activeMs / 1000) * prices.objectGb * month,
    objectRowsRead: sum.rowsRead * month,
    objectRowsWritten: sum.rowsWritten * month,
    objectGb: (bytesPerUser * users) / 1e9,
    ...logUsage((sum.calls + sum.workerRequests) * month, population),
  };
}

/**
 * The same usage with every event billed on, for as long as its user is there. The events are taken
 * to be spread evenly, so that no two share their time.
 * @param {Usage} usage
 * @param {Day} day
 * @param {Population} population
 * @param {Prices} prices
 * @returns {Usage}
 */
function billedOn(usage, day, population, prices) {
  const { users, days, hours, connects } = population;
  const longest = hours * 3600 + connects * BILLED_ON_SECONDS;
  const seconds = Math.min(longest, sumOf(day).calls * BILLED_ON_SECONDS);
  return { ...usage, objectGbSeconds: seconds * prices.objectGb * users * days };
}

/**
 * Every message is a request that writes one key or row, and every question one that reads it.
 * @param {"KV" | "D1"} store
 * @param {Population} population
 * @param {Measured} measured
 * @returns {Usage}
 */
function pollingUsage(store, population, { bytesPerUser }) {
  const { users, days, hours, messages, poll, cpuMs } = population;
  const month = users * days;
  const reads = ((hours * 3600) / poll) * month;
  const writes = messages * month;
  const requests = reads + writes;
  const gb = (bytesPerUser * users) / 1e9;
  return {
    workerRequests: requests,
    workerCpuMs: requests * cpuMs,
    ...(store === "KV"
      ? { kvReads: reads, kvWrites: writes, kvGb: gb }
      : { d1RowsRead: reads, d1RowsWritten: writes, d1Gb: gb }),
    ...logUsage(requests, population),
  };
}

/**
 * @param {number} calls
 * @param {Population} population
 * @returns {Usage}
 */
function logUsage(calls, { logKb, days }) {
  const logGb = (calls * logKb) / 1e6;
  return { logGb, logStoredGb: (logGb * LOG_DAYS) / days };
}

/**
 * What a day costs, all its events together; `calls` are those that the object has to run for.
 * @param {Day} day
 */
function sumOf(day) {
  /** @param {(event: EventCost) => number} quantity */
  const sum = (quantity) => day.reduce((total, [times, event]) => total + times * quantity(event), 0);
  return {
    workerRequests: sum((event) => event.workerRequests),
    requests: sum((event) => event.requests),
    frames: sum((event) => event.frames),
    calls: sum((event) => event.requests + event.handled),
    rowsRead: sum((event) => event.rowsRead),
    rowsWritten: sum((event) => event.rowsWritten),
    activeMs: sum((event) => event.activeMs),
  };
}
