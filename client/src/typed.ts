/** The check of a page's messages, sent and received, against the app's definition. */
import type { PublishOptions, UserSessionClient } from "./client.js";
import type { RequestOutcome, SessionEvent, SessionMessage, SessionValue } from "./protocol.js";
import { refusal } from "./requests.js";
import type {
  EventInput,
  EventName,
  EventOutput,
  PushName,
  PushOutput,
  SessionDefinition,
  SessionPart,
  ValueInput,
  ValueName,
  ValueOutput,
} from "./session.js";
import type { SessionValues } from "./values.js";
import { WarnOnce } from "./warnings.js";

/** The names of what a listener may hear. */
export type HeardName<S extends SessionDefinition> = EventName<S> | PushName<S>;

/** The data that a listener gets: of an event, or the body of a push without its `type`. */
export type HeardData<S extends SessionDefinition, Name extends HeardName<S>> =
  | (Name extends EventName<S> ? EventOutput<S, Name> : never)
  | (Name extends PushName<S> ? PushOutput<S, Name> : never);

/** A message or a value that came and does not fit the definition. It was not handed on. */
export interface InvalidMessage {
  part: SessionPart;
  name: string;
  /** Where it does not fit, `data.from` for example. */
  path: string;
  /** Why not. */
  message: string;
  /** The data as they came. */
  value: unknown;
}

export interface TypedOptions {
  /** Is told of what came and does not fit. If left out, the console has one warning for each name. */
  onInvalid?: ((invalid: InvalidMessage) => void) | undefined;
}

type PublishArguments<Input> = null extends Input
  ? [data?: Input, options?: PublishOptions]
  : undefined extends Input
    ? [data?: Input, options?: PublishOptions]
    : [data: Input, options?: PublishOptions];

/** A value as the definition has it. */
export interface TypedValue<T> extends Omit<SessionValue, "value"> {
  /** `undefined` if it is not there, or does not fit. */
  readonly value: T | undefined;
}

/** How a value is set. */
export interface TypedSetOptions<Fallback> {
  readonly ifVersion?: number | undefined;
  /** Stands for the value where it is not there, or does not fit. */
  readonly fallback?: Fallback;
}

export interface TypedValues<S extends SessionDefinition> {
  get<Key extends ValueName<S>>(key: Key): TypedValue<ValueOutput<S, Key>>;
  set<Key extends ValueName<S>, Fallback extends ValueInput<S, Key> | undefined = undefined>(
    key: Key,
    next: ValueInput<S, Key> | ((now: ValueInput<S, Key> | Fallback) => ValueInput<S, Key>),
    options?: TypedSetOptions<Fallback>,
  ): Promise<RequestOutcome>;
  delete(key: ValueName<S>, options?: { readonly ifVersion?: number | undefined }): Promise<RequestOutcome>;
}

/**
 * The messages of a page as its definition has them. One that does not fit is refused with `invalid_message` before it is
 * sent, and not handed on when it comes.
 */
export interface TypedSession<S extends SessionDefinition> {
  /** Sends an event to all of the user's devices, or to some. Data that may be `null` or `undefined` can be left out. */
  publish<Name extends EventName<S>>(name: Name, ...data: PublishArguments<EventInput<S, Name>>): Promise<RequestOutcome>;
  /** Calls back at every event or push of a name that fits. @returns Ends it. */
  onEvent<Name extends HeardName<S>>(name: Name, listener: (event: SessionEvent<HeardData<S, Name>>) => void): () => void;
  values: TypedValues<S>;
}

/**
 * A client whose messages an app has defined, for code without React.
 * @param definition What `defineSession` has made.
 * @param client Does the work, and has all that needs no types.
 */
export function typedClient<S extends SessionDefinition>(
  definition: S,
  client: Pick<UserSessionClient, "publish" | "onEvent" | "values">,
  options: TypedOptions = {},
): TypedSession<S> {
  const check = new MessageCheck(definition, options);
  return { ...typedMessages<S>(check, client), values: typedValues<S>(check, client.values) };
}

/** Sends and hears what fits. */
export function typedMessages<S extends SessionDefinition>(
  check: MessageCheck,
  client: Pick<UserSessionClient, "publish" | "onEvent">,
): Pick<TypedSession<S>, "publish" | "onEvent"> {
  return {
    publish: async (name, data?: unknown, options?: PublishOptions) => check.whyNot("events", name, data) ?? client.publish(name, data, options),
    onEvent: (name, listener) =>
      client.onEvent(name, (event) => {
        const fitting = check.event(event);
        if (fitting) listener(fitting as Parameters<typeof listener>[0]);
      }),
  };
}

