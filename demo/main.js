/** The page: who the user is, which devices it shows, and whether there is a server to show them with. */
import { Announcer } from "./announcer.js";
import { DevicePanel } from "./device-panel.js";
import { part, write } from "./dom.js";
import { LogoutTimes } from "./logout-times.js";
import { Notices } from "./notices.js";
import { ObjectCard } from "./object-card.js";
import { isReached, titleOf } from "./reach.js";
import { Strip } from "./strip.js";

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
  part(document, "#strip").hidden = false;
  const announcer = new Announcer(part(document, "#announcer"));
  const strip = new Strip(part(document, "#strip"));
  const card = new ObjectCard(part(document, "#object"), part(document, "#strip"), userId, announcer);
  /** @type {{device: typeof DEVICES[number], panel: DevicePanel}[]} */
  const shown = [];
  const times = new LogoutTimes(part(document, "#logout"), announcer, () => {
    for (const { panel } of shown) panel.signIn();
    // The button that had the focus is gone.
    part(document, ".device.chosen h2").focus();
  });
  DEVICES.forEach((device, at) => {
    const { deviceId, name } = device;
    const panel = new DevicePanel({ userId, ...device }, {
      traffic: card.traffic.bind(card, at),
      changed: (glance) => strip.render(deviceId, glance),
      said: (text, subject) => announcer.say(name, text, subject),
      logout: (reach) => {
        const reached = shown.filter((one) => !one.panel.isOver && isReached(one.device.deviceId, deviceId, reach));
        const targets = reached.map((one) => ({ ...one.device, condition: one.panel.condition }));
        times.begin(`${titleOf(reach, targets)}, from ${name}`, targets);
      },
      begun: () => times.begun(deviceId),
      cut: () => times.closed(deviceId),
      over: () => times.over(deviceId),
    });
    shown.push({ device, panel });
    if (at === 0) notice(panel);
    part(document, "#devices").append(panel.root);
    strip.add(device, panel.root);
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
  const announcer = new Announcer(part(document, "#announcer"));
  let askedAt = 0;
  /** @type {number | null} */
  let took = null;
  const panel = new DevicePanel({ userId, ...device }, {
    traffic: () => {},
    changed: () => {},
    said: (text, subject) => announcer.say(device.name, text, subject),
    logout: (reach) => {
      askedAt = reach === "all" ? performance.now() : 0;
      took = null;
    },
    begun: () => {
      askedAt = 0;
      took = null;
    },
    cut: () => {},
    over: () => (took ??= askedAt && Math.max(1, Math.round(performance.now() - askedAt))) || null,
  });
  notice(panel);
  // There the others are seen.
  part(panel.root, ".devices").toggleAttribute("open", true);
  part(document, "#devices").append(panel.root);
}

/** Shows the unread messages of a device as the browser does. @param {DevicePanel} panel */
function notice({ client }) {
  const notices = new Notices(part(document, "#notify"));
  client.subscribe(() => notices.render(client.getSnapshot()));
}

/** Whether the server answers this page; if not, the page says why and what to do. */
async function isServed() {
  const address = `/__user-session/state?${new URLSearchParams({ userId })}`;
  const response = await fetch(address).catch(() => null);
  if (response?.ok) return true;
  write(part(document, "#trouble-reason"), await reasonOf(response));
  part(document, "#trouble").hidden = false;
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
