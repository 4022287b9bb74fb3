/** What the Worker of `tests/worker/fixtures/watched.js` and its tests tell each other. */

/** What one user's object has done so far. */
export interface Counts {
  /** How often it was constructed. */
  instances: number;
  /** Frames that reached it. */
  messages: number;
  /** Close events that reached it. */
  closes: number;
  /** Rows written. */
  puts: number;
  /** Rows deleted. */
  deletes: number;
  /** Writes by any other way into the storage. */
  others: number;
  /** The data points it has handed to Analytics Engine, which tells nobody what it got. */
  points: { indexes: string[]; doubles: number[] }[];
}

/** What one user's object has cost so far, as `tests/worker/fixtures/metered.js` meters it. */
export interface Meter {
  /** Requests that reached the Worker. */
  workerRequests: number;
  /** Requests that reached the object. */
  requests: number;
  /** Rows read, keys that are not there included. */
  rowsRead: number;
  /** How long it was at work, in milliseconds: its constructor and its handlers. */
  activeMs: number;
}

/** A stored value as JSON can carry it. */
export type Stored = { bytes: number[] } | { value: unknown };
