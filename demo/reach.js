/** How far a logout goes. */

/** All devices, all but the one that asks, or one by its id. @typedef {"all" | "others" | {one: string}} Reach */

/**
 * How far the logout goes that a frame asks for.
 * @param {string} frame
 * @returns {Reach | null} `null` if it asks for something else, or for what an earlier frame has asked for.
 */
export function reachOf(frame) {
  const { type, deviceId, again = false } = JSON.parse(frame);
  if (again) return null;
  if (type === "logout_all") return "all";
  if (type === "logout_others") return "others";
  return type === "logout_device" ? { one: String(deviceId) } : null;
}

/**
 * Whether a logout ends a device.
 * @param {string} deviceId
 * @param {string} asker The id of the device that asks.
 * @param {Reach} reach
 */
export function isReached(deviceId, asker, reach) {
  if (reach === "all") return true;
  return reach === "others" ? deviceId !== asker : deviceId === reach.one;
}

/** @param {Reach} reach @param {{name: string}[]} targets */
export function titleOf(reach, targets) {
  if (reach === "all") return "Logged out everywhere";
  return reach === "others" ? "Logged out all others" : `Logged out ${targets[0]?.name ?? ""}`;
}
