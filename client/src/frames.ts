/** The check of the server's frames: only those of the protocol's shape are believed. */
import { type Frame, isPresence, parseFrame } from "./protocol.js";
import { type SaidOnce, shown } from "./say.js";

type Check = (value: unknown) => boolean;
type Fields = Readonly<Record<string, Check>>;

/** The fields of one type of frame. Others are ignored, so that a newer server may send more. */
interface Shape {
  readonly needs: Fields;
  /** The fields that may be missing, but not have another form. */
  readonly may?: Fields;
  /** Whether it has nothing else: what an app calls by the same name has. */
  readonly isBare?: true;
}

type Version = 1 | 2;

const isString: Check = (value) => typeof value === "string";
const isBoolean: Check = (value) => typeof value === "boolean";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isGames: Check = (value) => Array.isArray(value) && value.every(isString);
const isScope: Check = (value) => value === "all" || value === "others" || value === "device";

const DEVICE: Shape = {
  needs: {
    deviceId: isString,
    name: isString,
    firstSeen: isCount,
    lastActive: isCount,
    presence: isPresence,
    tabs: isCount,
  },
};
/** A device in a list. It needs only the fields that the client computes with; those it shows are optional. */
const LISTED: Shape = {
  needs: { deviceId: isString, tabs: isCount, current: isBoolean },
  may: { name: isString, firstSeen: isCount, lastActive: isCount, presence: isPresence },
};

const isDevice: Check = (value) => isShaped(value, DEVICE);
const isDevices: Check = (value) => Array.isArray(value) && value.every((one) => isShaped(one, LISTED));
const isBody: Check = (value) => isShaped(value, { needs: { type: isString } });

const TOLD = { activeGames: isGames, presence: isPresence, lastActive: isCount };
const STATE = { userId: isString, ...TOLD };
const COUNTED = { seq: isCount };
const GAME = { gameId: isString, activeGames: isGames };
const ERROR: Shape = { needs: { code: isString, message: isString } };
const EVENT: Shape = { needs: { event: isString, from: isString } };
const BARE: Shape = { needs: {}, isBare: true };

/** All frames of the server's, by type and version of the protocol. */
export const FRAMES = new Map<string, Readonly<Partial<Record<Version, Shape>>>>([
  [
    "initial_state",
    {
      // The hook in production takes one that lacks these.
      1: { needs: { userId: isString }, may: TOLD },
      2: { needs: { ...STATE, devices: isDevices, epoch: isCount, seq: isCount }, may: { reset: isBoolean } },
    },
  ],
  ["state", { 1: { needs: STATE }, 2: { needs: STATE, may: { epoch: isCount, seq: isCount } } }],
  ["game_joined", counted({ needs: GAME })],
  ["game_left", counted({ needs: GAME })],
  ["presence_updated", counted({ needs: { presence: isPresence } })],
  ["event", counted(EVENT)],
  ["pong", { 1: BARE, 2: BARE }],
  ["error", { 1: ERROR, 2: { ...ERROR, may: { id: isString } } }],
  ["push", { 2: { needs: { body: isBody }, may: { seq: isCount, kept: isBoolean } } }],
  ["ack", { 2: { needs: { id: isString }, may: { ...COUNTED, credentialShared: isBoolean } } }],
  ["device_connected", { 2: { needs: { device: isDevice }, may: COUNTED } }],
  ["device_updated", { 2: { needs: { device: isDevice }, may: COUNTED } }],
  ["device_disconnected", { 2: { needs: { deviceId: isString }, may: COUNTED } }],
  ["replaced", { 2: BARE }],
  ["logged_out", { 2: { needs: { scope: isScope }, isBare: true } }],
]);

/** Fields that version 1 does not have: nobody has looked at what a frame calls so. */
const UNKNOWN_TO_1 = { devices: undefined, epoch: undefined, seq: undefined };

/** Version 1 counts nothing, so whatever a frame calls its number there is none. */
function counted(shape: Shape): Record<Version, Shape> {
  return { 1: shape, 2: { ...shape, may: COUNTED } };
}

/** Reads what a socket brings. */
export class FrameReader {
  readonly #said: SaidOnce;

  /** @param said Where is told what is not believed. */
  constructor(said: SaidOnce) {
    this.#said = said;
  }

  /**
   * @param isFirst Whether nothing was believed on this connection yet.
   * @returns The frame, `null` if it is none, or none that may be believed.
   */
  read(data: unknown, version: Version, isFirst: boolean): Frame | null {
    const frame = parseFrame(data);
    const read = frame && believed(frame, version, isFirst);
    if (typeof read !== "string") return read;
    const type = shown(frame?.type);
    this.#said.warn(type, `a frame ${type} of the server's is ignored: ${read}`);
    return null;
  }
}

/**
 * A frame as it may be acted on. In version 1 a server's pushes are bare, and an older server lets
 * through those that are called like a frame of its own: whatever is no frame of version 1 is a push.
 * @param isFirst Whether nothing was believed on this connection yet: only then there is a first state.
 * @returns Why it is not believed, if it isn't.
 */
function believed(frame: Frame, version: Version, isFirst: boolean): Frame | string {
  const fault = faultOf(frame, version, isFirst);
  if (version === 2) return fault ?? frame;
  return fault === null ? { ...frame, ...UNKNOWN_TO_1 } : { type: "push", body: frame };
}

function faultOf(frame: Frame, version: Version, isFirst: boolean): string | null {
  const shape = FRAMES.get(frame.type)?.[version];
  if (!shape) return "this version of the client knows no such frame";
  if (frame.type === "initial_state" && !isFirst) return "it comes first on a connection, and once";
  const field = faultyField(frame, shape);
  return field === null ? null : `its field ${JSON.stringify(field)} is not what the protocol says`;
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
