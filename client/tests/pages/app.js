/**
 * An app for the tests, of one or more components that use the hook. Which hook that is, and which
 * React, is decided when the page is built: changing the import is all that a migration takes.
 */
import * as React from "react";
import { createRoot } from "react-dom/client";
import { useUserSession } from "the-hook";

import { watchTimers } from "./timers.js";

const { StrictMode, createElement, useCallback, useEffect, useLayoutEffect, useState } = React;
// React 18 has none.
const { Activity = "div" } = /** @type {any} */ (React);

/** @type {any} */
const app = { renders: 0, views: [], calls: [], events: [], childEvents: [], results: [], warnings: [], ids: [], timers: [] };
Object.assign(globalThis, { app });
watchTimers(app);
console.warn = (...args) => app.warnings.push(args.join(" "));

/** @param {any} props */
function Widget({ at, isInline, options }) {
  app.renders++;
  const [, setCount] = useState(0);
  app.rerender = () => setCount((count) => count + 1);
  const note = useCallback(
    (/** @type {string} */ name) => (/** @type {unknown[]} */ ...args) => app.calls.push([at, name, ...args, Date.now()]),
    [at],
  );
  const stable = useState(() => callbacks(note))[0];
  const result = useUserSession({ ...options, ...(isInline ? callbacks(note) : stable) });
  app.results[at] = result;
  app.views.push(Boolean(result.state));
  const { onEvent } = result;
  useEffect(() => onEvent?.("move", (/** @type {any} */ { data }) => app.events.push([at, data])), [onEvent, at]);
  return createElement("p", null, createElement(EarlyChild, { at, earlyJoin: options.earlyJoin, ...result }));
}

/** Its effects run before those of the component that has the hook. @param {any} props */
function EarlyChild({ at, earlyJoin, joinGame, onEvent }) {
  useLayoutEffect(() => earlyJoin && joinGame("earlier"), [earlyJoin, joinGame]);
  useEffect(() => earlyJoin && joinGame("early"), [earlyJoin, joinGame]);
  useEffect(
    () => onEvent?.("move", (/** @type {any} */ { data }) => app.childEvents.push([at, data])),
    [onEvent, at],
  );
  return null;
}

/** @param {(name: string) => (...args: unknown[]) => void} note */
function callbacks(note) {
  return {
    onGameJoined: note("joined"),
    onGameLeft: note("left"),
    onPresenceChanged: note("presence"),
    onLoggedOut: note("loggedOut"),
    onReset: note("reset"),
  };
}

/** @type {any} */
let root = null;

/** @param {any} settings */
app.mount = ({ count = 1, isInline = true, isStrict = false, mode = "visible", each = [], ...options }) => {
  root ??= createRoot(/** @type {HTMLElement} */ (document.getElementById("root")));
  const widgets = Array.from({ length: count }, (_, at) =>
    createElement(Widget, { key: at, at, isInline, options: { ...options, ...each[at] } }),
  );
  root.render(createElement(isStrict ? StrictMode : React.Fragment, null, createElement(Activity, { mode }, widgets)));
};
app.unmount = () => {
  root?.unmount();
  root = null;
};
/** The client that the page's components share. @param {any} options */
app.client = async (options) => (await import("user-session-worker/client")).shareClient(options).client;
/** @param {string} type */
app.callsOf = (type) => app.calls.filter((/** @type {any} */ call) => call[1] === type);
