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
      if (!isOurs(Number(pid))) continue;
      const fields = statOf(Number(pid));
      found.set(Number(pid), Number(fields[11]) + Number(fields[12]));
    } catch {
      // It has ended since.
    }
  }
  return found;
}

/** The fields of a process's state behind its name, which may have spaces. @param {number} pid */
function statOf(pid) {
  return readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /, "").split(" ");
}

/** Whether this process has started another: other files of tests have browsers, too. @param {number} pid */
function isOurs(pid) {
  let at = pid;
  while (at > 1 && at !== process.pid) at = Number(statOf(at)[1]);
  return at === process.pid;
}

/**
 * The process that runs a page: of its engine's, the one that works when the page is busy, twice in a row. Another may
 * have worked once, since its page was loaded.
 * @param {EngineName} engine
 * @param {Page} page
 */
export async function processOf(engine, page) {
  let pid = await busiest(engine, page);
  for (let again = await busiest(engine, page); again !== pid; again = await busiest(engine, page)) pid = again;
  return pid;
}

/** @param {EngineName} engine @param {Page} page */
async function busiest(engine, page) {
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