/** Reads and sets what fits. */
export function typedValues<S extends SessionDefinition>(check: MessageCheck, values: SessionValues): TypedValues<S> {
  const typed: TypedValues<SessionDefinition> = {
    get(key) {
      const stored = values.get(key);
      return { ...stored, value: check.value(key, stored)?.value };
    },
    set: async (key, next, options = {}) =>
      check.whyNot("values", key, next) ?? values.set(key, check.changing(key, next, options.fallback), options),
    delete: (key, options) => values.delete(key, options),
  };
  return typed as unknown as TypedValues<S>;
}

/** Checks each message once, however many listen to it. */
export class MessageCheck {
  readonly #definition: SessionDefinition;
  readonly #onInvalid: (invalid: InvalidMessage) => void;
  #seen = new WeakMap<object, { value: unknown } | null>();

  constructor(definition: SessionDefinition, { onInvalid }: TypedOptions) {
    this.#definition = definition;
    const warnings = new WarnOnce();
    this.#onInvalid =
      onInvalid ??
      (({ part, name, path, message }) => warnings.warn(`${part} ${name}`, `what came as ${JSON.stringify(name)} does not fit ${part}.${name}, and was not handed on: ${path}: ${message}`));
  }

  /** Why something can't be sent, `null` if it can. A function makes what is sent later. */
  whyNot(part: SessionPart, name: string, value: unknown): RequestOutcome | null {
    if (part === "values" && typeof value === "function") return null;
    const checked = this.#definition.check(part, name, value);
    return checked.ok ? null : refusal("invalid_message", `${checked.path}: ${checked.message}`);
  }

  /** A function that makes a value, of one that fits to one that fits. Anything else stays as it is. */
  changing(key: string, next: unknown, fallback: unknown): unknown {
    if (typeof next !== "function") return next;
    return (now: unknown) => {
      const made: unknown = next(now !== fallback && this.#definition.check("values", key, now).ok ? now : fallback);
      const checked = this.#definition.check("values", key, made);
      if (checked.ok) return made;
      // The client refuses what such a function throws with the text that it is.
      throw Object.assign(new TypeError(`${checked.path}: ${checked.message}`), { name: "" });
    };
  }

  /** Takes a value through its schema. @returns `null` if it is not there or does not fit. */
  value(key: string, stored: SessionValue): { value: unknown } | null {
    if (stored.value === undefined) return null;
    return this.#once(stored, () => this.#taken("values", key, stored.value));
  }

  /** The event with what its schema makes of its data, `null` if that does not fit. */
  event(event: SessionEvent): SessionEvent | null {
    const { name, data, from } = event;
    const { events, pushes } = this.#definition;
    const isPush = Object.hasOwn(pushes, name) && (from === null || !Object.hasOwn(events, name));
    const taken = this.#once(event, () => (isPush ? this.#push(name, data) : this.#taken("events", name, data)));
    return taken && { ...event, data: taken.value };
  }

  /** The message of the inbox with what its schema makes of its body, `null` if that does not fit or is not defined. */
  message(message: SessionMessage): SessionMessage | null {
    const { name, data } = message;
    if (!Object.hasOwn(this.#definition.pushes, name)) return null;
    const taken = this.#once(message, () => this.#push(name, data));
    return taken && { ...message, data: taken.value };
  }

  #push(name: string, data: unknown): { value: unknown } | null {
    const body = { ...(data as { type?: unknown }) };
    delete body.type;
    return this.#taken("pushes", name, body);
  }

  #taken(part: SessionPart, name: string, value: unknown): { value: unknown } | null {
    const checked = this.#definition.check(part, name, value);
    if (checked.ok) return checked;
    const { path, message } = checked;
    // React may be rendering, and a component that shows it must not change its state then.
    queueMicrotask(() => this.#onInvalid({ part, name, path, message, value }));
    return null;
  }

  #once(key: object, take: () => { value: unknown } | null): { value: unknown } | null {
    const seen = this.#seen.get(key);
    if (seen !== undefined) return seen;
    const taken = take();
    this.#seen.set(key, taken);
    return taken;
  }
}
