/** The cost as text, every assumption with it. */
import { billOf, dollarsBeyond } from "./bill.mjs";
import {
  DEFAULT_POPULATION,
  designsFor,
  freeMsPerEvent,
  heartbeatsOf,
  logEventsOf,
  usageWithFreeHeartbeats,
} from "./designs.mjs";

/** @import { Bill } from "./bill.mjs" */
/** @import { Population } from "./designs.mjs" */
/** @import { EventCost, Measured } from "./measure.mjs" */
/** @import { Meter, Prices } from "./prices.mjs" */

const LABEL_WIDTH = 32;
const COLUMN_WIDTH = 15;
const LINE_WIDTH = LABEL_WIDTH + 5 * COLUMN_WIDTH;

/** What the old server was said to cost. */
const OLD_CLAIM = 0.21;

/**
 * A design and what it comes to.
 * @typedef {object} Priced
 * @property {string} title
 * @property {Bill} bill Its objects billed only while they handle something.
 * @property {Bill} olderBill Billed on for ten seconds after each event.
 */

/**
 * Prices all designs.
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 * @returns {Priced[]}
 */
export function priceAll(population, measured, prices) {
  return designsFor(population, measured, prices).map(({ title, usage, olderUsage }) => ({
    title,
    bill: billOf(usage, prices),
    olderBill: billOf(olderUsage, prices),
  }));
}

/**
 * The whole report.
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 * @returns {string}
 */
export function reportOf(population, measured, prices) {
  const priced = priceAll(population, measured, prices);
  return [
    section("Measured at the real Worker, each event finding its object asleep", measuredTable(measured)),
    section(`Used in a month by ${number(population.users)} users`, usedTable(priced, prices)),
    section("Dollars a month, the plan's included amounts taken off", dollarTable(priced, prices, population)),
    section("Dollars a month without plan and included amounts", listTable(priced, prices, population)),
    section("Assumptions", assumptions(population, measured, prices).map(wrap)),
    section(`The old claim of $${OLD_CLAIM}`, [claim(measured, prices)].map(wrap)),
  ].join("\n\n");
}

/**
 * Breaks a paragraph into lines.
 * @param {string} text
 */
function wrap(text) {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines.length - 1;
    if (lines[last].length + word.length >= LINE_WIDTH) lines.push(`  ${word}`);
    else lines[last] += lines[last] === "" ? `- ${word}` : ` ${word}`;
  }
  return lines.join("\n");
}

/**
 * @param {string} title
 * @param {string[]} lines
 */
function section(title, lines) {
  return [`== ${title}`, ...lines].join("\n");
}

/**
 * @param {string} label
 * @param {string[]} cells
 */
function row(label, cells) {
  return label.padEnd(LABEL_WIDTH) + cells.map((cell) => cell.padStart(COLUMN_WIDTH)).join("");
}

/** @param {number} value */
function number(value) {
  const digits = value !== 0 && Math.abs(value) < 10 ? 2 : 0;
  return value.toLocaleString("en-US", { maximumFractionDigits: digits });
}

