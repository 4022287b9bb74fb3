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

/** A stored value as JSON can carry it. */
export type Stored = { bytes: number[] } | { value: unknown };
