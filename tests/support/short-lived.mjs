/** Devices whose credential ends while a test goes on. */

/** @import { Device } from "./device.mjs" */

/** A machine that has no time for a life as long as this one will not have it for a longer one. */
const LIFE_SECONDS_MAX = 64;

/**
 * Connects a device by a credential with a life as short as this machine has time for.
 * @param {(lifeSeconds: number) => Device} connect
 * @param {(device: Device) => Promise<void>} use What must happen before the credential ends; it is tried again with a
 *   longer life if it fails.
 */
export async function shortLived(connect, use) {
  for (let lifeSeconds = 2; ; lifeSeconds *= 2) {
    const device = connect(lifeSeconds);
    try {
      await device.next();
      await use(device);
      return device;
    } catch (error) {
      if (lifeSeconds >= LIFE_SECONDS_MAX) throw error;
    }
  }
}
