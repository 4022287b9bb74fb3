/** What workerd itself costs where each frame also writes a row of some hundred changing bytes. */
import { Echo as Base } from "./echo.js";

export { default } from "./routes.js";

const ROW_BYTES = 100;

export class EchoPut extends Base {
  #row = new Uint8Array(ROW_BYTES);
  #view = new DataView(this.#row.buffer);
  #writes = 0;

  /**
   * @param {WebSocket} socket
   * @param {string | ArrayBuffer} content
   * @override
   */
  webSocketMessage(socket, content) {
    this.#view.setUint32(0, ++this.#writes);
    this.ctx.storage.kv.put("row", this.#row);
    super.webSocketMessage(socket, content);
  }
}
