/** The user's inbox as one page knows it: up to where it has the messages, and how many are unread. */

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
  /** The page's messages that count as unread, oldest first: their numbers, and when they expire by the server's clock. */
  expiring: readonly (readonly [n: number, expiresAt: number])[];
}

/** As many messages are kept: the oldest goes when another comes. */
const MESSAGES_MAX = 64;

const EMPTY: Inbox = { last: 0, read: 0, unread: 0, place: 0, expiring: [] };

/**
 * The server has told how it stands. Whoever has no place, or one that an older copy of the server's data
 * does not know, gets what is unread.
 * @param now By the server's clock.
 */
export function toldInbox(known: Inbox | null, told: InboxState, now: number): Inbox {
  const { last, read, unread } = told;
  const place = known && known.place <= last ? known.place : read;
  const expiring = known?.expiring.filter(([n, expiresAt]) => n > read && n <= place && expiresAt > now) ?? [];
  // The oldest are those that the server drops when it has no room.
  return { last, read, unread, place, expiring: expiring.slice(Math.max(0, expiring.length - unread)) };
}

/** A message has come that is above the page's place. */
export function withMessage(known: Inbox | null, n: number, expiresAt = Infinity): Inbox {
  const { last, read, unread, expiring } = known ?? EMPTY;
  return {
    read,
    place: n,
    last: Math.max(last, n),
    // The server's count has all up to its last.
    unread: Math.min(unread + Number(n > last), MESSAGES_MAX),
    expiring: n > read ? [...expiring, [n, expiresAt] as const].slice(-MESSAGES_MAX) : expiring,
  };
}

/** @param now By the server's clock. */
export function withoutExpired(known: Inbox, now: number): Inbox {
  const expiring = known.expiring.filter(([, expiresAt]) => expiresAt > now);
  return { ...known, expiring, unread: known.unread - known.expiring.length + expiring.length };
}
