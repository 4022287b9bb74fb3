/**
 * Cloudflare's prices on the Workers Paid plan. They were read in stored copies of its documentation,
 * which may have been some weeks old on `PRICES.date`. To bring them up to date, read the pages again
 * and change this table alone.
 */

const WORKERS = "https://developers.cloudflare.com/workers/platform/pricing/";
const OBJECTS = "https://developers.cloudflare.com/durable-objects/platform/pricing/";
const KV = "https://developers.cloudflare.com/kv/platform/pricing/";
const D1 = "https://developers.cloudflare.com/d1/platform/pricing/";
const LOGS = "https://developers.cloudflare.com/observability/pricing/";

const MILLION = 1_000_000;
const BILLION = 1_000 * MILLION;

/**
 * What one quantity costs.
 * @typedef {object} Price
 * @property {string} title
 * @property {number} included What the plan includes, in a month.
 * @property {number} dollars For each `unit` beyond.
 * @property {number} unit
 * @property {boolean} [roundsUp] Whether a started unit is billed as a whole one.
 * @property {boolean} [isLog] Whether it is for logs, which can be turned off.
 * @property {string} source
 */

/**
 * What Cloudflare meters.
 * @typedef {"workerRequests" | "workerCpuMs" | "objectRequests" | "objectGbSeconds"
 *   | "objectRowsRead" | "objectRowsWritten" | "objectGb" | "kvReads" | "kvWrites" | "kvGb"
 *   | "d1RowsRead" | "d1RowsWritten" | "d1Gb" | "logGb" | "logStoredGb"} Meter
 */

/**
 * The whole table.
 * @typedef {object} Prices
 * @property {string} date When the pages were read.
 * @property {number} plan The plan itself, a month.
 * @property {number} framesPerRequest How many incoming frames are billed as one request.
 * @property {number} objectGb The memory that an object is billed for.
 * @property {Record<Meter, Price>} meters
 * @property {Price} logEvents What logs cost until 2026-11-30, in place of `logGb` and `logStoredGb`.
 */

/** @type {Prices} */
export const PRICES = {
  date: "2026-11-23",
  plan: 5,
  framesPerRequest: 20,
  objectGb: 0.128,
  meters: {
    workerRequests: {
      title: "Worker requests",
      included: 10 * MILLION,
      dollars: 0.3,
      unit: MILLION,
      source: WORKERS,
    },
    workerCpuMs: {
      title: "Worker CPU, ms",
      included: 30 * MILLION,
      dollars: 0.02,
      unit: MILLION,
      source: WORKERS,
    },
    // The newest page rounds what goes beyond the included amount up to a whole million, in its rule
    // and in its examples; that of 2026-06-19 did not.
    objectRequests: {
      title: "object requests",
      included: MILLION,
      dollars: 0.15,
      unit: MILLION,
      roundsUp: true,
      source: OBJECTS,
    },
    objectGbSeconds: {
      title: "object duration, GB-s",
      included: 400_000,
      dollars: 12.5,
      unit: MILLION,
      roundsUp: true,
      source: OBJECTS,
    },
    objectRowsRead: {
      title: "object rows read",
      included: 25 * BILLION,
      dollars: 0.001,
      unit: MILLION,
      source: OBJECTS,
    },
    objectRowsWritten: {
      title: "object rows written",
      included: 50 * MILLION,
      dollars: 1,
      unit: MILLION,
      source: OBJECTS,
    },
    objectGb: { title: "object storage, GB", included: 5, dollars: 0.2, unit: 1, source: OBJECTS },
    kvReads: { title: "KV keys read", included: 10 * MILLION, dollars: 0.5, unit: MILLION, source: KV },
    kvWrites: { title: "KV keys written", included: MILLION, dollars: 5, unit: MILLION, source: KV },
    kvGb: { title: "KV storage, GB", included: 1, dollars: 0.5, unit: 1, source: KV },
    d1RowsRead: {
      title: "D1 rows read",
      included: 25 * BILLION,
      dollars: 0.001,
      unit: MILLION,
      source: D1,
    },
    d1RowsWritten: {
      title: "D1 rows written",
      included: 50 * MILLION,
      dollars: 1,
      unit: MILLION,
      source: D1,
    },
    d1Gb: { title: "D1 storage, GB", included: 5, dollars: 0.75, unit: 1, source: D1 },
    // From 2026-12-01 on.
    logGb: { title: "logs taken in, GB", included: 50, dollars: 0.25, unit: 1, isLog: true, source: LOGS },
    logStoredGb: {
      title: "logs kept, GB-months",
      included: 12,
      dollars: 0.1,
      unit: 1,
      isLog: true,
      source: LOGS,
    },
  },
  logEvents: {
    title: "log events",
    included: 20 * MILLION,
    dollars: 0.6,
    unit: MILLION,
    isLog: true,
    source: WORKERS,
  },
};
