/**
 * The check of the server's frames: only those of the protocol's shape are believed. One table has every
 * shape, and the types that the rest of the client reads are made of it.
 */
import { type EndedCount, type Frame, type SessionDevice, isPresence, parseFrame } from "./protocol.js";
import { type WarnOnce, shown } from "./warnings.js";

type Check<T> = (value: unknown) => value is T;
type Fields = Readonly<Record<string, Check<unknown>>>;

/** The fields of one type of frame. Others are ignored, so that a newer server may send more. */
interface Shape {
  readonly needs: Fields;
  /** The fields that may be missing, but not have another form. */
  readonly may?: Fields;
  /** Whether it has nothing else: what an app calls by the same name has. */
  readonly isBare?: true;
}

type Version = 1 | 2;

type Checked<C> = C extends Check<infer T> ? T : never;
type ValuesOf<F> = { -readonly [Name in keyof F]: Checked<F[Name]> };
/** A value that has been found to be of a shape. */
type Shaped<S> = (S extends { needs: infer F } ? ValuesOf<F> : never) &
  (S extends { may: infer F } ? Partial<ValuesOf<F>> : unknown);

/** The check of a field that nobody reads, or that is looked at by whoever reads it. */
const isThere = (value: unknown): value is unknown => value !== undefined;
const isString = (value: unknown): value is string => typeof value === "string";
const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isGames = (value: unknown): value is string[] => Array.isArray(value) && value.every(isString);
const isScope = (value: unknown): value is "all" | "others" | "device" | "credential" =>
  ["all", "others", "device", "credential"].includes(value as string);

/** A device as frames about it have it. */
export const DEVICE = {
  needs: {
    deviceId: isString,
    name: isString,
    firstSeen: isCount,
    lastActive: isCount,
    presence: isPresence,
    tabs: isCount,
  },
} satisfies Shape;
/** A device in a list. It needs only the fields that the client computes with; those it shows are optional. */
export const LISTED = {
  needs: { deviceId: isString, tabs: isCount, current: isBoolean },
  may: { name: isString, firstSeen: isCount, lastActive: isCount, presence: isPresence },
} satisfies Shape;

const isDevice = (value: unknown): value is Shaped<typeof DEVICE> => isShaped(value, DEVICE);
/** A list as every server sends it, where the optional fields are there, too. */
const isDevices = (value: unknown): value is SessionDevice[] =>
  Array.isArray(value) && value.every((one) => isShaped(one, LISTED));
const isBody = (value: unknown): value is { type: string } => isShaped(value, { needs: { type: isString } });
/** The user's values as a first frame has them, by their keys. */
const isValues = (value: unknown): value is Record<string, { value: unknown; version: number }> =>
  isShaped(value, { needs: {} }) && !Array.isArray(value) && Object.values(value as object).every((one) => isShaped(one, VALUE));
const INBOX = { needs: { last: isCount, read: isCount, unread: isCount } } satisfies Shape;
const isInbox = (value: unknown): value is Shaped<typeof INBOX> => isShaped(value, INBOX);
const isEnded = (value: unknown): value is EndedCount =>
  isShaped(value, { needs: { sockets: isCount, credentials: isCount } });
/** The end that a logout has made, as an answer says it. */
const OF_LOGOUT = { ended: isEnded, credentialShared: isBoolean, complete: isBoolean };

const VALUE = { needs: { value: isThere, version: isCount } } satisfies Shape;

const SHARED = { activeGames: isGames, presence: isPresence, lastActive: isCount };
const STATE = { userId: isString, ...SHARED };
const SELF = { deviceId: isThere };
/** The number of a frame to all, and of its epoch, if it is the first one of that. */
const PLACE = { epoch: isCount, seq: isCount };
const GAME = counted({ needs: { gameId: isString, activeGames: isGames } });
const ERROR = { needs: { code: isString, message: isString }, may: { retryAfterMs: isThere } };
const ABOUT_DEVICE = { 2: { needs: { device: isDevice }, may: PLACE } };
/** A value is another now, or gone. Nobody reads who has done it. */
const ABOUT_VALUE = { key: isString, version: isCount };
const OF_VALUE = { ...PLACE, from: isThere };
const BARE = { needs: {}, isBare: true } as const;

/** All frames of the server's, by type and version of the protocol. */
const SHAPES = {
  initial_state: {
    // The hook in production takes one that lacks these.
    1: { needs: { userId: isString }, may: { ...SHARED, ...SELF } },
    2: {
      needs: { ...STATE, devices: isDevices, ...PLACE },
      may: { reset: isBoolean, inbox: isInbox, lost: isBoolean, values: isValues, ...SELF },
    },
  },
  state: { 1: { needs: STATE }, 2: { needs: STATE, may: { devices: isDevices, inbox: isInbox, values: isValues, ...PLACE, ...SELF } } },
  game_joined: GAME,
  game_left: GAME,
  presence_updated: counted({ needs: { presence: isPresence } }),
  event: counted({ needs: { event: isString, from: isString }, may: { data: isThere } }),
  pong: { 1: BARE, 2: BARE },
  error: { 1: ERROR, 2: { ...ERROR, may: { ...ERROR.may, ...ABOUT_VALUE, value: isThere, id: isString } } },
  push: { 2: { needs: { body: isBody }, may: { ...PLACE, inbox: isCount, expiresAt: isCount, unread: isCount } } },
  inbox_read: { 2: { needs: { inbox: isCount, unread: isCount }, may: PLACE } },
  ack: { 2: { needs: { id: isString }, may: { repeated: isBoolean, ...OF_LOGOUT } } },
  device_connected: ABOUT_DEVICE,
  device_updated: ABOUT_DEVICE,
  device_disconnected: { 2: { needs: { deviceId: isString }, may: PLACE } },
  value_changed: { 2: { needs: { ...ABOUT_VALUE, value: isThere }, may: OF_VALUE } },
  value_deleted: { 2: { needs: ABOUT_VALUE, may: OF_VALUE } },
  replaced: { 2: BARE },
  logged_out: { 2: { needs: { scope: isScope }, isBare: true } },
} satisfies Record<string, Partial<Record<Version, Shape>>>;

