/** Options that a component gives when the client is there already, perhaps made by another component. */
import type { UserSessionClient, UserSessionClientOptions } from "./client.js";
import type { HeldClient } from "./shared.js";
import { deviceNameOption } from "./texts.js";
import { shown } from "./warnings.js";

type LaterOptions = Omit<Partial<UserSessionClientOptions>, "userId">;

const FIXED = ["shareTabs", "presenceFromVisibility", "heartbeatMs", "lostAfterMs", "requestsPerSecond", "environment", "WebSocket"] as const;

/** Has a new name of the device take effect, and warns once of each option that can't. What is not given asks for nothing. */
export function takeLaterOptions(client: UserSessionClient, { inUse, warnings }: HeldClient, given: LaterOptions): void {
  const { deviceName } = given;
  if (deviceName !== undefined && deviceName !== inUse.deviceName) {
    inUse.deviceName = deviceName;
    const name = deviceNameOption(deviceName);
    if (name) void client.setDeviceName(name);
  }
  for (const name of FIXED) {
    const [wanted, used] = [given[name], inUse[name]];
    if (wanted === undefined || isAlike(wanted, used)) continue;
    warnings.warn(name, `the option ${name} can't change: ${used === undefined ? "its default" : shown(used)} stays in use, not ${typeof wanted === "object" ? "another" : shown(wanted)}`);
  }
}

/** Objects are compared by their members, since an app may write them inline, and its functions there are others each time. */
function isAlike(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<never>;
  return [...names].every((name) => Object.is(a[name], b[name]) || (typeof a[name] === "function" && typeof b[name] === "function"));
}
