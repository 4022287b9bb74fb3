/** How an app tests its Worker inside the runtime: every request speaks of a host that is nobody's. */
import { exports } from "cloudflare:workers";
import { expect, test } from "vitest";

const PREFIX = "https://example.com/__user-session";

test("a request is let in", async () => {
  const response = await exports.default.fetch(`${PREFIX}/state?userId=kim`);
  expect(response.status).toBe(200);
  expect((await response.json()).userId).toBe("kim");
});

test("a socket is let in", async () => {
  const headers = { Upgrade: "websocket" };
  const { status, webSocket } = await exports.default.fetch(`${PREFIX}?userId=kim`, { headers });
  expect(status).toBe(101);
  const first = new Promise((resolve) => {
    webSocket.addEventListener("message", ({ data }) => resolve(JSON.parse(data)), { once: true });
  });
  webSocket.accept();
  expect((await first).type).toBe("initial_state");
  webSocket.close();
});

test("a request that says which host it means is refused", async () => {
  for (const Host of ["example.com", "evil.example"]) {
    const response = await exports.default.fetch(`${PREFIX}/state?userId=kim`, { headers: { Host } });
    expect(response.status).toBe(403);
  }
});

test("a request to a host that can be somebody's is refused", async () => {
  const response = await exports.default.fetch("https://app.com/__user-session/state?userId=kim");
  expect(response.status).toBe(403);
});
