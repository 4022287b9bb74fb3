/**
 * The network of one device, which can fail on command. The client takes its `WebSocket`, so every
 * frame passes here, and the page's `fetch` by which the client asks why it can't connect.
 */

/** In these bytes the platform answers it without waking the user's object. */
export const HEARTBEAT = '{"type":"ping"}';
export const HEARTBEAT_ANSWER = '{"type":"pong"}';

const BROKEN = 1006;

/** The networks of the devices by their ids. @type {Map<string, Network>} */
const networks = new Map();

const fetchAnyhow = globalThis.fetch;

/** A device's requests by HTTP carry its id, and fail where its sockets do. @type {typeof fetch} */
globalThis.fetch = async (input, init) => {
  const address = new URL(input instanceof Request ? input.url : input, location.href);
  const network = networks.get(address.searchParams.get("deviceId") ?? "");
  if (network?.condition === "offline") throw new TypeError("Failed to fetch");
  return fetchAnyhow(input, init);
};

/**
 * - `online`
 * - `offline`: connections are cut, and none can be made
 * - `asleep`: like a laptop whose lid is closed. The socket stays open at the server, but nothing is
 *   sent or read until the device wakes
 * @typedef {"online" | "offline" | "asleep"} Condition
 */

/**
 * @typedef {object} NetworkListener
 * @property {(text: string) => void} sent
 * @property {(text: string) => void} arrived A frame has come, also if the device sleeps.
 * @property {(text: string) => void} read The device has read a frame.
 * @property {(address: URL) => void} dialled
 * @property {() => void} cut The server has closed a connection, also if the device sleeps.
 * @property {(code: number, reason: string) => void} closed
 * @property {() => void} unreachable A connection was wanted and could not be made.
 */

export class Network {
  /** @type {Condition} */
  condition = "online";
  /** @type {Set<DeviceSocket>} */
  #sockets = new Set();
  listener;

  /** @param {string} deviceId The only one by it. @param {NetworkListener} listener */
  constructor(deviceId, listener) {
    this.listener = listener;
    networks.set(deviceId, this);
  }

  /** What makes the device's sockets. */
  get WebSocket() {
    const network = this;
    const made = class extends DeviceSocket {
      /** @param {string} url @param {string[]} protocols */
      constructor(url, protocols) {
        super(network, url, protocols);
      }
    };
    return /** @type {typeof WebSocket} */ (/** @type {unknown} */ (made));
  }

  /** @param {Condition} condition */
  change(condition) {
    this.condition = condition;
    for (const socket of [...this.#sockets]) socket.conditionChanged();
  }

  /** @param {DeviceSocket} socket */
  add(socket) {
    this.#sockets.add(socket);
  }

  /** @param {DeviceSocket} socket */
  remove(socket) {
    this.#sockets.delete(socket);
  }
}

/** As much of a WebSocket as the client uses. */
class DeviceSocket {
  static CONNECTING = WebSocket.CONNECTING;
  static OPEN = WebSocket.OPEN;
  static CLOSING = WebSocket.CLOSING;
  static CLOSED = WebSocket.CLOSED;

  /** @type {number} */
  readyState = DeviceSocket.CONNECTING;
  protocol = "";
  /** @type {(() => void) | null} */
  onopen = null;
  /** @type {((event: {data: string}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number, reason: string}) => void) | null} */
  onclose = null;
  #network;
  /** @type {WebSocket | null} */
  #real = null;
  /** What waits for the device to wake, in order. @type {(() => void)[]} */
  #held = [];

  /**
   * @param {Network} network
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(network, url, protocols) {
    this.#network = network;
    network.add(this);
    if (network.condition === "offline") queueMicrotask(() => this.#unreachable());
    else this.#whenAwake(() => this.#dial(url, protocols));
  }

  /** @param {string} text */
  send(text) {
    if (this.#network.condition === "asleep" && text === HEARTBEAT) {
      // No time passes for a device that sleeps, so its client must not miss an answer.
      queueMicrotask(() => this.onmessage?.({ data: HEARTBEAT_ANSWER }));
      return;
    }
    this.#whenAwake(() => {
      if (this.#real?.readyState !== WebSocket.OPEN) return;
      this.#network.listener.sent(text);
      this.#real.send(text);
    });
  }

  /** @param {number} [code] */
  close(code) {
    this.readyState = DeviceSocket.CLOSING;
    this.#held = [];
    this.#whenAwake(() => this.#real?.close(code));
  }

  conditionChanged() {
    const { condition } = this.#network;
    if (condition === "online") for (const action of this.#held.splice(0)) action();
    if (condition === "offline") {
      this.#real?.close();
      this.#closed(BROKEN, "");
    }
  }

  /** @param {string} url @param {string[]} protocols */
  #dial(url, protocols) {
    this.#network.listener.dialled(new URL(url));
    const real = new WebSocket(url, protocols);
    this.#real = real;
    real.onopen = () => this.#whenAwake(() => this.#opened(real.protocol));
    real.onmessage = ({ data }) => this.#arrived(String(data));
    real.onclose = ({ code, reason }) => {
      if (this.readyState === DeviceSocket.CLOSED) return;
      this.#network.listener.cut();
      this.#whenAwake(() => this.#closed(code, reason));
    };
  }

  /** @param {string} protocol */
  #opened(protocol) {
    this.readyState = DeviceSocket.OPEN;
    this.protocol = protocol;
    this.onopen?.();
  }

  /** @param {string} text */
  #arrived(text) {
    if (this.readyState === DeviceSocket.CLOSED) return;
    this.#network.listener.arrived(text);
    const read = () => {
      this.#network.listener.read(text);
      this.onmessage?.({ data: text });
    };
    if (text === HEARTBEAT_ANSWER) read();
    else this.#whenAwake(read);
  }

  #unreachable() {
    this.readyState = DeviceSocket.CLOSED;
    this.#network.remove(this);
    this.#network.listener.unreachable();
    this.onclose?.({ code: BROKEN, reason: "" });
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    if (this.readyState === DeviceSocket.CLOSED) return;
    this.readyState = DeviceSocket.CLOSED;
    this.#held = [];
    this.#network.remove(this);
    this.#network.listener.closed(code, reason);
    this.onclose?.({ code, reason });
  }

  /** @param {() => void} action */
  #whenAwake(action) {
    if (this.#network.condition === "asleep") this.#held.push(action);
    else action();
  }
}
