/** A user's object that stores rows and does nothing else: what rows themselves cost a process. */
import { DurableObject } from "cloudflare:workers";

export class Rows extends DurableObject {
  /**
   * Stores as many rows as a request asks for, or one as often.
   * @param {Request} request
   * @override
   */
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    const [count, size] = ["count", "size"].map((name) => Number(query.get(name)));
    for (let at = 0; at < count; at++) {
      const key = `row-${query.get("many") === "true" ? at : 0}`;
      this.ctx.storage.kv.put(key, new Uint8Array(size).fill(at + 1));
    }
    return new Response(null, { status: 204 });
  }
}

export default {
  /** @param {Request} request @param {{USER_SESSION_DO: DurableObjectNamespace}} env */
  fetch(request, { USER_SESSION_DO: objects }) {
    const userId = new URL(request.url).searchParams.get("userId") ?? "";
    return objects.get(objects.idFromName(userId)).fetch(request);
  },
};
