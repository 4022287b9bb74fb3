/**
 * The session and the same logic in plain JavaScript, each as a Durable Object that times its own
 * handler: one frame after the other, with a socket that sends nowhere and a storage that keeps
 * nothing, so that only code of ours is timed.
 */
import { UserSessionDO as SessionDO } from "../../../worker-shim.js";
import { Plain as PlainDO } from "../references/plain.js";
import { FRAMES } from "./frames.js";

const nothing = () => {};

/**
 * Lets an object's socket send nowhere and its storage keep nothing.
 * @param {DurableObjectState} ctx
 * @returns {WebSocket}
 */
function muffled(ctx) {
  const [socket] = ctx.getWebSockets();
  Object.defineProperty(socket, "send", { value: nothing, configurable: true });
  const { kv } = ctx.storage;
  const quiet = { get: (/** @type {string} */ key) => kv.get(key), put: nothing };
  Object.defineProperty(ctx.storage, "kv", { value: quiet, configurable: true });
  return socket;
}

/**
 * Hands a handler frames of a kind. The caller takes the time: here it stands still.
 * @param {(content: string) => void} handle
 * @param {URL} url
 */
function repeat(handle, { searchParams }) {
  const frames = FRAMES[String(searchParams.get("kind"))];
  const count = Number(searchParams.get("count"));
  for (let at = 0; at < count; at++) handle(frames[at % frames.length]);
  return new Response(null, { status: 204 });
}

export class Session extends SessionDO {
  /**
   * @param {Request} request
   * @override
   */
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname !== "/time") return super.fetch(request);
    const socket = muffled(this.ctx);
    return repeat((content) => this.webSocketMessage(socket, content), url);
  }
}

export class Plain extends PlainDO {
  /**
   * @param {Request} request
   * @override
   */
  fetch(request) {
    const url = new URL(request.url);
    if (url.pathname !== "/time") return super.fetch(request);
    const socket = muffled(this.ctx);
    return repeat((content) => this.webSocketMessage(socket, content), url);
  }
}

export default {
  /**
   * @param {Request} request
   * @param {Record<string, DurableObjectNamespace>} env
   */
  fetch(request, env) {
    const { searchParams } = new URL(request.url);
    const objects = env[String(searchParams.get("object"))];
    return objects.get(objects.idFromName("user")).fetch(request);
  },
};
