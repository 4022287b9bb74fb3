/**
 * Ends a process of `node --test` that does not end by itself, so that its file fails and says so. Node's
 * `--test-timeout` ends tests alone: not a loop that never lets go of the thread, a hook that waits for ever, or
 * a server that a failed hook has left running.
 */
import { Worker, isMainThread } from "node:worker_threads";

/** Several times what the slowest file takes on a busy machine. */
const DEADLINE_MS = Number(process.env.TEST_FILE_DEADLINE_MS ?? 600_000);

/** A thread of its own, which a busy main thread doesn't keep from its timer. */
const watch = `
  setTimeout(() => {
    require("node:fs").writeSync(2, "This file has not ended after ${DEADLINE_MS / 1_000} s: it is killed.\\n");
    process.kill(process.pid, "SIGKILL");
  }, ${DEADLINE_MS});`;

// Node sets the variable for the processes of the files. Whoever starts them has no deadline.
if (isMainThread && process.env.NODE_TEST_CONTEXT) new Worker(watch, { eval: true, execArgv: [] }).unref();
