/** One device of the user: its own client on a network of its own, and the panel that shows it. */
import { UserSessionClient } from "/client/index.js";

import { DeviceRows } from "./device-rows.js";
import { clock, copyOf, element, part, write } from "./dom.js";
import { FrameList } from "./frame-list.js";
import { Messages } from "./messages.js";
import { HEARTBEAT, HEARTBEAT_ANSWER, Network } from "./network.js";
import { Outbox } from "./outbox.js";
import { reachOf } from "./reach.js";
import { SharedValues } from "./shared-values.js";
import { Voice } from "./voice.js";

/** @import { Presence, RequestOutcome, SessionEvent, SessionSnapshot } from "/client/index.js" */
/** @import { Condition } from "./network.js" */
/** @import { Reach } from "./reach.js" */
/** @import { Glance } from "./strip.js" */

/** Short, so that they are seen not to wake the object. */
const HEARTBEAT_MS = 5_000;

const GAMES = ["chess", "go", "hex"];

/** What stands in place of the client's names. */
const STATUS = {
  idle: "Not connected",
  connecting: "Connecting",
  connected: "Online",
  reconnecting: "Connection broke, trying again",
  lost: "No connection, trying again",
  logged_out: "Logged out",
  replaced: "Replaced by the same tab elsewhere",
  unauthorized: "Not signed in",
  forbidden: "Not allowed",
};
const CONDITIONS = { asleep: "Asleep", offline: "Offline" };
const OVER = ["logged_out", "replaced", "unauthorized", "forbidden"];

/** What the buttons do, by what the device is at. */
const VERBS = {
  asleep: { start: "Put to sleep", end: "Wake up" },
  offline: { start: "Go offline", end: "Go online" },
};

/**
 * @typedef {object} DeviceDescription
 * @property {string} userId
 * @property {string} deviceId
 * @property {string} name
 * @property {string} icon The id of its symbol.
 */

/**
 * Whoever wants to know what happens on a device.
 * @typedef {object} DeviceListener
 * @property {(kind: "sent" | "received" | "heartbeat" | "link") => void} traffic What goes on between it and the server.
 * @property {(glance: Glance) => void} changed
 * @property {(text: string, subject?: string) => void} said Something to read out, see `Announcer.say`.
 * @property {(reach: Reach) => void} logout It asks the server for a logout, now.
 * @property {() => void} begun It is connected, and was not before.
 * @property {() => void} cut The server has closed its connection.
 * @property {() => number | null} over Its session is over. It is answered after how many milliseconds, if that is known.
 */

export class DevicePanel {
  root = copyOf("device");
  /** @type {UserSessionClient} */
  client;
  #listener;
  #network;
  #frames;
  #rows;
  #outbox;
  #messages;
  #voice;
  #values;
  #news = "";
  /** @type {Map<string, HTMLButtonElement>} */
  #games = new Map();
  /** The games that wait to be joined or left. @type {Set<string>} */
  #unsent = new Set();
  #wasOver = false;
  #isConnected = false;
  /** When it last was in touch with the server, if it is not now, in milliseconds since the Unix epoch. @type {number | null} */
  #knownAt = null;
  /** What was asked for and has no answer yet. @type {Presence | null} */
  #chosenPresence = null;

