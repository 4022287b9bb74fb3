import { eventually } from "./eventually.mjs";
import { stateOf } from "./logout.mjs";

/** @import { Device } from "./device.mjs" */
/** @import { Server } from "./server.mjs" */

/**
 * Closes a device and waits until the server has forgotten it.
 * @param {Pick<Server, "http">} server
 * @param {Device} device
 * @param {string} userId
 * @param {number} left How many devices are then connected.
 */
export async function leave(server, device, userId, left) {
  await device.close();
  await eventually("the device to be forgotten", async () => {
    return (await stateOf(server, userId)).connectedDevices === left;
  });
}
