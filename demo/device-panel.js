/** One device of the user: its own client on a network of its own, and the panel that shows it. */
import { UserSessionClient } from "/client/index.js";

import { DeviceRows } from "./device-rows.js";
import { clock, copyOf, element, part, write } from "./dom.js";
import { FrameList } from "./frame-list.js";
import { HEARTBEAT, HEARTBEAT_ANSWER, Network } from "./network.js";

/** @import { Presence, RequestOutcome, SessionEvent, SessionSnapshot } from "/client/index.js" */
/** @import { Condition } from "./network.js" */

/** Short, so that they are seen not to wake the object. */
const HEARTBEAT_MS = 5_000;

const EVENTS_MAX = 4;
const GAMES = ["chess", "go", "shogi", "hex"];

/** What stands in place of the client's names. */
const STATUS = {
  idle: "not connected",
  connecting: "connecting",
  connected: "connected",
  reconnecting: "connection broke, trying again",
  lost: "no connection, trying again",
  logged_out: "logged out",
  replaced: "replaced by the same tab elsewhere",
  unauthorized: "not signed in",
  forbidden: "not allowed",
};
const HINTS = {
  online: "",
  asleep: "Like a laptop that was closed: its socket stays open, but it says and hears nothing.",
  offline: "Its connection is cut. What it asks for is shown at once, and sent when it is back.",
};
const OVER = ["logged_out", "replaced", "unauthorized", "forbidden"];

/**
 * @typedef {object} DeviceDescription
 * @property {string} userId
 * @property {string} deviceId
 * @property {string} name
 * @property {string} icon The id of its symbol.
 */

/**
 * What goes on between the device and the server, as whoever watches the object wants to know it.
 * @typedef {object} TrafficListener
 * @property {(kind: "sent" | "received" | "heartbeat" | "link") => void} traffic
 */

export class DevicePanel {
  root = copyOf("device");
  /** @type {UserSessionClient} */
  client;
  #network;
  #frames;
  #rows;
  /** @type {Map<string, HTMLButtonElement>} */
  #games = new Map();
  #wasOver = false;
  /** What was asked for and has no answer yet. @type {Presence | null} */
  #chosenPresence = null;

