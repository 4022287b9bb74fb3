/**
 * Limits how often clients of one address may come with tickets that nobody knows, for all requests that one isolate
 * serves. Only a user's object knows its tickets, and to ask it starts it, so a stranger who makes up tickets and users
 * would have any number of objects started. Whether a ticket is good is decided by the object.
 */
import { clientNetwork } from "./client-address.js";
import { TICKET_MS } from "../common/limits.js";

/** @import { AddressEnv } from "./client-address.js" */
/** @import { Action } from "./routes.js" */

/** How many tickets of one network may be tried in TRIES_MS that were not given here. */
export const TRIES_MAX = 128;

/** The time for which tries are counted. */
export const TRIES_MS = 10_000;

/** How many tickets that were given here are remembered. The tries of those that are dropped are counted. */
const GIVEN_MAX = 4_096;

/** The tickets that went out from here and have not come back, the oldest first, with their ends. @type {Map<string, number>} */
const given = new Map();

/** The tries by network since `begunAt`. @type {Map<string, number>} */
const tries = new Map();
let begunAt = 0;

/**
 * A try of a ticket. `wasGood` says that it let its client in, so it is counted no longer.
 * @typedef {{wasGood: () => void}} TicketTry
 */

/** @type {TicketTry} */
const NOT_COUNTED = { wasGood() {} };

/**
 * Counts a try of a ticket, if there may be another one.
 * @param {string} ticket
 * @param {Headers} headers
 * @param {AddressEnv} env
 * @returns {TicketTry | null} `null` if no object may be asked.
 */
export function takeTry(ticket, headers, env) {
  const now = Date.now();
  const endsAt = given.get(ticket) ?? 0;
  given.delete(ticket);
  if (endsAt > now) return NOT_COUNTED;
  if (Math.abs(now - begunAt) >= TRIES_MS) {
    tries.clear();
    begunAt = now;
  }
  const network = clientNetwork(headers, env);
  if (countOf(network) >= TRIES_MAX) return null;
  tries.set(network, countOf(network) + 1);
  return { wasGood: () => tries.set(network, Math.max(0, countOf(network) - 1)) };
}

/**
 * Notes what came of a request: whether a ticket was good, or which one goes out.
 * @param {{route: {action: Action}, ticketTry: TicketTry | null}} admitted
 * @param {Response} response
 */
export async function noteTicket({ route, ticketTry }, response) {
  if (response.status === 101) ticketTry?.wasGood();
  if (route.action !== "ticket" || response.status !== 200) return;
  const [oldest] = given.keys();
  if (given.size >= GIVEN_MAX) given.delete(oldest);
  /** @type {any} */
  const { ticket } = await response.clone().json();
  given.set(String(ticket), Date.now() + TICKET_MS);
}

/** @param {string} network */
function countOf(network) {
  return tries.get(network) ?? 0;
}
