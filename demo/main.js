/** The page: who the user is, which devices it shows, and whether there is a server to show them with. */
import { DevicePanel } from "./device-panel.js";
import { part, write } from "./dom.js";
import { ObjectCard } from "./object-card.js";

const DEVICES = [
  { deviceId: "desktop", name: "Desktop", icon: "icon-desktop" },
  { deviceId: "phone", name: "Phone", icon: "icon-phone" },
  { deviceId: "tablet", name: "Tablet", icon: "icon-tablet" },
];

const query = new URLSearchParams(location.search);
const userId = query.get("userId") || `user-${randomText()}`;
const only = query.get("device");

if (await isServed()) show();

function show() {
  query.set("userId", userId);
  // A reload is the same user again.
  history.replaceState(null, "", `?${query}`);
  write(part(document, "#user"), userId);
  if (only) showOne(only);
  else showAll();
}

function showAll() {
  part(document, "#object").hidden = false;
  const card = new ObjectCard(part(document, "#object"), userId);
  DEVICES.forEach((device, at) => {
    const traffic = card.traffic.bind(card, at);
    part(document, "#devices").append(new DevicePanel({ userId, ...device }, { traffic }).root);
  });
  const link = /** @type {HTMLAnchorElement} */ (part(document, "#one-more"));
  link.hidden = false;
  const aim = () => {
    link.href = `?${new URLSearchParams({ userId, device: `tab-${randomText()}` })}`;
  };
  aim();
  // The next one is another device.
  link.addEventListener("click", () => setTimeout(aim));
}

/** @param {string} deviceId */
function showOne(deviceId) {
  document.body.classList.add("single");
  const known = DEVICES.find((device) => device.deviceId === deviceId);
  const [, kind = "", which = deviceId] = /^(tab|phone)-(.*)$/.exec(deviceId) ?? [];
  const name = `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${which}`.trim();
  const device = known ?? { deviceId, name, icon: kind === "phone" ? "icon-phone" : "icon-desktop" };
  document.title = `${device.name}, a device of ${userId}`;
  const link = /** @type {HTMLAnchorElement} */ (part(document, "#all"));
  link.hidden = false;
  link.href = `?${new URLSearchParams({ userId })}`;
  const panel = new DevicePanel({ userId, ...device }, { traffic: () => {} });
  part(document, "#devices").append(panel.root);
}

/** Whether the server answers this page; if not, the page says why and what to do. */
async function isServed() {
  const address = `/__user-session/state?${new URLSearchParams({ userId })}`;
  const response = await fetch(address).catch(() => null);
  if (response?.ok) return true;
  part(document, "#trouble").hidden = false;
  write(part(document, "#trouble-reason"), await reasonOf(response));
  return false;
}

/** @param {Response | null} response */
async function reasonOf(response) {
  if (!response) return "The server does not answer.";
  const { error } = await response.json().catch(() => ({}));
  return `The server answers ${response.status}${error ? `: ${error.message}.` : "."}`;
}

function randomText() {
  return Array.from(crypto.getRandomValues(new Uint8Array(4)), (byte) => (byte % 36).toString(36)).join("");
}
