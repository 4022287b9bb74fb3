/**
 * Gives tickets and takes them back. A ticket lets in one socket of the user, once and soon, so that no credential of
 * longer life need stand where platforms log it. Nothing of it is stored: after a hibernation or a restart no ticket
 * is known, and its client asks for another. Whether its credential has ended meanwhile is found out in `src/`, when
 * the socket connects.
 */

import { TICKET_MS } from "../common/limits.js";

/** @import { Access } from "../auth/identity.js" */

/** The most tickets of a user that are good at a time. */
export const TICKETS_MAX = 16;

const RANDOM_BYTES = 16;

export class Tickets {
  /** The accesses of the tickets that are good, the oldest first. @type {Map<string, {access: Access, endsAt: number}>} */
  #open = new Map();
  /** The latest time that was seen. */
  #latest = 0;

  /**
   * Gives a ticket. If there are too many, the oldest is no longer good.
   * @param {Access} access The rights that it gives.
   * @param {number} now Milliseconds since the epoch.
   * @returns {string} 32 characters, of which an outsider can guess none.
   */
  issue(access, now) {
    this.#dropEnded(now);
    const [oldest] = this.#open.keys();
    if (this.#open.size >= TICKETS_MAX) this.#open.delete(oldest);
    const ticket = randomHex();
    this.#open.set(ticket, { access, endsAt: now + TICKET_MS });
    return ticket;
  }

  /**
   * Takes a ticket, which is used up by that, whatever becomes of its socket. The lookup is by hash, so its time tells
   * nothing about other tickets.
   * @param {string} ticket
   * @param {number} now Milliseconds since the epoch.
   * @returns {Access | null} `null` if it is not good.
   */
  take(ticket, now) {
    this.#dropEnded(now);
    const found = this.#open.get(ticket);
    this.#open.delete(ticket);
    return found?.access ?? null;
  }

  /** @param {number} now */
  #dropEnded(now) {
    // The platform has no clock that can't be set. One that was set back must make no ticket last longer.
    if (now < this.#latest) this.#open.clear();
    this.#latest = now;
    for (const [ticket, { endsAt }] of this.#open) {
      if (endsAt <= now) this.#open.delete(ticket);
    }
  }
}

function randomHex() {
  const bytes = crypto.getRandomValues(new Uint8Array(RANDOM_BYTES));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
