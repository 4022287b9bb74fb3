/** The devices at a glance, which on a small screen also choose the one that is used. */
import { copyOf, element, part, write } from "./dom.js";

/**
 * What is seen of a device from afar.
 * @typedef {object} Glance
 * @property {string} status As in `data-status`.
 * @property {string} state The same for the user.
 * @property {readonly string[] | null} games `null` if it knows of none any more.
 * @property {string} news
 */

export class Strip {
  #root;
  /** @type {Map<string, HTMLElement>} */
  #tiles = new Map();

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * Adds a device.
   * @param {{deviceId: string, name: string, icon: string}} device
   * @param {HTMLElement} panel It is seen while the tile is chosen; the first is from the beginning.
   */
  add({ deviceId, name, icon }, panel) {
    const tile = copyOf("tile");
    const radio = /** @type {HTMLInputElement} */ (part(tile, "input"));
    tile.dataset["device"] = deviceId;
    part(tile, "use").setAttribute("href", `#${icon}`);
    write(part(tile, ".tile-name span"), name);
    radio.value = deviceId;
    radio.setAttribute("aria-label", name);
    const described = ["state", "games", "news"].map((what) => {
      const line = part(tile, `.tile-${what}`);
      line.id = `tile-${deviceId}-${what}`;
      return line.id;
    });
    radio.setAttribute("aria-describedby", described.join(" "));
    radio.addEventListener("change", () => this.#choose(panel));
    radio.checked = this.#tiles.size === 0;
    if (radio.checked) panel.classList.add("chosen");
    this.#tiles.set(deviceId, tile);
    part(this.#root, "fieldset").append(tile);
  }

  /** @param {string} deviceId @param {Glance} glance */
  render(deviceId, { status, state, games, news }) {
    const tile = this.#tiles.get(deviceId);
    if (!tile) return;
    tile.dataset["status"] = status;
    renew(part(tile, ".tile-state"), state);
    renew(part(tile, ".tile-games"), games === null ? news : games.join(", ") || "no games");
    renew(part(tile, ".tile-news"), games === null ? "" : news || "no messages");
  }

  /** @param {HTMLElement} panel */
  #choose(panel) {
    for (const other of panel.parentElement?.children ?? []) other.classList.toggle("chosen", other === panel);
  }
}

/**
 * Puts a text into an element of its own, which is seen to be new.
 * @param {HTMLElement} line
 * @param {string} text
 */
function renew(line, text) {
  if (line.textContent !== text) line.replaceChildren(element("span", { class: "new" }, text));
}