type Shapes = typeof SHAPES;
type FrameType = keyof Shapes;

/** The same, for types that a server has written. */
export const FRAMES: ReadonlyMap<string, Partial<Record<Version, Shape>>> = new Map(Object.entries(SHAPES));

/** Fields that version 1 does not have: nobody has looked at what a frame calls so. */
const UNKNOWN_TO_1 = {
  deviceId: undefined,
  devices: undefined,
  epoch: undefined,
  seq: undefined,
  reset: undefined,
  inbox: undefined,
  lost: undefined,
  values: undefined,
  key: undefined,
  version: undefined,
  value: undefined,
  id: undefined,
} satisfies Record<NewField<FrameType>, undefined>;

type FieldOf<S> = keyof Shaped<S>;
/** The fields by which version 2 has added to a frame of version 1. */
type NewField<Type extends FrameType> = Type extends FrameType
  ? Shapes[Type] extends { 1: infer Old; 2: infer New }
    ? Exclude<FieldOf<New>, FieldOf<Old>>
    : never
  : never;

type InVersion1<Type extends FrameType> = Shapes[Type] extends { 1: infer S }
  ? { type: Type } & Shaped<S> & typeof UNKNOWN_TO_1
  : never;
type InVersion2<Type extends FrameType> = Shapes[Type] extends { 2: infer S } ? { type: Type } & Shaped<S> : never;

/** A frame of some type of the server's that has been looked at, of either version. */
export type FrameOf<Type extends FrameType> = Type extends FrameType ? InVersion1<Type> | InVersion2<Type> : never;

/** Any frame of the server's that has been looked at. */
export type ServerFrame = FrameOf<FrameType>;

/** One that tells what has happened, and not how the connection or a request is. */
export type UpdateFrame = FrameOf<Exclude<FrameType, "pong" | "ack" | "error" | "replaced" | "logged_out">>;

/** Version 1 counts nothing, so whatever a frame calls its number there is none. */
function counted<S extends Shape>(shape: S) {
  return { 1: shape, 2: { ...shape, may: { ...shape.may, ...PLACE } } };
}

/** Reads what a socket brings. */
export class FrameReader {
  readonly #warnings: WarnOnce;

  /** @param warnings Gets a warning for each frame that is not believed. */
  constructor(warnings: WarnOnce) {
    this.#warnings = warnings;
  }

  /**
   * @param isFirst Whether nothing was believed on this connection yet.
   * @returns The frame, `null` if it is none, or none that may be believed.
   */
  read(data: unknown, version: Version, isFirst: boolean): ServerFrame | null {
    const frame = parseFrame(data);
    const read = frame && believed(frame, version, isFirst);
    if (typeof read !== "string") return read;
    const type = shown(frame?.type);
    this.#warnings.warn(type, `frame ${type} ignored: ${read}`);
    return null;
  }
}

/**
 * A frame as it may be acted on. In version 1 a server's pushes are bare, and an older server lets
 * through those that are called like a frame of its own: whatever is no frame of version 1 is a push.
 * @param isFirst Whether nothing was believed on this connection yet: only then there is a first state.
 * @returns Why it is not believed, if it isn't.
 */
function believed(frame: Frame, version: Version, isFirst: boolean): ServerFrame | string {
  const fault = faultOf(frame, version, isFirst);
  // Its shape is in the table, of which the type is made.
  if (version === 2) return fault ?? (frame as ServerFrame);
  return fault === null ? ({ ...frame, ...UNKNOWN_TO_1 } as ServerFrame) : { type: "push", body: frame };
}

function faultOf(frame: Frame, version: Version, isFirst: boolean): string | null {
  const shape = FRAMES.get(frame.type)?.[version];
  if (!shape) return "its type is unknown";
  if (frame.type === "initial_state" && !isFirst) return "it comes first, and once";
  const field = faultyField(frame, shape);
  return field === null ? null : `its field ${JSON.stringify(field)} is wrong`;
}

function isShaped(value: unknown, shape: Shape): boolean {
  return typeof value === "object" && value !== null && faultyField(value as Record<string, unknown>, shape) === null;
}

/** The first field that must be there and is not, must not be there and is, or has another form. */
function faultyField(frame: Record<string, unknown>, { needs, may = {}, isBare }: Shape): string | null {
  for (const [name, check] of Object.entries(needs)) if (!check(frame[name])) return name;
  for (const [name, check] of Object.entries(may)) {
    if (frame[name] !== undefined && !check(frame[name])) return name;
  }
  const isExtra = (name: string) => name !== "type" && !(name in needs);
  return (isBare ? Object.keys(frame).find(isExtra) : null) ?? null;
}