  /** @param {DeviceDescription} description @param {DeviceListener} listener */
  constructor({ userId, deviceId, name, icon }, listener) {
    this.#listener = listener;
    this.#frames = new FrameList(this.#part(".frames ol"));
    this.#outbox = new Outbox(this.#part(".outbox"));
    this.#messages = new Messages(this.#part(".events"));
    this.#voice = new Voice(listener.said);
    this.#network = this.#newNetwork(deviceId);
    this.client = new UserSessionClient({
      userId,
      deviceId,
      deviceName: name,
      heartbeatMs: HEARTBEAT_MS,
      WebSocket: this.#network.WebSocket,
      // A second tab of this device would use the first one's network, and what fails here would not fail there.
      shareTabs: false,
    });
    this.#rows = new DeviceRows(this.root, (device) => {
      void this.#ask(`log out ${device.name || device.deviceId}`, this.client.logoutDevice(device.deviceId));
    });
    this.#values = new SharedValues(this.root, deviceId, this.client, {
      ask: (what, asked, expected) => this.#ask(what, asked, expected),
      said: listener.said,
    });
    this.root.dataset["device"] = deviceId;
    const heading = this.#part("h2");
    heading.id = `name-${deviceId}`;
    write(heading, name);
    this.root.setAttribute("aria-labelledby", heading.id);
    this.#part(".conditions").setAttribute("aria-label", `What happens to ${name}`);
    const ends = this.#part(".everywhere p");
    ends.id = `ends-${deviceId}`;
    this.#part(".logout-all").setAttribute("aria-describedby", ends.id);
    this.#part("use").setAttribute("href", `#${icon}`);
    // Where there is room for them.
    const isWide = matchMedia("(min-width: 60rem)").matches;
    for (const details of this.root.querySelectorAll("details:not(.more)")) details.toggleAttribute("open", isWide);
    this.#wire(deviceId);
    this.client.subscribe(() => this.#render(this.client.getSnapshot()));
    this.client.on("event", ({ event }) => this.#showEvent(event));
    this.client.connect();
  }

  /** @param {string} deviceId */
  #newNetwork(deviceId) {
    return new Network(deviceId, {
      sent: (text) => {
        this.#frames.add("sent", text);
        if (text === HEARTBEAT) return;
        this.#listener.traffic("sent");
        // A logout that was asked for offline goes out later.
        const reach = reachOf(text);
        if (reach) this.#listener.logout(reach);
      },
      arrived: (text) => this.#listener.traffic(text === HEARTBEAT_ANSWER ? "heartbeat" : "received"),
      read: (text) => this.#frames.add("received", text),
      dialled: ({ searchParams }) => {
        const since = searchParams.get("since");
        this.#frames.note(since ? `connects, has seen all up to ${since}` : "connects");
        this.#listener.traffic("link");
      },
      cut: () => this.#listener.cut(),
      closed: (code, reason) => {
        this.#frames.note(`closed: ${code}${reason && `, ${reason}`}`);
        this.#listener.traffic("link");
      },
      unreachable: () => this.#frames.note("no network to connect by"),
    });
  }

  /** What the device is at. @returns {Condition} */
  get condition() {
    return this.#network.condition;
  }

  get isOver() {
    return OVER.includes(this.client.getSnapshot().connectionStatus);
  }

  /** Connects again, if its session is over. */
  signIn() {
    if (this.isOver) this.client.reconnect();
  }

  /** @param {string} selector */
  #part(selector) {
    return part(this.root, selector);
  }

  /** @param {string} deviceId */
  #wire(deviceId) {
    for (const game of GAMES) this.#gameButton(game);
    this.#onSubmit(".other-game", (game) => this.#changeGame(game, true));
    this.#onSubmit(".event", (text) => this.#ask(`message “${text}”`, this.client.publish("note", text)));
    for (const radio of this.#radios()) {
      radio.name = `presence-${deviceId}`;
      radio.addEventListener("change", () => this.#choosePresence(/** @type {Presence} */ (radio.value)));
    }
    for (const condition of /** @type {const} */ (["asleep", "offline"])) {
      this.#part(`.conditions [value=${condition}]`).addEventListener("click", () => {
        this.#change(this.condition === condition ? "online" : condition);
      });
    }
    const clicks = {
      ".mark-read": () => void this.#ask("mark as read", this.client.markRead()),
      ".logout-others": () => void this.#ask("log out all others", this.client.logoutOthers()),
      ".logout-all": () => void this.#ask("log out everywhere", this.client.logoutAllDevices()),
      ".sign-in": () => {
        this.signIn();
        this.#part("h2").focus();
      },
    };
    for (const [selector, click] of Object.entries(clicks)) {
      this.#part(selector).addEventListener("click", click);
    }
  }

  /** @param {string} form @param {(text: string) => void} ask */
  #onSubmit(form, ask) {
    this.#part(form).addEventListener("submit", (event) => {
      event.preventDefault();
      const input = /** @type {HTMLInputElement} */ (this.#part(`${form} input`));
      if (input.value.trim() === "") return input.focus();
      ask(input.value.trim());
      input.value = "";
    });
  }

  /**
   * Shows a request until it is answered, and why it was not done.
   * @param {string} what For the user.
   * @param {Promise<RequestOutcome>} asked
   * @param {string[]} [expected] The codes of refusals that who asks shows in a way of their own.
   */
  async #ask(what, asked, expected = []) {
    const outcome = await this.#outbox.hold(what, asked);
    const isShown = !outcome.ok && !["ended", ...expected].includes(outcome.code);
    const failure = isShown ? `Not done: ${what}. ${outcome.message}` : "";
    write(this.#part(".message"), failure);
    if (failure) this.#listener.said(failure);
    if (this.isOver && this.#outbox.lost.length > 0) write(this.#part(".lost"), `Never sent: ${this.#outbox.lost.join(", ")}.`);
    return outcome;
  }

  /** @param {string} game @param {boolean} isJoined */
  async #changeGame(game, isJoined) {
    this.#unsent.add(game);
    const asked = isJoined ? this.client.joinGame(game) : this.client.leaveGame(game);
    await this.#ask(`${isJoined ? "join" : "leave"} ${game}`, asked);
    this.#unsent.delete(game);
    this.#render(this.client.getSnapshot());
  }

  /** @param {Presence} presence */
  async #choosePresence(presence) {
    this.#chosenPresence = presence;
    await this.#ask(`show as ${presence}`, this.client.updatePresence(presence));
    if (this.#chosenPresence === presence) this.#chosenPresence = null;
    this.#render(this.client.getSnapshot());
  }

  /** @param {Condition} condition */
  #change(condition) {
    this.#network.change(condition);
    // As it does by itself at the browser's `online` event.
    if (condition === "online" && !this.isOver) this.client.reconnect();
    this.#render(this.client.getSnapshot());
  }

  #radios() {
    return [.../** @type {NodeListOf<HTMLInputElement>} */ (this.root.querySelectorAll(".presence [type=radio]"))];
  }

  /** @param {SessionSnapshot} snapshot */
  #render(snapshot) {
    const { state, devices, connectionStatus } = snapshot;
    const { condition, isOver } = this;
    // What is disabled below loses it.
    const hadFocus = this.root.contains(document.activeElement);
    this.#noteBegin(connectionStatus === "connected");
    const isInTouch = condition === "online" && this.#isConnected;
    this.#knownAt = isInTouch || !state ? null : (this.#knownAt ?? Date.now());
    const { status, text, waiting } = this.#standing(snapshot);
    this.root.dataset["status"] = status;
    write(this.#part(".status"), [text, waiting].filter(Boolean).join(", "));
    write(this.#part(".hint"), isOver ? "" : this.#hint());
    this.#renderConditions(isOver);
    const games = state?.activeGames ?? [];
    this.#renderGames(games);
    this.#renderPresence(this.#chosenPresence ?? state?.presence);
    this.#values.render(snapshot);
    this.#part(".unread").hidden = snapshot.unread === 0;
    write(this.#part(".unread span"), `${snapshot.unread} kept, unread`);
    this.#outbox.render(isInTouch);
    this.#rows.render(devices, isOver, { at: this.#knownAt, state: text.toLowerCase() });
    const took = isOver ? this.#renderOver(text, hadFocus) : this.#renderBegun();
    const news = took === null ? "" : `in ${took} ms`;
    this.#listener.changed({ status, state: text, ...(isOver ? { games: null, news } : { games, news: waiting || this.#news }) });
    this.#voice.changed({ status, text, waiting, state });
  }

  /** @param {boolean} isConnected */
  #noteBegin(isConnected) {
    const isNew = isConnected && !this.#isConnected;
    this.#isConnected = isConnected;
    if (isNew) this.#listener.begun();
  }

  /**
   * What the device is at, by the fault that it has, or by its client.
   * @param {SessionSnapshot} snapshot
   */
  #standing({ connectionStatus, pendingRequests }) {
    const { condition, isOver } = this;
    if (isOver || condition === "online") {
      return { status: connectionStatus, text: STATUS[connectionStatus], waiting: "" };
    }
    const isWaiting = pendingRequests > 0 && condition === "offline";
    return { status: condition, text: CONDITIONS[condition], waiting: isWaiting ? `${pendingRequests} waiting` : "" };
  }

  #hint() {
    const at = this.#knownAt === null ? "" : clock(this.#knownAt);
    if (this.condition === "online") return at && `As of ${at}.`;
    if (this.condition === "offline") return `As of ${at}. What you do here waits until it is back.`;
    return `As of ${at}. Like a closed laptop it hears nothing, but its connection stays: others still see it connected.`;
  }

  /** @param {boolean} isOver */
  #renderConditions(isOver) {
    for (const condition of /** @type {const} */ (["asleep", "offline"])) {
      const button = /** @type {HTMLButtonElement} */ (this.#part(`.conditions [value=${condition}]`));
      const isSo = this.condition === condition;
      write(button, VERBS[condition][isSo ? "end" : "start"]);
      button.classList.toggle("primary", isSo);
      button.disabled = isOver || (this.condition !== "online" && !isSo);
    }
    const controls = /** @type {HTMLFieldSetElement} */ (this.#part(".controls"));
    controls.disabled = isOver || this.condition === "asleep" || !this.client.getSnapshot().state;
  }

  /**
   * @param {string} status
   * @param {boolean} hadFocus Whether anything in it had.
   * @returns {number | null} After how many milliseconds it was over, if that is known.
   */
  #renderOver(status, hadFocus) {
    const took = this.#listener.over();
    if (this.#wasOver) return took;
    this.#wasOver = true;
    const after = took === null ? "" : ` ${took} ms after the request`;
    write(this.#part(".over-text"), `${status}${after}. The session on this device is over: nothing connects by itself any more.`);
    this.#part(".over").hidden = false;
    this.#part(".controls").hidden = true;
    // What had the focus can't be used any more.
    if (hadFocus) this.#part(".sign-in").focus();
    return took;
  }

  /** @returns {null} */
  #renderBegun() {
    if (!this.#wasOver) return null;
    this.#wasOver = false;
    this.#outbox.lost = [];
    write(this.#part(".lost"), "");
    this.#part(".over").hidden = true;
    this.#part(".controls").hidden = false;
    return null;
  }

  /** @param {readonly string[]} games Those that are joined. */
  #renderGames(games) {
    for (const game of games) this.#gameButton(game);
    for (const [game, button] of this.#games) {
      button.setAttribute("aria-pressed", String(games.includes(game)));
      button.classList.toggle("unsent", this.#unsent.has(game) && this.#knownAt !== null);
    }
  }

  /** @param {Presence | undefined} presence None while it is unknown. */
  #renderPresence(presence) {
    for (const radio of this.#radios()) radio.checked = radio.value === presence;
    write(this.#part(".more summary"), presence ? `Presence (${presence}), other games` : "Presence, other games");
  }

  /** @param {string} game */
  #gameButton(game) {
    if (this.#games.has(game)) return;
    const button = element("button", { type: "button", "aria-pressed": "false" }, game);
    button.addEventListener("click", () => {
      void this.#changeGame(game, button.getAttribute("aria-pressed") !== "true");
    });
    this.#games.set(game, button);
    this.#part(".chips").append(button);
  }

  /** @param {SessionEvent} event */
  #showEvent(event) {
    const { from, text, isOwn } = this.#messages.add(event, this.client.getSnapshot().devices);
    this.#news = `“${text}”`;
    if (!isOwn) this.#listener.said(`message from ${from}: ${text}`);
    this.#render(this.client.getSnapshot());
  }
}
