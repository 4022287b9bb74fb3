/**
 * The storage of one object. What is written can be read at once, and is durable when a later task has confirmed
 * it; a crash before that takes it back.
 */

/** @import { Clock } from "../clock.mjs" */

/** @typedef {Map<string, unknown>} Rows */

/**
 * What was written in one task of the clock, and becomes durable as a whole.
 * @typedef {object} Batch
 * @property {number} number
 * @property {Rows} rows All rows as they are behind it.
 */

/**
 * The faults of a storage; each counts down to nothing.
 * @typedef {object} StorageFaults
 * @property {number} puts Writes that throw.
 * @property {number} commits Batches that fail although their writes were accepted.
 */

export class ObjectStorage {
  /** @type {StorageFaults} */
  faults = { puts: 0, commits: 0 };
  /** What has survived by now. @type {Rows} */
  durable = new Map();
  /** @type {number | null} */
  alarmAt = null;
  #clock;
  #commitMs;
  #events;
  /** @type {Rows} */
  #rows = new Map();
  /** @type {Batch[]} */
  #unconfirmed = [];
  #isOpen = false;
  #written = 0;
  #confirmed = 0;
  /** Counts the crashes, so that what an earlier life has written confirms nothing. */
  #life = 0;
  /** @type {(() => void)[]} */
  #syncs = [];

  /**
   * @param {Clock} clock
   * @param {() => number} commitMs How long the next batch takes to become durable.
   * @param {{confirmed: () => void, failed: () => void, putFailed: () => void}} events
   */
  constructor(clock, commitMs, events) {
    this.#clock = clock;
    this.#commitMs = commitMs;
    this.#events = events;
  }

  /** The number of the newest batch, which must be confirmed before what follows it may leave the object. */
  get written() {
    return this.#written;
  }

  get confirmed() {
    return this.#confirmed;
  }

  get isQuiet() {
    return this.#confirmed === this.#written;
  }

  /** Takes back what is not durable. */
  crash() {
    this.#life++;
    this.#rows = new Map(this.durable);
    this.#unconfirmed = [];
    this.#isOpen = false;
    this.#confirmed = this.#written;
    this.#syncs = [];
  }

  /** @param {Rows} rows What takes the place of all that is stored, between two lives of the object. */
  replace(rows) {
    this.durable = new Map(rows);
    this.crash();
  }

  /** What an object gets as `ctx.storage`. @param {() => boolean} isDead */
  surface(isDead) {
    const storage = this;
    const check = () => {
      if (isDead()) throw new Error("this object has been reset");
    };
    return {
      kv: this.#kv(check),
      sql: {
        get databaseSize() {
          return 4_096;
        },
      },
      /** @template T @param {() => T} work */
      transactionSync(work) {
        check();
        const before = new Map(storage.#rows);
        try {
          return work();
        } catch (error) {
          storage.#rows = before;
          throw error;
        }
      },
      async sync() {
        check();
        if (storage.isQuiet) return;
        await /** @type {Promise<void>} */ (new Promise((resolve) => storage.#syncs.push(resolve)));
      },
      /** @param {number | Date} time */
      async setAlarm(time) {
        check();
        storage.alarmAt = Number(time);
      },
      getAlarm: async () => storage.alarmAt,
      deleteAlarm: async () => void (storage.alarmAt = null),
    };
  }

  /** @param {() => void} check */
  #kv(check) {
    const storage = this;
    return {
      /** @param {string} key */
      get(key) {
        check();
        return copied(storage.#rows.get(key));
      },
      /** @param {string} key @param {unknown} value */
      put(key, value) {
        check();
        storage.#failIfPlanned();
        storage.#rows.set(key, copied(value));
        storage.#wrote();
      },
      /** @param {string} key */
      delete(key) {
        check();
        storage.#failIfPlanned();
        const isThere = storage.#rows.delete(key);
        storage.#wrote();
        return isThere;
      },
      /** @param {ListOptions} [options] @returns {Iterable<[string, unknown]>} */
      list(options = {}) {
        check();
        return listed(storage.#rows, options);
      },
    };
  }

  #failIfPlanned() {
    if (this.faults.puts === 0) return;
    this.faults.puts--;
    this.#events.putFailed();
    throw new Error("planted: the write failed");
  }

  #wrote() {
    if (this.#isOpen) return;
    this.#isOpen = true;
    const batch = { number: ++this.#written, rows: this.#rows };
    this.#unconfirmed.push(batch);
    const life = this.#life;
    this.#clock.afterTask(() => {
      if (life !== this.#life) return;
      this.#isOpen = false;
      batch.rows = new Map(this.#rows);
      this.#clock.after(this.#commitMs(), () => life === this.#life && this.#confirm());
    });
  }

  /** Batches become durable in their order, whichever took longer. */
  #confirm() {
    const batch = this.#unconfirmed.shift();
    if (!batch) return;
    if (this.faults.commits > 0) {
      this.faults.commits--;
      return this.#events.failed();
    }
    this.durable = batch.rows;
    this.#confirmed = batch.number;
    this.#events.confirmed();
    if (!this.isQuiet) return;
    for (const resolve of this.#syncs.splice(0)) resolve();
  }
}

/**
 * @typedef {object} ListOptions
 * @property {string} [start]
 * @property {string} [startAfter]
 * @property {string} [end]
 * @property {string} [prefix]
 * @property {boolean} [reverse]
 * @property {number} [limit]
 */

/**
 * @param {Rows} rows
 * @param {ListOptions} options
 * @returns {[string, unknown][]}
 */
function listed(rows, { start, startAfter, end, prefix, reverse = false, limit = Infinity }) {
  const isWanted = (/** @type {string} */ key) =>
    (start === undefined || inOrder(start, key) <= 0) &&
    (startAfter === undefined || inOrder(startAfter, key) < 0) &&
    (end === undefined || inOrder(key, end) < 0) &&
    (prefix === undefined || key.startsWith(prefix));
  const keys = [...rows.keys()].filter(isWanted).sort(inOrder);
  if (reverse) keys.reverse();
  return keys.slice(0, limit).map((key) => [key, copied(rows.get(key))]);
}

/**
 * Compares keys as SQLite does, by their bytes.
 * @param {string} a
 * @param {string} b
 */
function inOrder(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/**
 * Copies a value as the platform's serialization does.
 * @param {unknown} value
 */
export function copied(value) {
  const isPlain = value instanceof Uint8Array && value.byteLength === value.buffer.byteLength;
  return isPlain ? new Uint8Array(value) : structuredClone(value);
}
