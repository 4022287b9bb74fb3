/**
 * A process whose sockets fail, that has asked the server for the cause by HTTP, and is then too busy
 * to hear the answer until it is overdue. It is told by its input that the server has been asked, and
 * prints the problem that its client has found.
 */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";

import { UserSessionClient } from "user-session-worker/client";

/** The client waits 5 s for the answer, which is there sooner. */
const BUSY_MS = 5_200;

const client = new UserSessionClient({ url: process.argv[2], userId: "busy", deviceId: "busy" });
const { fetch } = globalThis;
/** @type {AbortSignal | null | undefined} */
let patience;
globalThis.fetch = (...given) => {
  patience = given[1]?.signal;
  return fetch(...given);
};
client.connect();
await once(process.stdin, "data");
const end = performance.now() + BUSY_MS;
while (performance.now() < end);
const code = () => client.getSnapshot().problem?.code;
// The client says `unreachable` until it knows better.
while (code() === "unreachable" && !patience?.aborted) await delay(5);
console.log(code());
process.exit();
