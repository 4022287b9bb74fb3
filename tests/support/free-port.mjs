import { createServer } from "node:net";

/**
 * Ports below those that systems hand out by themselves, to servers and to clients alike, and above 10,080, which the
 * Fetch standard forbids.
 */
const FIRST = 10_100;
const BLOCKS = 1_100;
const BLOCK = 20;

let used = 0;

/**
 * A port that nobody listens on, and that stays free until the caller takes it: each process has a
 * block of its own, of which none is given twice, and the system gives none of them to others.
 * @returns {Promise<number>}
 */
export async function freePort() {
  while (used < BLOCK) {
    const port = FIRST + (process.pid % BLOCKS) * BLOCK + used++;
    if (await isFree(port)) return port;
  }
  throw new Error(`all ${BLOCK} ports of this process are taken`);
}

/** @param {number} port @returns {Promise<boolean>} */
function isFree(port) {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