  /** @param {DeviceDescription} description @param {TrafficListener} listener */
  constructor({ userId, deviceId, name, icon }, listener) {
    this.#frames = new FrameList(this.#part(".frames ol"));
    this.#network = new Network({
      sent: (text) => {
        this.#frames.add("sent", text);
        if (text !== HEARTBEAT) listener.traffic("sent");
      },
      arrived: (text) => listener.traffic(text === HEARTBEAT_ANSWER ? "heartbeat" : "received"),
      read: (text) => this.#frames.add("received", text),
      dialled: ({ searchParams }) => {
        const since = searchParams.get("since");
        this.#frames.note(since ? `connects, has seen all up to ${since}` : "connects");
        listener.traffic("link");
      },
      closed: (code, reason) => {
        this.#frames.note(`closed: ${code}${reason && `, ${reason}`}`);
        listener.traffic("link");
      },
      unreachable: () => this.#frames.note("no network to connect by"),
    });
    this.client = new UserSessionClient({
      userId,
      deviceId,
      deviceName: name,
      heartbeatMs: HEARTBEAT_MS,
      WebSocket: this.#network.WebSocket,
    });
    this.#rows = new DeviceRows(this.root, (id) => this.#ask(this.client.logoutDevice(id)));
    this.root.dataset["device"] = deviceId;
    const heading = this.#part("h2");
    heading.id = `name-${deviceId}`;
    write(heading, name);
    this.root.setAttribute("aria-labelledby", heading.id);
    this.#part("use").setAttribute("href", `#${icon}`);
    // Where there is room for them.
    const isWide = matchMedia("(min-width: 48rem)").matches;
    for (const details of this.root.querySelectorAll("details")) details.open = isWide;
    this.#wire(deviceId);
    this.client.subscribe(() => this.#render(this.client.getSnapshot()));
    this.client.on("event", ({ event }) => this.#showEvent(event));
    this.client.connect();
  }

  /** @param {string} selector */
  #part(selector) {
    return part(this.root, selector);
  }

  /** @param {string} deviceId */
  #wire(deviceId) {
    for (const game of GAMES) this.#gameButton(game);
    this.#onSubmit(".other-game", (game) => this.client.joinGame(game));
    this.#onSubmit(".event", (text) => this.client.publish("note", text));
    for (const radio of this.#radios()) {
      radio.name = `presence-${deviceId}`;
      radio.addEventListener("change", () => this.#choosePresence(/** @type {Presence} */ (radio.value)));
    }
    for (const condition of /** @type {const} */ (["asleep", "offline"])) {
      this.#part(`.conditions [value=${condition}]`).addEventListener("click", () => {
        this.#change(this.#network.condition === condition ? "online" : condition);
      });
    }
    const clicks = {
      ".logout-others": () => this.#ask(this.client.logoutOthers()),
      ".logout-all": () => this.#ask(this.client.logoutAllDevices()),
      ".sign-in": () => this.#signIn(),
    };
    for (const [selector, click] of Object.entries(clicks)) {
      this.#part(selector).addEventListener("click", click);
    }
  }

  /** @param {string} form @param {(text: string) => Promise<RequestOutcome>} ask */
  #onSubmit(form, ask) {
    this.#part(form).addEventListener("submit", (event) => {
      event.preventDefault();
      const input = /** @type {HTMLInputElement} */ (this.#part(`${form} input`));
      if (input.value.trim() === "") return input.focus();
      void this.#ask(ask(input.value.trim()));
      input.value = "";
    });
  }

  /** @param {Promise<RequestOutcome>} asked */
  async #ask(asked) {
    const outcome = await asked;
    write(this.#part(".message"), outcome.ok || outcome.code === "ended" ? "" : outcome.message);
  }

  /** @param {Presence} presence */
  async #choosePresence(presence) {
    this.#chosenPresence = presence;
    await this.#ask(this.client.updatePresence(presence));
    if (this.#chosenPresence === presence) this.#chosenPresence = null;
    this.#render(this.client.getSnapshot());
  }

  #signIn() {
    this.client.reconnect();
    this.#part("h2").focus();
  }

  /** @param {Condition} condition */
  #change(condition) {
    this.#network.change(condition);
    const snapshot = this.client.getSnapshot();
    const isOver = OVER.includes(snapshot.connectionStatus);
    // As it does by itself at the browser's `online` event.
    if (condition === "online" && !isOver) this.client.reconnect();
    this.#render(snapshot);
  }

  #radios() {
    return [.../** @type {NodeListOf<HTMLInputElement>} */ (this.root.querySelectorAll("[type=radio]"))];
  }

  /** @param {SessionSnapshot} snapshot */
  #render(snapshot) {
    const { state, devices, connectionStatus, pendingRequests } = snapshot;
    const { condition } = this.#network;
    const isOver = OVER.includes(connectionStatus);
    const hadFocus = this.root.contains(document.activeElement);
    const shown = isOver || condition === "online" ? connectionStatus : condition;
    this.root.dataset["status"] = shown;
    const waiting = pendingRequests > 0 && condition === "offline" ? `, ${pendingRequests} waiting` : "";
    write(this.#part(".hint"), isOver ? "" : HINTS[condition]);
    const text = isOver || condition === "online" ? STATUS[connectionStatus] : condition;
    write(this.#part(".status"), text + waiting);
    this.#renderConditions(isOver);
    const games = state?.activeGames ?? [];
    for (const game of games) this.#gameButton(game);
    for (const [game, button] of this.#games) {
      button.setAttribute("aria-pressed", String(games.includes(game)));
    }
    const presence = this.#chosenPresence ?? state?.presence;
    for (const radio of this.#radios()) radio.checked = radio.value === presence;
    this.#rows.render(devices, isOver);
    this.#renderOver(isOver, hadFocus);
  }

  /** @param {boolean} isOver */
  #renderConditions(isOver) {
    const { condition } = this.#network;
    const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (
      this.root.querySelectorAll(".conditions button")
    );
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.value === condition));
      button.disabled = isOver || (condition !== "online" && button.value !== condition);
    }
    const controls = /** @type {HTMLFieldSetElement} */ (this.#part(".controls"));
    controls.disabled = isOver || condition === "asleep" || !this.client.getSnapshot().state;
  }

  /** @param {boolean} isOver @param {boolean} hadFocus Whether anything in it had. */
  #renderOver(isOver, hadFocus) {
    if (isOver === this.#wasOver) return;
    this.#wasOver = isOver;
    this.#part(".over").hidden = !isOver;
    this.#part(".controls").hidden = isOver;
    // What had the focus can't be used any more.
    if (isOver && hadFocus) this.#part(".sign-in").focus();
  }

  /** @param {string} game */
  #gameButton(game) {
    if (this.#games.has(game)) return;
    const button = element("button", { type: "button", "aria-pressed": "false" }, game);
    button.addEventListener("click", () => {
      const isIn = button.getAttribute("aria-pressed") === "true";
      void this.#ask(isIn ? this.client.leaveGame(game) : this.client.joinGame(game));
    });
    this.#games.set(game, button);
    this.#part(".chips").append(button);
  }

  /** @param {SessionEvent} event */
  #showEvent({ name, data, from, inbox }) {
    const sender = this.client.getSnapshot().devices.find(({ deviceId }) => deviceId === from);
    const who = from === null ? "a server" : sender?.current ? "this device" : sender?.name || from;
    const pushed = /** @type {{text?: unknown}} */ (from === null ? data : {}).text;
    const said = from === null ? pushed : data;
    const row = element(
      "li",
      {},
      element("strong", {}, who),
      `: ${typeof said === "string" ? said : `${name} ${JSON.stringify(said ?? null)}`} `,
      element("time", {}, inbox === null ? clock() : `kept for you, ${clock()}`),
    );
    const list = this.#part(".events");
    list.prepend(row);
    while (list.children.length > EVENTS_MAX) list.lastElementChild?.remove();
  }
}
