/** A page whose sockets can be cut, as by a lost network. */

/** @import { Page, WebSocketRoute } from "playwright-core" */

/**
 * Makes a page's sockets ones that can be cut.
 * @param {Page} page
 */
export async function cuttable(page) {
  /** @type {Set<WebSocketRoute>} */
  const open = new Set();
  let isCut = false;
  await page.routeWebSocket(/__user-session/, (socket) => {
    if (isCut) return void socket.close({ code: 1001 });
    open.add(socket);
    socket.connectToServer();
  });
  return {
    async cut() {
      isCut = true;
      for (const socket of open) await socket.close({ code: 1001 });
    },
    async mend() {
      isCut = false;
      await page.evaluate(() => dispatchEvent(new Event("online")));
    },
  };
}
