/** What workerd itself costs: every frame goes to every socket, unread, and nothing is stored. */
import { DurableObject } from "cloudflare:workers";

export { default } from "./routes.js";

export class Echo extends DurableObject {
  /**
   * @param {DurableObjectState} ctx
   * @param {Env} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    ctx.setWebSocketAutoResponse(
      new WebSocketRequestResponsePair('{"type":"ping"}', '{"type":"pong"}'),
    );
  }

  /** @override */
  fetch() {
    const { 0: client, 1: server } = new WebSocketPair();
    this.ctx.acceptWebSocket(server);
    return new Response(null, { status: 101, webSocket: client });
  }

  /**
   * @param {WebSocket} _socket
   * @param {string | ArrayBuffer} content
   * @override
   */
  webSocketMessage(_socket, content) {
    for (const socket of this.ctx.getWebSockets()) socket.send(content);
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketClose(socket) {
    socket.close(1000);
  }
}
