/** What the log is told once only, however many requests come upon it. */

/** What has been told already: a configuration does not change while the Worker runs. @type {Set<string>} */
const told = new Set();

/**
 * Writes a line to the log unless it has been written before.
 * @param {string} line Without anything that a request has brought: it would be kept.
 */
export function tellOnce(line) {
  if (told.has(line)) return;
  told.add(line);
  console.error(`user-session: ${line}`);
}
