import type { Kit } from "./kit.js";

/**
 * The pieces of the first part of the client that the tabs' modules use, since the first group was made. It is filled and not
 * replaced: Metro's modules see no new value of an export.
 */
export const kit = {} as Kit;

export function takeKit(given: Kit): void {
  Object.assign(kit, given);
}
