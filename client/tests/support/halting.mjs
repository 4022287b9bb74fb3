/** The process that runs a page, which is stopped as a system stops it, in whichever engine. Linux alone lets one find it. */
import { readFileSync, readdirSync } from "node:fs";

/** @import { TestContext } from "node:test" */
/** @import { EngineName } from "../../../tests/support/browsers/driver.d.ts" */
/** @import { Page } from "../../../tests/support/browsers/page.mjs" */

/** How long a page is busy at a time, so that its process can be told from others. */
const BUSY_MS = 200;
/** A process has worked for that page if it has run for so many ticks more than any other. */
const CLEAR_TICKS = 20;
const TRIES = 100;

/** How the command lines of processes look that run pages. @type {Record<EngineName, RegExp>} */
const RUNS_PAGES = { chromium: /--type=renderer/, firefox: /-contentproc/, webkit: /WebKitWebProcess/ };

/** The processes that run an engine's pages, and for how many ticks each has run. @param {EngineName} engine @returns {Map<number, number>} */
function processesOf(engine) {
  const found = new Map();
  for (const pid of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
    try {
      if (!RUNS_PAGES[engine].test(readFileSync(`/proc/${pid}/cmdline`, "utf8"))) continue;
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
      found.set(Number(pid), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It has ended since.
    }
  }
  return found;
}

/**
 * The process that runs a page: of its engine's, the one that works when the page is busy.
 * @param {EngineName} engine
 * @param {Page} page
 */
export async function processOf(engine, page) {
  const before = processesOf(engine);
  for (let tries = 0; tries < TRIES; tries++) {
    await page.evaluate(`(() => { for (const end = Date.now() + ${BUSY_MS}; Date.now() < end; ); })()`);
    const ran = [...processesOf(engine)].map(([pid, ticks]) => ({ pid, ticks: ticks - (before.get(pid) ?? ticks) }));
    const [first, second = { ticks: 0 }] = ran.toSorted((a, b) => b.ticks - a.ticks);
    if (first && first.ticks - second.ticks > CLEAR_TICKS) return first.pid;
  }
  throw new Error("no process works more than others while the page is busy");
}

/**
 * Stops a process until the test's end, or until what it returns is called.
 * @param {TestContext} t
 * @param {number} pid
 */
export function halt(t, pid) {
  const goOn = () => {
    try {
      process.kill(pid, "SIGCONT");
    } catch {
      // Its browser has ended.
    }
  };
  process.kill(pid, "SIGSTOP");
  t.after(goOn);
  return goOn;
}
