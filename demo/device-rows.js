/** The list of the user's devices as one of them is told of it. */
import { clock, element, part, write } from "./dom.js";

/** @import { SessionDevice } from "/client/index.js" */

/** @typedef {{row: HTMLElement, text: HTMLElement, button: HTMLButtonElement}} Row */

/**
 * How a device stands that may be out of touch.
 * @typedef {object} Standing
 * @property {number | null} at When it was last told, in milliseconds since the Unix epoch; `null` if it is in touch.
 * @property {string} state Its own state by now.
 */

export class DeviceRows {
  #root;
  #logOut;
  /** @type {Map<string, Row>} */
  #rows = new Map();

  /** @param {HTMLElement} root @param {(device: SessionDevice) => void} logOut */
  constructor(root, logOut) {
    this.#root = root;
    this.#logOut = logOut;
  }

  /**
   * Shows the devices.
   * @param {readonly SessionDevice[]} devices
   * @param {boolean} isOver Then nothing is known of them any more.
   * @param {Standing} standing
   */
  render(devices, isOver, standing) {
    part(this.#root, ".devices").hidden = isOver || devices.length === 0;
    const here = devices.filter(({ tabs }) => tabs > 0).length;
    const title = standing.at === null ? `Devices (${here} connected)` : `Devices, as of ${clock(standing.at)}`;
    write(part(this.#root, ".devices summary"), title);
    const byPlace = [...devices].sort(
      (a, b) => Number(b.current) - Number(a.current) || a.name.localeCompare(b.name),
    );
    const list = part(this.#root, ".devices ul");
    byPlace.forEach((device, at) => {
      const { row } = this.#update(device, standing);
      if (list.children[at] !== row) list.insertBefore(row, list.children[at] ?? null);
    });
    for (const [deviceId, { row }] of this.#rows) {
      if (devices.some((device) => device.deviceId === deviceId)) continue;
      row.remove();
      this.#rows.delete(deviceId);
    }
  }

  /** @param {SessionDevice} device @param {Standing} standing */
  #update(device, { at, state }) {
    const found = this.#rows.get(device.deviceId) ?? this.#make(device);
    const name = device.name || device.deviceId;
    const isHere = device.tabs > 0;
    const tabs = device.tabs > 1 ? `, ${device.tabs} tabs` : "";
    // The presence is a claim, which a connected device makes of itself.
    const claim = device.presence === "online" ? "" : `, shown as ${device.presence}`;
    const link = isHere ? `connected${tabs}${claim}` : "not connected";
    const isPast = at !== null;
    found.row.classList.toggle("gone", !isHere || (isPast && !device.current));
    const own = isPast ? state : link;
    write(found.text, device.current ? `${name} (this one): ${own}` : `${name}: ${isPast ? "was " : ""}${link}`);
    found.button.setAttribute("aria-label", `Log out ${name}`);
    // A device that is gone can be logged out, too: nothing lets it back in with what it had.
    if (!isHere && document.activeElement === found.button) part(this.#root, ".devices summary").focus();
    found.button.hidden = !isHere;
    return found;
  }

  /** @param {SessionDevice} device @returns {Row} */
  #make(device) {
    const text = element("span");
    const button = element("button", { type: "button", class: "small" }, "Log out");
    button.addEventListener("click", () => this.#logOut(device));
    const made = { row: element("li", {}, text, button), text, button };
    this.#rows.set(device.deviceId, made);
    return made;
  }
}
