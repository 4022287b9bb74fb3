/** An app for the tests whose components are below a provider. Which React it has is decided when the page is built. */
import * as React from "react";
import { createRoot } from "react-dom/client";
import {
  DeviceList,
  LogoutEverywhere,
  UserSessionProvider,
  shallowEqual,
  useConnectionStatus,
  useDevices,
  useInbox,
  usePresence,
  useSessionActions,
  useSessionEvent,
  useUserSession,
  useUserValue,
} from "user-session-worker/react";

import { watchTimers } from "./timers.js";

const { StrictMode, createElement, useState } = React;
// React 18 has none.
const { Activity = "div" } = /** @type {any} */ (React);

/** @type {any} */
export const app = { results: [], views: [], heard: [], resets: [], renders: {}, frames: [], sent: [], timers: [], errors: [], warnings: [], invalid: [], typedHeard: [] };
Object.assign(globalThis, { app });
watchTimers(app);
console.warn = (...args) => app.warnings.push(args.join(" "));

/** Its frames are seen whether or not anything of the page listens. */
globalThis.WebSocket = class extends WebSocket {
  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super(url, protocols);
    app.socket = this;
    this.addEventListener("message", ({ data }) => app.frames.push(String(data)));
  }
  /** @override @param {string} data */
  send(data) {
    app.sent.push(data);
    super.send(data);
  }
};

/** Brings the news that all other devices are forgotten, as those beyond the 64th are that were away. */
app.leaveAlone = () => {
  const first = JSON.parse(app.frames.find((/** @type {string} */ text) => text.includes('"initial_state"')));
  const devices = first.devices.filter((/** @type {any} */ { current }) => current);
  const data = JSON.stringify({ ...first, type: "state", devices, epoch: undefined, seq: undefined });
  app.socket.dispatchEvent(new MessageEvent("message", { data }));
};

/** @param {string} what */
export function rendered(what) {
  app.renders[what] = (app.renders[what] ?? 0) + 1;
}

/** Has all of the session. @param {any} props */
function Whole({ at }) {
  rendered("whole");
  const session = useUserSession();
  app.views.push(session.state ? "state" : session.connectionStatus);
  app.results[at] = session;
  return null;
}

/** Has the number of games. */
function Games() {
  rendered("games");
  app.games = useUserSession(({ state }) => state?.activeGames.length ?? null);
  return null;
}

/** Has a list that its selector makes anew each time. */
function Names() {
  rendered("names");
  app.names = useUserSession(({ devices }) => devices.map(({ name }) => name), shallowEqual);
  return null;
}

/** A value that differs between two of its readers would be torn. */
function Torn() {
  const one = useUserSession(({ state }) => state?.activeGames.length);
  const other = useUserSession(({ state }) => state?.activeGames.length);
  if (one !== other) app.errors.push(`${one} and ${other}`);
  return null;
}

/** Has whose session it is, and does not look again once it knows. */
function Owner() {
  app.owner = useUserSession(({ state }) => state?.userId ?? null, (before) => before !== null);
  return null;
}

/** @param {any} props */
function Listener({ at }) {
  const [count, setCount] = useState(0);
  app.rerender = () => setCount((before) => before + 1);
  const failIf = (/** @type {boolean} */ isFailing) => {
    if (isFailing) throw new Error("a mistake in the app");
  };
  const listener = (/** @type {any} */ { data }) => {
    failIf(app.failsAt === at && data === 1);
    app.heard.push([at, data.n ?? data]);
    app.heardAfter = count;
  };
  const onReset = () => {
    failIf(app.failsAt === at);
    app.resets.push(at);
  };
  useSessionEvent("move", listener, { onReset });
  return null;
}

/** Has what the small hooks give. */
function Parts() {
  rendered("parts");
  const [presence, setPresence] = usePresence();
  app.parts = { presence, setPresence, devices: useDevices(), connection: useConnectionStatus(), actions: useSessionActions() };
  return null;
}

/** Has a value. @param {any} props */
function Theme({ fallback = "light" }) {
  rendered("theme");
  const [value, set, state] = useUserValue("theme", fallback);
  app.theme = { value, set, ...state };
  return null;
}

function Bell() {
  rendered("bell");
  app.inbox = useInbox();
  return null;
}

/** The components for an account, as an app without a style has them. @param {any} props */
function Account({ german }) {
  /** Fails in one way, then in the other. */
  const fail = () => {
    app.fails = (app.fails ?? 0) + 1;
    if (app.fails > 1) throw new Error("nie");
    return Promise.reject(new Error("nein"));
  };
  const texts = german ? { label: "Deine Geräte", current: "dieses Gerät", logout: "Abmelden", logoutOf: (/** @type {string} */ name) => `${name} abmelden` } : undefined;
  return createElement(
    "main",
    null,
    createElement("h1", null, "Account"),
    createElement(DeviceList, { texts, className: "devices", formatTime: german ? (/** @type {number} */ ms) => `um ${ms}` : undefined }),
    createElement(LogoutEverywhere, { className: "everywhere", logout: german ? fail : undefined }),
  );
}

class Boundary extends React.Component {
  static getDerivedStateFromError = () => ({ hasFailed: true });
  /** @override */
  state = { hasFailed: false };
  /** @override @param {Error} error */
  componentDidCatch({ message }) {
    app.errors.push(message);
  }
  /** @override */
  render() {
    return this.state.hasFailed ? null : /** @type {any} */ (this.props).children;
  }
}

/** @type {Record<string, any>} */
export const COMPONENTS = { Whole, Owner, Games, Names, Torn, Listener, Parts, Theme, Bell, Account };

/** @type {any} */
let root = null;

/**
 * `parts` has how many there are of each component, `hidden` whether React hides them, `outer` whether it hides the
 * provider, too, and `isBare` that there is none; `german` gives the components texts. The rest are the provider's options.
 * @param {any} settings
 */
app.mount = ({ parts = {}, hidden = false, outer = false, isStrict = false, isBare = false, german = false, ...options }) => {
  root ??= createRoot(/** @type {HTMLElement} */ (document.getElementById("root")));
  const children = Object.entries(parts).flatMap(([name, count]) =>
    Array.from({ length: count }, (_, at) => createElement(COMPONENTS[name], { key: `${name}${at}`, at, german })),
  );
  const inside = createElement(Activity, { key: "inside", mode: hidden ? "hidden" : "visible" }, children);
  const provided = isBare ? inside : createElement(UserSessionProvider, /** @type {any} */ ({ key: "provider", ...options }), inside);
  const whole = createElement(Activity, { mode: outer ? "hidden" : "visible" }, createElement(Boundary, null, provided));
  root.render(isStrict ? createElement(StrictMode, null, whole) : whole);
};
app.unmount = () => {
  root?.unmount();
  root = null;
};
