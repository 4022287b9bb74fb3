/** The user's values: as the server has told them, and as the app sees and changes them. */
import type { RequestOutcome, SessionValue } from "./protocol.js";
import type { Message } from "./messages.js";
import type { Change, Request } from "./requests.js";
import { wellFormed } from "./texts.js";

export type Values = Readonly<Record<string, SessionValue>>;

/** There is none, not even what an object has by itself. */
export const NO_VALUES: Values = Object.create(null);

/** A value of a key that has none. */
export const NOT_THERE = entryOf(undefined, 0);

export function entryOf(value: unknown, version: number): SessionValue {
  return { value, version, isPending: false, error: null };
}

/** @param entry `null` if there is none from now on. */
export function withValue(values: Values, key: string, entry: SessionValue | null): Values {
  const next = Object.assign(Object.create(null), values);
  if (entry) next[key] = entry;
  else delete next[key];
  return next;
}

/** The server has told all of them. */
export function toldValues(known: Values, told: Record<string, { value: unknown; version: number }> = {}): Values {
  const next = Object.create(null);
  for (const [key, { value, version }] of Object.entries(told)) {
    const before = known[key];
    next[key] = before?.version === version ? before : entryOf(value, version);
  }
  return next;
}

/**
 * The values as the app sees them, with what was asked and may still be granted.
 * @param before What was shown last: the same object is shown again if nothing is new.
 */
export function valuesToShow(known: Values, pending: readonly Request[], before: Values): Values {
  const edits = pending.filter(({ key }) => key !== undefined);
  const next: Record<string, SessionValue> = edits.length > 0 ? Object.assign(Object.create(null), known) : known;
  for (const request of edits) {
    const { key = "" } = request;
    next[key] = edited(request, next[key] ?? NOT_THERE);
  }
  const keys = Object.keys(next);
  const isSame = keys.length === Object.keys(before).length && keys.every((key) => next[key] === before[key]);
  return isSame ? before : next;
}

/** A value with what a request makes of it: the same object for the same one. */
function edited(request: Request, now: SessionValue): SessionValue {
  if (request.on !== now) {
    request.on = now;
    let { value } = request.message as { value?: unknown };
    let error = null;
    try {
      // The server tells of a change before it answers, and the change must not be made once more meanwhile.
      if (request.id !== null && request.text === written(request, now.value)) value = now.value;
      else if (request.change) value = JSON.parse(JSON.stringify(request.change(now.value)));
    } catch (fault) {
      value = now.value;
      error = { code: "invalid_message", message: String(fault) };
    }
    request.shown = { value, version: now.version, isPending: true, error };
  }
  return request.shown;
}

/**
 * Writes a change of a value down for the value that there is now.
 * @returns Why it can't be made of that, `null` if it can.
 */
export function write(request: Request, now: SessionValue): SessionValue["error"] {
  request.base = now.version;
  if (!request.change) return null;
  const { value, error } = edited(request, now);
  request.text = written(request, value);
  return error;
}

/** A request's message with a value, for the version that it was written for or that the app has named. */
function written({ message, base }: Request, value: unknown): string {
  return JSON.stringify({ ifVersion: base, ...message, value });
}

/**
 * Nobody can tell any more whether a change was made. It does no harm where the value is still the one before,
 * and where it is another the answer shows that.
 */
export function doubt(request: Request): void {
  request.isDoubted = true;
  if (!request.change) request.text = written(request, request.message["value"]);
}

/** Whether a value that can have been set by a request is what that has asked for, whoever has set it. */
export function isAsAsked({ message, change }: Request, value: unknown): boolean {
  return !change && message["ifVersion"] === undefined && JSON.stringify(value) === JSON.stringify(message["value"]);
}

/** Whether an other one may take the place of a request for a value, since that depends on none before. */
export function isBlind({ key, ifVersion }: Message, change: Change | null): boolean {
  return key !== undefined && !change && ifVersion === undefined;
}

/** How a value is set. */
export interface SetOptions<Value = unknown> {
  /** The version that it must have, 0 for not there, else it is refused with `conflict`, also with a function. */
  readonly ifVersion?: number | undefined;
  /** Stands for the present value where there is none. */
  readonly fallback?: Value | undefined;
}

/** Reads and changes values. A key has 1 to 128 bytes of UTF-8. The functions need a server of version 2. */
export interface SessionValues {
  /** The value of a key, as the snapshot has it; of one that is not there `{value: undefined, version: 0}`. */
  get(key: string): SessionValue;
  /**
   * Sets a value. It is in the snapshot at once, and out again if it is refused.
   * @param next Any JSON, or a function that makes it of the present value. The function is called again for each other
   *   value that it turns out to be, so it must do nothing else. It gets `fallback` where there is none.
   * @template Value What the present value is taken for. Nothing checks that it is.
   */
  set<Value>(key: string, next: (now: Value) => unknown, options?: SetOptions<Value>): Promise<RequestOutcome>;
  set(key: string, next: unknown, options?: SetOptions): Promise<RequestOutcome>;
  /** Deletes a value, in the same way. */
  delete(key: string, options?: Pick<SetOptions, "ifVersion">): Promise<RequestOutcome>;
}

/**
 * @param shown The values that the app sees, `null` before they are known.
 * @param ask Asks for a change.
 */
export function sessionValues(
  shown: () => Values | null,
  ask: (message: Message, change?: Change) => Promise<RequestOutcome>,
): SessionValues {
  const get = (key: string): SessionValue => shown()?.[wellFormed(key)] ?? NOT_THERE;
  return {
    get,
    set(key: string, next: unknown, { ifVersion, fallback }: SetOptions = {}) {
      const change: Change | undefined = typeof next === "function" ? (now) => next(now === undefined ? fallback : now) : undefined;
      const message: Message = {
        ...{ type: "set_value", key: wellFormed(key), ifVersion },
        // It is read where what can't be written down is refused.
        get value() {
          return change ? (shown() ? change(get(key).value) : null) : next;
        },
      };
      return ask(message, change);
    },
    delete: (key, { ifVersion } = {}) => ask({ type: "delete_value", key: wellFormed(key), ifVersion }),
  };
}
