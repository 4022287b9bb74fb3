/** Renders the hook on a server. */
import { createElement } from "react";
import { renderToString } from "react-dom/server";
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
