/** What workerd itself costs where the sender alone is answered, with as many bytes as it is told. */
import { Echo as Base } from "./echo.js";

export { default } from "./routes.js";

export class EchoOne extends Base {
  #answer;

  /**
   * @param {DurableObjectState} ctx
   * @param {Env & {ANSWER_BYTES: string}} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    this.#answer = "x".repeat(Number(env.ANSWER_BYTES));
  }

  /**
   * @param {WebSocket} socket
   * @override
   */
  webSocketMessage(socket) {
    socket.send(this.#answer);
  }
}
