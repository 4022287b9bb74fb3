/** The page: the cookie says who it is, so the client is told the user's id and nothing secret. */
import { UserSessionClient } from "user-session-worker/client";

/** @param {string} id @returns {any} */
const element = (id) => document.getElementById(id);

/** @type {UserSessionClient | null} */
let session = null;

element("sign-in").onsubmit = async (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  const { name } = element("sign-in").elements;
  const response = await fetch("/sign-in", { method: "POST", body: name.value });
  const { userId, url } = await response.json();
  session = new UserSessionClient({ userId, url, deviceName: navigator.platform || "browser" });
  session.subscribe(render);
  session.connect();
};

element("join").onsubmit = (/** @type {SubmitEvent} */ event) => {
  event.preventDefault();
  void session?.joinGame(element("join").elements.game.value);
};

element("log-out").onclick = () => void session?.logoutAllDevices();

function render() {
  if (!session) return;
  const { connectionStatus, state, devices, error } = session.getSnapshot();
  const isOut = connectionStatus === "logged_out";
  element("sign-in").hidden = !isOut;
  element("session").hidden = isOut;
  element("status").textContent = `${state?.userId ?? ""}: ${connectionStatus}${error ? `, ${error}` : ""}`;
  element("games").replaceChildren(...(state?.activeGames ?? []).map(gameItem));
  const names = devices.map(({ name, deviceId, tabs }) => `${name || deviceId}, ${tabs} connected`);
  element("devices").replaceChildren(...names.map((text) => item(text)));
}

/** @param {string} gameId */
function gameItem(gameId) {
  const leave = document.createElement("button");
  leave.textContent = `Leave ${gameId}`;
  leave.onclick = () => void session?.leaveGame(gameId);
  return item(`${gameId} `, leave);
}

/** @param {...(string | Node)} content */
function item(...content) {
  const li = document.createElement("li");
  li.append(...content);
  return li;
}
