/** Renders the hook on a server. */
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { UserSessionProvider, useDevices, useSessionEvent, useUserSession as useProvided, useUserValue } from "user-session-worker/react";
import { useUserSession } from "the-hook";

/** @param {any} options */
export function render(options) {
  function Widget() {
    const { state, isLoading, isConnected, connectionStatus, joinGame } = useUserSession(options);
    joinGame.bind(null);
    return createElement("p", null, JSON.stringify({ state, isLoading, isConnected, connectionStatus }));
  }
  return renderToString(createElement(Widget)).replaceAll("&quot;", '"');
}

/** Renders the hooks below a provider on a server. @param {any} options */
export function renderProvided(options) {
  function Widget() {
    const status = useProvided(({ connectionStatus }) => connectionStatus);
    const [theme] = useUserValue("theme", "light");
    useSessionEvent("move", () => {});
    return createElement("p", null, `${status} ${useDevices().length} ${theme}`);
  }
  return renderToString(createElement(UserSessionProvider, options, createElement(Widget)));
}
