/**
 * Requests and responses as the Worker uses them. Node's own refuse the status 101, have no `cf` and no
 * `webSocket`, and read bodies in ways that are not the platform's.
 */

/** @typedef {string | Uint8Array | null | undefined} Content */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What requests and responses have in common: headers, and a body that can be read once. */
class Message {
  headers;
  bodyUsed = false;
  /** @type {Uint8Array | null} */
  #bytes;

  /** @param {Content} content @param {any} headers */
  constructor(content, headers) {
    this.#bytes = typeof content === "string" ? encoder.encode(content) : (content ?? null);
    this.headers = new Headers(headers);
  }

  /** The body, as a list of its only chunk. */
  get body() {
    return this.#bytes && [this.#bytes];
  }

  async text() {
    if (this.bodyUsed) throw new TypeError("Body has already been used");
    this.bodyUsed = true;
    return decoder.decode(this.#bytes ?? new Uint8Array(0));
  }

  async json() {
    return JSON.parse(await this.text());
  }
}

export class SimulatedRequest extends Message {
  url;
  method;
  cf;

  /** @param {string} url @param {{method?: string, headers?: any, body?: Content, cf?: any}} [init] */
  constructor(url, { method, headers, body, cf } = {}) {
    super(body, headers);
    this.url = url;
    this.method = method ?? "GET";
    this.cf = structuredClone(cf);
  }
}

export class SimulatedResponse extends Message {
  status;
  webSocket;

  /** @param {any} [body] A content, or the body of another response. @param {any} [init] */
  constructor(body, { status = 200, headers, webSocket = null } = {}) {
    super(Array.isArray(body) ? body[0] : body, headers);
    this.status = status;
    this.webSocket = webSocket;
  }

  /** @param {unknown} value @param {any} [init] */
  static json(value, init = {}) {
    const headers = { "Content-Type": "application/json", ...init.headers };
    return new SimulatedResponse(JSON.stringify(value), { ...init, headers });
  }

  clone() {
    if (this.bodyUsed) throw new TypeError("Body has already been used");
    return new SimulatedResponse(this.body, this);
  }

  get ok() {
    return this.status >= 200 && this.status < 300;
  }
}
