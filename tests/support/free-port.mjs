import { createServer } from "node:net";

/** A port that nobody listens on. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(null)));
  const address = server.address();
  await new Promise((resolve) => void server.close(resolve));
  if (!address || typeof address !== "object") throw new Error("no port");
  return address.port;
}
