/** The user's inbox as one page knows it: up to where it has the messages, and how many are unread. */

import type { SessionMessage } from "./protocol.js";

/** The server's count of it. */
export interface InboxState {
  /** The number of the newest message that there ever was. */
  last: number;
  /** Up to this number the user has read all, on whatever device. */
  read: number;
  unread: number;
}

export interface Inbox extends InboxState {
  /** Up to this number the page has all messages. */
  place: number;
  /** The newest message when the server said last that some were dropped, 0 if it never did. */
  lostAt: number;
  /** The page's messages that count as unread, oldest first. */
  expiring: readonly SessionMessage[];
  /** Its messages that have expired since the server's count that they may be in, oldest first. */
  expired: readonly SessionMessage[];
}

/** As many messages are kept: the oldest goes when another comes. */
const MESSAGES_MAX = 64;

const EMPTY: Inbox = { last: 0, read: 0, unread: 0, place: 0, lostAt: 0, expiring: [], expired: [] };

/**
 * The server has told how it stands. Whoever has no place, or one that an older copy of the server's data
 * does not know, gets what is unread.
 *
 * The server counts when it writes, and a page that was frozen reads that much later: what has expired
 * since is in the count. A message that is not in it had expired by then or, without room, was the oldest.
 * @param isLost Whether it has said that messages above the page's place were dropped.
 */
export function toldInbox(known: Inbox | null, told: InboxState, isLost = false): Inbox {
  const { last, read, unread } = told;
  const place = known && known.place <= last ? known.place : read;
  const isThere = ({ inbox: n }: SessionMessage): boolean => n > read && n <= place;
  const expired = known?.expired.filter(isThere) ?? [];
  const expiring = known?.expiring.filter(isThere) ?? [];
  const tooMany = Math.max(0, expired.length + expiring.length - unread);
  const counted = expired.slice(tooMany);
  return {
    ...{ last, read, place, unread: unread - counted.length, expired: counted },
    lostAt: isLost ? last : (known?.lostAt ?? 0),
    expiring: expiring.slice(Math.max(0, tooMany - expired.length)),
  };
}

/** A message has come that is above the page's place. */
export function withMessage(known: Inbox | null, message: SessionMessage): Inbox {
  const { inbox: n } = message;
  const { last, read, lostAt, expiring, expired } = known ?? EMPTY;
  // The server's count has all up to its last.
  const unread = Math.min((known ?? EMPTY).unread + Number(n > last), MESSAGES_MAX);
  const held = n > read ? [...expiring, message] : expiring;
  // More than are counted are held if an older copy of the server's data was put back, without the older ones.
  const counted = held.slice(Math.max(0, held.length - unread));
  return { read, place: n, last: Math.max(last, n), lostAt, unread, expiring: counted, expired };
}

/**
 * The inbox by a clock that was just set, whatever had expired by the one before.
 * @param now By the server's clock.
 */
export function countedAt(known: Inbox, now: number): Inbox {
  return { ...withoutExpired({ ...known, expiring: [...known.expired, ...known.expiring] }, now), expired: [] };
}

/** @param now By the server's clock. */
export function withoutExpired(known: Inbox, now: number): Inbox {
  const isOver = ({ expiresAt }: SessionMessage): boolean => expiresAt <= now;
  const over = known.expiring.filter(isOver);
  const expiring = known.expiring.filter((message) => !isOver(message));
  const expired = [...known.expired, ...over].slice(-MESSAGES_MAX);
  return { ...known, expiring, expired, unread: known.unread - over.length };
}
