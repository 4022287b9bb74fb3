/**
 * A process whose sockets fail, that has asked the server for the cause by HTTP, and is then too busy
 * to hear the answer until it is overdue. It prints the problem that its client has found.
 */
import { setTimeout as delay, setImmediate as turn } from "node:timers/promises";

import { UserSessionClient } from "user-session-worker/client";

/** The client waits 5 s for the answer, which is there sooner. */
const BUSY_MS = 5_200;
const SENT_MS = 200;

const client = new UserSessionClient({ url: process.argv[2], userId: "busy", deviceId: "busy" });
const { fetch } = globalThis;
/** @type {PromiseWithResolvers<void>} */
const asked = Promise.withResolvers();
globalThis.fetch = (...given) => {
  asked.resolve();
  return fetch(...given);
};
client.connect();
await asked.promise;
await delay(SENT_MS);
// Node runs the timers that are due next.
await turn();
const end = performance.now() + BUSY_MS;
while (performance.now() < end);
await delay(SENT_MS);
console.log(client.getSnapshot().problem?.code);
process.exit();
