/** Tickets that nobody knows are tried a limited number of times, by address and by time. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { TICKET_MS } from "../../worker/common/limits.js";
import { TRIES_MAX, TRIES_MS, noteTicket, takeTry } from "../../worker/http/ticket-tries.js";

const ENV = { CLIENT_ADDRESS_HEADER: "X-Forwarded-For" };
const START = 1_000_000;

/** @param {string} ticket @param {string} address */
function tryOf(ticket, address) {
  return takeTry(ticket, new Headers({ "X-Forwarded-For": address }), ENV);
}

/** Uses up the tries of an address. @param {string} address */
function useUp(address) {
  for (let at = 0; at < TRIES_MAX; at++) assert.ok(tryOf(`made-up-${at}`, address), `try ${at}`);
  assert.equal(tryOf("one-more", address), null);
}

/** Has a ticket go out. @param {string} ticket */
async function give(ticket) {
  const response = Response.json({ ticket });
  await noteTicket({ route: { action: "ticket" }, ticketTry: null }, response);
  assert.deepEqual(await response.json(), { ticket }, "the answer is still to be read");
}

test("the tries of an address come back after a while, also if the clock was set back", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: START });
  useUp("203.0.113.1");
  assert.ok(tryOf("made-up", "203.0.113.2"), "another address");
  t.mock.timers.setTime(START + TRIES_MS - 1);
  assert.equal(tryOf("made-up", "203.0.113.1"), null);
  t.mock.timers.setTime(START + TRIES_MS);
  useUp("203.0.113.1");
  t.mock.timers.setTime(START);
  assert.ok(tryOf("made-up", "203.0.113.1"));
});

test("a ticket that was good is no try, and one that another process has given is none when it was good", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 2 * START });
  for (let at = 0; at < 2 * TRIES_MAX; at++) tryOf(`of-another-process-${at}`, "203.0.113.3")?.wasGood();
  useUp("203.0.113.3");
});

test("a ticket that was given here is no try, once and as long as it is good", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 3 * START });
  useUp("203.0.113.4");
  await give("given");
  const first = tryOf("given", "203.0.113.4");
  assert.ok(first);
  first.wasGood();
  assert.equal(tryOf("given", "203.0.113.4"), null, "it is used up, and gives no try back");
  await give("late");
  t.mock.timers.setTime(3 * START + TICKET_MS);
  useUp("203.0.113.4");
  assert.equal(tryOf("late", "203.0.113.4"), null);
});

test("of the tickets that were given the oldest is forgotten, and its try counted", async (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 4 * START });
  for (let at = 0; at <= 4_096; at++) await give(`many-${at}`);
  useUp("203.0.113.5");
  assert.equal(tryOf("many-0", "203.0.113.5"), null);
  assert.ok(tryOf("many-1", "203.0.113.5"));
});

test("an answer without a ticket is not read", async () => {
  const response = new Response("{", { status: 401 });
  await noteTicket({ route: { action: "ticket" }, ticketTry: null }, response);
  await noteTicket({ route: { action: "state" }, ticketTry: null }, new Response("{"));
  assert.equal(response.bodyUsed, false);
});
