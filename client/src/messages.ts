/** The messages by which a device asks for something, and what becomes of each in either version. */

/** The messages by which a device asks for something to be done, in either version. */
export const BOTH_VERSIONS = ["join_game", "leave_game", "update_presence", "logout_all", "broadcast"] as const;
/** The messages that a server of version 1 does not know. */
export const ONLY_VERSION_2 = ["logout_others", "logout_device", "logout_credential", "set_device", "mark_read", "set_value", "delete_value"] as const;

type RequestType = (typeof BOTH_VERSIONS | typeof ONLY_VERSION_2)[number];

/** The messages that set one thing and nothing else. */
const SETTING: readonly RequestType[] = ["update_presence", "set_device", "mark_read"];

/** A frame of the device's. */
export interface Message {
  type: RequestType;
  [key: string]: unknown;
}

/** Whether it joins or leaves a game. */
export function isAboutGame({ type }: Message): boolean {
  return type === "join_game" || type === "leave_game";
}

/** Whether a server of version 1 could not do it. */
export function isOnlyVersion2({ type, to, except }: Message): boolean {
  return (ONLY_VERSION_2 as readonly string[]).includes(type) || to !== undefined || except !== undefined;
}

/**
 * The thing that a message sets. Setting it twice does no harm, and `null` is for messages that might do some:
 * an event would be heard twice, and a logout end what was signed in since, which may be days later.
 */
export function subjectOf(message: Message): string | null {
  const { type, key } = message;
  if (isAboutGame(message)) return `game ${String(message["gameId"])}`;
  if (key !== undefined) return `value ${String(key)}`;
  return SETTING.includes(type) ? type : null;
}
