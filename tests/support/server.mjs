/**
 * The real Worker in the real workerd, started through wrangler's own harness.
 */
import { fileURLToPath } from "node:url";

// Nothing here may reach out to the network.
process.env.WRANGLER_SEND_METRICS = "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
// These keep wrangler from writing a trace of each request to a database, for a page that no test opens. It takes two fifths
// of the time that a request takes.
process.env.X_LOCAL_OBSERVABILITY = "false";
process.env.X_LOCAL_EXPLORER = "false";

/** The project's folder. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** The class that the test Workers export and the tests evict. */
const CLASS_NAME = "UserSessionDO";

/**
 * A running server.
 * @typedef {object} Server
 * @property {string} http Its base address, without a slash at the end.
 * @property {string} ws The same for sockets.
 * @property {(userId: string) => Promise<void>} hibernate Evicts a user's object; its sockets stay
 *   open, as when it hibernates.
 * @property {(userId: string) => Promise<void>} restart Evicts it and cuts its sockets, as an
 *   immediate deploy does.
 * @property {() => string[]} logs What the Worker has logged.
 * @property {() => Promise<void>} close
 */

/** Whoever asks is who they say, and may ask as fast as a test does. */
export const OPEN = { AUTH_MODE: "none", FRAMES_PER_SECOND: "0", CONNECTS_PER_MINUTE: "0" };

/**
 * Starts the Worker of a configuration.
 * @param {string} [configPath] Defaults to the project's own.
 * @param {Record<string, string>} [vars] Its variables; without any, nobody is checked.
 * @returns {Promise<Server>}
 */
export async function startServer(configPath = `${ROOT}wrangler.jsonc`, vars = OPEN) {
  // Loaded here, since it takes a second, and many files import nothing from this one but where the project is.
  const { createTestHarness } = await import("wrangler");
  const harness = createTestHarness({ root: ROOT, workers: [{ configPath, vars }] });
  const { url } = await harness.listen();
  const http = url.origin;
  /**
   * Evicts an object unless it is asleep already, as it may be by itself on a busy machine.
   * @param {string} name
   * @param {"hibernate" | "close"} webSockets
   * @returns {Promise<boolean>} Whether it ran.
   */
  const evicted = async (name, webSockets) => {
    try {
      await harness.getWorker().evictDurableObject(CLASS_NAME, { name, webSockets });
      return true;
    } catch (error) {
      if (!String(error).includes("it is not currently running")) throw error;
      return false;
    }
  };
  return {
    http,
    ws: http.replace("http", "ws"),
    hibernate: async (userId) => void (await evicted(userId, "hibernate")),
    restart: async (userId) => {
      const query = new URLSearchParams({ userId });
      // An object that is asleep is woken first: only one that runs can be made to cut its sockets.
      while (!(await evicted(userId, "close"))) {
        const { status } = await fetch(`${http}/__user-session/state?${query}`);
        if (status !== 200) throw new Error(`the object of ${userId} can't be woken: ${status}`);
      }
    },
    logs: () => harness.getLogs().map(({ message }) => String(message)),
    close: () => harness.close(),
  };
}
