/**
 * The client in a worker of any kind: dedicated, shared or service. It does what it is asked by messages and answers them.
 */
import { UserSessionClient } from "user-session-worker/client";

const worker = /** @type {any} */ (globalThis);
const query = new URLSearchParams(worker.location.search);
const userId = String(query.get("userId"));

const client = new UserSessionClient({
  userId,
  deviceId: String(query.get("deviceId")),
  token: () => fetch(`/test/token?${new URLSearchParams({ userId })}`, { method: "POST" }).then((answer) => answer.text()),
});
/** @type {unknown[]} */
const heard = [];
client.onEvent("move", ({ data }) => void heard.push(data));
client.connect();

/** @type {Record<string, (data: unknown) => unknown>} */
const ACTIONS = {
  state: () => ({ status: client.getSnapshot().connectionStatus, heard, hasPage: typeof document !== "undefined" }),
  publish: (data) => client.publish("move", data),
  logout: () => client.logoutAllDevices(),
};

/** @param {any} event @param {{postMessage: (data: unknown) => void}} asker */
function answer(event, asker) {
  const { id, action, data } = event.data;
  const done = Promise.resolve(ACTIONS[action](data)).then((value) => asker.postMessage({ id, value }));
  event.waitUntil?.(done);
}

worker.addEventListener("message", (/** @type {any} */ event) => answer(event, event.source ?? worker));
worker.addEventListener("connect", (/** @type {any} */ { ports: [port] }) => {
  port.onmessage = (/** @type {any} */ event) => answer(event, port);
});