/** @param {number} value */
function dollars(value) {
  return value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

/** @param {Measured} measured */
function measuredTable({ events }) {
  /** @type {[string, (event: EventCost) => number][]} */
  const columns = [
    ["requests", (event) => event.requests],
    ["frames", (event) => event.frames],
    ["wakes", (event) => event.wakes],
    ["rows read", (event) => event.rowsRead],
    ["rows written", (event) => event.rowsWritten],
    ["ms at work", (event) => event.activeMs],
  ];
  return [
    row("", columns.map(([title]) => title)),
    ...Object.entries(events).map(([kind, event]) =>
      row(kind, columns.map(([, quantity]) => number(quantity(event)))),
    ),
  ];
}

/**
 * The quantities that any of the designs uses.
 * @param {Priced[]} priced
 * @param {Prices} prices
 */
function metersUsed(priced, prices) {
  const meters = /** @type {Meter[]} */ (Object.keys(prices.meters));
  return meters.filter((meter) => priced.some(({ bill }) => lineOf(bill, meter)));
}

/**
 * @param {Bill} bill
 * @param {Meter} meter
 */
function lineOf(bill, meter) {
  return bill.lines.find((line) => line.meter === meter);
}

/**
 * One row for each quantity.
 * @param {Priced[]} priced
 * @param {Prices} prices
 * @param {(line: import("./bill.mjs").Line) => string} cell
 */
function meterRows(priced, prices, cell) {
  return metersUsed(priced, prices).map((meter) =>
    row(
      prices.meters[meter].title,
      priced.map(({ bill }) => {
        const line = lineOf(bill, meter);
        return line ? cell(line) : "-";
      }),
    ),
  );
}

/** @param {Priced[]} priced */
function heading(priced) {
  return row("", priced.map(({ title }) => title));
}

/**
 * @param {Priced[]} priced
 * @param {Prices} prices
 */
function usedTable(priced, prices) {
  const older = priced.map(({ olderBill }) => lineOf(olderBill, "objectGbSeconds")?.used);
  return [
    heading(priced),
    ...meterRows(priced, prices, ({ used }) => number(used)),
    row("duration by older pages, GB-s", older.map((used) => (used ? number(used) : "-"))),
  ];
}

/**
 * @param {Priced[]} priced
 * @param {Prices} prices
 * @param {Population} population
 */
function dollarTable(priced, prices, { users }) {
  /** @param {string} label @param {(one: Priced) => number} value */
  const sum = (label, value) => row(label, priced.map((one) => dollars(value(one))));
  return [
    heading(priced),
    row("the plan", priced.map(() => dollars(prices.plan))),
    ...meterRows(priced, prices, (line) => dollars(line.dollars)),
    sum("TOTAL without logs", ({ bill }) => bill.dollars),
    sum("TOTAL with all logs on", ({ bill }) => bill.dollars + bill.logDollars),
    sum("total without logs, older pages", ({ olderBill }) => olderBill.dollars),
    row("a user, without logs", priced.map(({ bill }) => (bill.dollars / users).toFixed(6))),
  ];
}

/**
 * @param {Priced[]} priced
 * @param {Prices} prices
 * @param {Population} population
 */
function listTable(priced, prices, { users }) {
  /** @param {string} label @param {(one: Priced) => number} value */
  const sum = (label, value) => row(label, priced.map((one) => dollars(value(one))));
  return [
    heading(priced),
    ...meterRows(priced, prices, (line) => dollars(line.listDollars)),
    sum("TOTAL without logs", ({ bill }) => bill.listDollars),
    sum("TOTAL with all logs on", ({ bill }) => bill.listDollars + bill.logListDollars),
    sum("total without logs, older pages", ({ olderBill }) => olderBill.listDollars),
    row("a user, without logs", priced.map(({ bill }) => (bill.listDollars / users).toFixed(6))),
  ];
}

/**
 * Everything that was taken for granted.
 * @param {Population} population
 * @param {Measured} measured
 * @param {Prices} prices
 */
export function assumptions(population, measured, prices) {
  const { hours, connects, messages, changes, heartbeat, poll, cpuMs, logKb, days } = population;
  const sources = [...new Set(Object.values(prices.meters).map(({ source }) => source))];
  const beats = `${number(heartbeatsOf(population))} heartbeats${heartbeat > 0 ? `, one in ${heartbeat} s` : ""}`;
  const silent = billOf(usageWithFreeHeartbeats(population, measured, prices), prices);
  const oldLogs = dollarsBeyond(logEventsOf(population, measured), prices.logEvents);
  const freeMs = number(Math.floor(freeMsPerEvent(population, measured, prices)));
  return [
    `Prices: Workers Paid, read on ${prices.date} in stored copies of ${sources.join(" ")}`,
    `A user's day: one device, ${hours} h in ${connects} visits, ${messages} messages of which ${changes} ` +
      `change the games and the others are events; ${beats}. A month has ${days} days.`,
    "Nothing else uses the account's included amounts, nobody is refused or floods, and no dataset of Analytics " +
      "Engine is bound.",
    "Each event finds its object asleep and wakes it, and each visit ends more than a minute after the last " +
      "written row, so leaving writes one. Both are the dearer case.",
    "A connection is one request to the Worker and one to the object. " +
      `${prices.framesPerRequest} incoming frames are one request; outgoing frames and closings are none.`,
    "Heartbeats that the platform answers count as incoming frames, since the pages say only that they add no " +
      `duration ("and so they will not be charged"). If they are not billed, this server comes to $${dollars(silent.dollars)}.`,
    "Duration: an object is billed while it handles something, at 128 MB, not while it could hibernate (pages of " +
      "2026). Time at work is wall time on the machine of this run, to a millisecond in each event. " +
      `It stays within the included amount up to ${freeMs} ms an event.`,
    "Older pages let an object be billed until it had been idle for 10 s; the lines \"older pages\" show that, " +
      "with the events spread evenly.",
    "Beyond the included amount, requests to objects and their duration are billed by the started million " +
      "(newest page; that of 2026-06-19 did not say so); all else pro rata.",
    "A key that is read and not there counts as a row read. " +
      `Storage is the size of an object's database here, ${number(measured.bytesPerUser)} bytes.`,
    `Worker CPU is taken as ${number(cpuMs)} ms a request, not measured: it depends on how users are known.`,
    `Logs: wrangler.jsonc turns them on, and each call of Worker or object is one event of ${number(logKb)} KB ` +
      "(a guess, not measured), kept for 7 days; traces are not counted. Prices are those from 2026-12-01; until then this server's " +
      `events come to $${dollars(oldLogs)}.`,
    "Old design: hibernates, 2 rows a message, 1 row and a wake a heartbeat, 3 keys read at a wake; " +
      "time at work and storage as measured here.",
    "No hibernation: an object is billed as long as its device is connected; rows as here, read once a visit.",
    `Polling: a request and a key or row read every ${number(poll)} s while the page is open, a request and a write for ` +
      "each message, no cleaning up. Its users hear of each other that much later; KV may take a minute more.",
  ];
}

/**
 * What holds of the old claim, for the users it was made for.
 * @param {Measured} measured
 * @param {Prices} prices
 */
function claim(measured, prices) {
  const [own, old] = priceAll(DEFAULT_POPULATION, measured, prices);
  const usage = usageWithFreeHeartbeats(DEFAULT_POPULATION, measured, prices);
  const price = prices.meters.objectRequests;
  const proRata = dollarsBeyond(usage.objectRequests ?? 0, price, { roundsUp: false });
  const { users, connects } = DEFAULT_POPULATION;
  const requests = own.bill.dollars - prices.plan;
  const oldRows = lineOf(old.bill, "objectRowsWritten")?.dollars ?? 0;
  return (
    `It was made for ${number(users)} users, and gives no number of connects; with ${connects} visits a day ` +
    "it is what the requests of this server's design cost beyond the included amount if heartbeats are not " +
    `billed, nothing is rounded up and the plan is left out: $${dollars(proRata)}. What holds: $${dollars(own.bill.dollars)} ` +
    `a month, the plan's $${dollars(prices.plan)} and $${dollars(requests)} for requests, heartbeats included. The old design comes to ` +
    `$${dollars(old.bill.dollars)}, $${dollars(oldRows)} of it for rows written.`
  );
}
