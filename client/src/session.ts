/**
 * The one definition of an app's own messages, which its pages and its Worker share: what each event, value and push
 * holds. It says whether a message fits. What then becomes of the message does not belong here.
 */
import { NAME_BYTES, utf8Bytes, wellFormed } from "./texts.js";

/**
 * The needed part of a schema by Standard Schema v1 (https://standardschema.dev), as those of Zod, Valibot and
 * ArkType do. It is written out here, since a type of another package would have to be installed with this one.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** It is there for the types alone. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The answer of a schema: the value that it makes of what it was given, or why it takes no such value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One reason why a schema does not take a value. */
export interface SchemaIssue {
  readonly message: string;
  /** Where in the value, from the outside to the inside. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Names, each with what it holds. */
export type Entries = Readonly<Record<string, StandardSchema<any, any>>>;

/** As `Entries`. A push is a JSON object, and its name is the member `type`, so the schema is of the other members. */
export type PushEntries = Readonly<Record<string, StandardSchema<object, any>>>;

/** The kinds of messages that an app defines. */
export type SessionPart = "events" | "values" | "pushes";

/** Whether a value fits. `value` is what the schema makes of it, and `path` is where it does not, `data.from` for example. */
export type Checked =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly path: string;
      readonly message: string;
      /** Why the schema could not tell: what it has thrown, or an error that says that it has answered by a promise. */
      readonly fault?: unknown;
    };

/** An app's definition of its messages. `defineSession` makes it. */
export interface SessionDefinition<
  Events extends Entries = Entries,
  Values extends Entries = Entries,
  Pushes extends PushEntries = PushEntries,
> {
  readonly events: Events;
  readonly values: Values;
  readonly pushes: Pushes;
  /** Whether any name of this part has a schema. If none has, every value fits. */
  checks(part: SessionPart): boolean;
  /**
   * Checks the data of an event, a value, or a push without its `type`. A name that is not defined fits, since another
   * release of the app may know it. So does `type<T>()`, whatever is there.
   * @param value As JSON has it. A listener gets `null` of an event without data, so an event that may have either none or
   *   `null` fits with both.
   */
  check(part: SessionPart, name: string, value: unknown): Checked;
}

type InputOf<Entry extends StandardSchema<any, any>> = NonNullable<Entry["~standard"]["types"]>["input"];
type OutputOf<Entry extends StandardSchema<any, any>> = NonNullable<Entry["~standard"]["types"]>["output"];

/** The names of a definition's events, for `S` = `typeof session`. */
export type EventName<S extends SessionDefinition> = keyof S["events"] & string;
/** The names of its values. */
export type ValueName<S extends SessionDefinition> = keyof S["values"] & string;
/** The names of its pushes. */
export type PushName<S extends SessionDefinition> = keyof S["pushes"] & string;

/** The type of the data that is sent with an event. */
export type EventInput<S extends SessionDefinition, Name extends EventName<S>> = InputOf<S["events"][Name]>;
/** The type of the data that a listener gets, which differs where the schema transforms. */
export type EventOutput<S extends SessionDefinition, Name extends EventName<S>> = OutputOf<S["events"][Name]>;
/** The type that a value is set to. */
export type ValueInput<S extends SessionDefinition, Name extends ValueName<S>> = InputOf<S["values"][Name]>;
/** The type that a reader of a value gets. */
export type ValueOutput<S extends SessionDefinition, Name extends ValueName<S>> = OutputOf<S["values"][Name]>;
/** The type of a push's body without its `type`, as a server sends it. */
export type PushInput<S extends SessionDefinition, Name extends PushName<S>> = InputOf<S["pushes"][Name]>;
/** The type of a push's body without its `type`, as a listener gets it. */
export type PushOutput<S extends SessionDefinition, Name extends PushName<S>> = OutputOf<S["pushes"][Name]>;

/** The beginning of each path: the member of a frame that holds the value. */
const ROOTS = { events: "data", values: "value", pushes: "body" } as const;
const PARTS = Object.keys(ROOTS) as SessionPart[];

/** The types of the frames that version 1 gets from the server itself: `kVersion1FrameTypes` of src/json/frame.h. */
const TAKEN = ["initial_state", "state", "game_joined", "game_left", "presence_updated", "event", "pong", "error"];

const TYPE_ALONE: StandardSchema<any, any> = Object.freeze({
  "~standard": Object.freeze({
    version: 1,
    vendor: "user-session-worker",
    validate: (value: unknown) => ({ value }),
  }),
});

/** Stands for a type that the compiler checks and nothing else: while the app runs, every value fits. */
export function type<T>(): StandardSchema<T, T> {
  return TYPE_ALONE;
}

