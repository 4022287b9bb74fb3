import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

/**
 * Ports below those that systems hand out by themselves, to servers and to clients alike, and above 10,080, which the
 * Fetch standard forbids.
 */
const FIRST = 10_100;
const BLOCKS = 1_100;
const BLOCK = 20;

/** The folder of a run of `npm test`, in which one process sees which blocks others have. */
const RUN_FOLDER = process.env.TEST_RUN_FOLDER;

let used = 0;
/** @type {number | undefined} */
let block;

/**
 * A port that nobody listens on, and that stays free until the caller takes it: each process has a
 * block of its own, of which none is given twice, and the system gives none of them to others.
 * @returns {Promise<number>}
 */
export async function freePort() {
  block ??= takeBlock();
  while (used < BLOCK) {
    const port = FIRST + block * BLOCK + used++;
    if (await isFree(port)) return port;
  }
  throw new Error(`all ${BLOCK} ports of this process are taken`);
}

/** Takes a block that no other process of this run has: their ids may be the same but for a multiple of the blocks. */
function takeBlock() {
  for (let next = process.pid % BLOCKS; ; next = (next + 1) % BLOCKS) {
    if (!RUN_FOLDER) return next;
    try {
      closeSync(openSync(join(RUN_FOLDER, `ports-${next}`), "wx"));
      return next;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
    }
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
