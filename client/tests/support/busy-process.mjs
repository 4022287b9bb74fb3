/**
 * A process that has asked the server whether it is there, and is then too busy to hear the answer
 * until it is overdue. It prints what its client has counted since.
 */
import { pbkdf2 } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { UserSessionClient } from "user-session-worker/client";

/** The client waits 5 s for an answer when there is reason to doubt the connection. */
const BUSY_MS = 5_200;

const [url = "", userId = ""] = process.argv.slice(2);
const page = new EventTarget();
Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page) });
const client = new UserSessionClient({ url, userId, deviceId: "busy", heartbeatMs: 60_000 });
client.connect();
while (client.getMetrics().roundTripMs === null) await delay(5);

const before = client.getMetrics();
page.dispatchEvent(new Event("online"));
const end = performance.now() + BUSY_MS;
while (performance.now() < end);
// It occupies the only thread that unpacks messages for a moment more, as a machine with a load does.
pbkdf2("password", "salt", 30_000, 64, "sha512", () => {});

const isDecided = () => Number(client.getMetrics().roundTripMs) >= BUSY_MS || client.getMetrics().timeouts > before.timeouts;
while (!isDecided()) await delay(5);
const { timeouts, attempts } = client.getMetrics();
const more = { timeouts: timeouts - before.timeouts, attempts: attempts - before.attempts };
console.log(JSON.stringify({ ...more, status: client.getSnapshot().connectionStatus }));
process.exit();