/**
 * Defines an app's messages. Import the result in pages and in the Worker.
 * @param parts Names with what they hold: a schema that follows Standard Schema v1, or `type<T>()`. A schema must answer
 *   at once, since a message can't wait for a promise without being overtaken.
 * @throws {TypeError} If a name can't be one or has no schema. It names the field.
 */
export function defineSession<
  Events extends Entries = {},
  Values extends Entries = {},
  Pushes extends PushEntries = {},
>(parts: { readonly events?: Events; readonly values?: Values; readonly pushes?: Pushes }): SessionDefinition<
  Events,
  Values,
  Pushes
> {
  const stranger = Object.keys(recordOf("defineSession", parts)).find((name) => !PARTS.includes(name as SessionPart));
  if (stranger !== undefined) throw new TypeError(`${stranger}: expected only ${PARTS.join(", ")}`);
  const { events, values, pushes } = parts as Partial<Record<SessionPart, unknown>>;
  const defined: Record<SessionPart, Entries> = {
    events: entriesOf("events", events),
    values: entriesOf("values", values),
    pushes: entriesOf("pushes", pushes),
  };
  return Object.freeze({
    ...(defined as { events: Events; values: Values; pushes: Pushes }),
    checks: (part: SessionPart) => Object.values(defined[part]).some((entry) => entry !== TYPE_ALONE),
    check(part: SessionPart, name: string, value: unknown): Checked {
      const known = wellFormed(name);
      const entry = Object.hasOwn(defined[part], known) ? defined[part][known] : undefined;
      const whole = value ?? null;
      const found = checked(entry ?? TYPE_ALONE, whole, ROOTS[part]);
      if (found.ok || !entry || part !== "events" || whole !== null) return found;
      const ofNone = checked(entry, undefined, ROOTS[part]);
      return ofNone.ok ? ofNone : found;
    },
  });
}

/** Reads one part. What it returns does not change with the object that was given. */
function entriesOf(part: SessionPart, given: unknown): Entries {
  const entries = Object.entries(recordOf(part, given === undefined ? {} : given));
  for (const [name, entry] of entries) {
    const shown = JSON.stringify(name.length > NAME_BYTES ? `${name.slice(0, NAME_BYTES)}…` : name);
    const bytes = utf8Bytes(name);
    if (bytes === 0 || bytes > NAME_BYTES) {
      throw new TypeError(`${part}: expected names of 1 to ${NAME_BYTES} bytes of UTF-8, and ${shown} has ${bytes}`);
    }
    if (wellFormed(name) !== name) throw new TypeError(`${part}: expected whole characters, and ${shown} has half of one`);
    if (part === "pushes" && TAKEN.includes(name)) {
      throw new TypeError(`${part}.${name}: expected another name, since the server itself sends ${shown} to version 1`);
    }
    if (!isSchema(entry)) throw new TypeError(`${part}.${name}: expected a Standard Schema or type<T>()`);
  }
  return Object.freeze(Object.fromEntries(entries)) as Entries;
}

function recordOf(name: string, given: unknown): object {
  if (typeof given === "object" && given !== null && !Array.isArray(given)) return given;
  throw new TypeError(`${name}: expected an object`);
}

/** Whether it follows version 1 of the standard. ArkType's schemas are functions. */
function isSchema(entry: unknown): entry is StandardSchema {
  if (entry === null || (typeof entry !== "object" && typeof entry !== "function")) return false;
  const { "~standard": standard } = entry as Partial<StandardSchema>;
  return standard?.version === 1 && typeof standard.validate === "function";
}

function checked(entry: StandardSchema<any, any>, value: unknown, root: string): Checked {
  let result: unknown;
  try {
    result = entry["~standard"].validate(value);
  } catch (error) {
    return failed(root, "its schema has thrown an error", error);
  }
  if (isPromise(result)) {
    // Nobody waits for it, and a rejection without a handler ends a program in Node.
    Promise.resolve(result).catch(() => {});
    const message = "its schema is asynchronous, or has thrown an error: expected an answer at once";
    return failed(root, message, new TypeError("validate has returned a promise"));
  }
  const { issues, value: output } = (result ?? {}) as { issues?: readonly SchemaIssue[]; value?: unknown };
  if (!issues) return { ok: true, value: output };
  const [issue] = issues;
  return { ok: false, path: pathOf(root, issue?.path ?? []), message: String(issue?.message ?? "does not fit") };
}

function failed(path: string, message: string, fault: unknown): Checked {
  return { ok: false, path, message, fault };
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === "function";
}

function pathOf(root: string, path: NonNullable<SchemaIssue["path"]>): string {
  return path.reduce<string>((whole, segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    if (typeof key === "number") return `${whole}[${key}]`;
    const name = String(key);
    return /^[A-Za-z_$][\w$]*$/.test(name) ? `${whole}.${name}` : `${whole}[${JSON.stringify(name)}]`;
  }, root);
}
