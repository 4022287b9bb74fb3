/** What the page shows of the user's Durable Object. */
import { clock, element, part, seconds, write } from "./dom.js";
import { ObjectWatch, SLEEPS_AFTER_MS } from "./object-watch.js";
import { Tape } from "./tape.js";

/** @import { Announcer } from "./announcer.js" */
/** @import { Finding } from "./object-watch.js" */
/** @import { MarkKind } from "./tape.js" */

const LINES_MAX = 30;
const SHOWN_EVERY_MS = 250;

/** What counts as a frame that the object has worked on. */
const FRAMES = ["join_game", "leave_game", "update_presence", "sync_state", "broadcast", "logout_all"];

/** What the object's counts are called here: of one, and of more. @type {Record<string, [string, string]>} */
const WORDS = {
  connects: ["1 connection made", "connections made"],
  join_game: ["1 game joined", "games joined"],
  leave_game: ["1 game left", "games left"],
  update_presence: ["presence set once", "times presence set"],
  sync_state: ["state sent once", "times state sent"],
  broadcast: ["1 message passed on", "messages passed on"],
  logout_all: ["1 logout", "logouts"],
  refused: ["1 request refused", "requests refused"],
  requests: ["1 request by HTTP", "requests by HTTP"],
};

export class ObjectCard {
  #root;
  #strip;
  #announcer;
  #watch;
  #tape;
  #lastLine = "";

  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} strip Says at a glance whether the object sleeps.
   * @param {string} userId
   * @param {Announcer} announcer
   */
  constructor(root, strip, userId, announcer) {
    this.#root = root;
    this.#strip = strip;
    this.#announcer = announcer;
    this.#tape = new Tape(part(root, ".tape"));
    this.#watch = new ObjectWatch(userId, {
      found: (finding) => this.#found(finding),
      failed: (message) => this.#failed(message),
    });
    part(root, ".ask").addEventListener("click", () => void this.#watch.ask());
    part(root, ".push").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#push();
    });
    setInterval(() => this.#render(), SHOWN_EVERY_MS);
    this.#render();
  }

  /** @param {number} device Its place. @param {MarkKind} kind */
  traffic(device, kind) {
    this.#tape.mark(device, kind);
    if (kind === "heartbeat") {
      this.#watch.heartbeat();
    } else {
      this.#watch.worked();
      this.#stretch();
    }
    this.#render();
  }

  /** Draws the server as awake from now on, unless it does not answer. */
  #stretch() {
    if (this.#watch.isSilent) return;
    const now = performance.now();
    this.#tape.awake(now, now + SLEEPS_AFTER_MS);
  }

  async #push() {
    const text = /** @type {HTMLInputElement} */ (part(this.#root, ".push [type=text]"));
    const keep = /** @type {HTMLInputElement} */ (part(this.#root, ".push [type=checkbox]"));
    const said = text.value.trim();
    if (said === "") return text.focus();
    text.value = "";
    try {
      const { delivered } = await this.#watch.push({ type: "notice", text: said }, keep.checked);
      const kept = keep.checked ? ", kept a day for those that are away" : "";
      this.#log(`Pushed by your backend: sent to ${delivered} connections${kept}.`);
      this.#stretch();
    } catch (error) {
      text.value ||= said;
      this.#logFailure(`The push failed: ${error instanceof Error ? error.message : error}`);
    }
  }

  /** @param {Finding} finding */
  #found({ kind, wakes, rows, work, isSurprise }) {
    this.#stretch();
    const opening = {
      first: `So far: wake ${wakes}`,
      woken: `Woken: wake ${wakes}${isSurprise ? ", though this page took it for awake" : ""}`,
      awake: isSurprise ? "Was still awake, though this page took it for asleep" : "Was awake",
      anew: `No device was connected for a moment, so it counts anew: wake ${wakes}`,
    }[kind];
    const done = work.map(([name, times]) => (times > 1 ? `${times} ${WORDS[name][1]}` : WORDS[name][0]));
    const cost = rows > 0 ? `${rows} ${rows > 1 ? "rows" : "row"} written` : "no row written";
    this.#log(`${[opening, ...done, cost].join(", ")}.`, kind);
    this.#render();
  }

  /** @param {string} text @param {string} [kind] */
  #log(text, kind = "note") {
    this.#lastLine = text;
    const list = part(this.#root, ".log ol");
    list.prepend(element("li", { class: kind }, element("time", {}, clock()), ` ${text}`));
    while (list.children.length > LINES_MAX) list.lastElementChild?.remove();
  }

  /** The server could not be asked. @param {string} message */
  #failed(message) {
    this.#tape.end(performance.now());
    const text = `The server could not be asked: ${message}`;
    // It is asked again and again.
    if (this.#lastLine !== text) this.#logFailure(text);
    this.#render();
  }

  /** @param {string} text */
  #logFailure(text) {
    this.#log(text);
    this.#announcer.say("Server", text);
  }

  #render() {
    const { msToSleep: ms, isSilent, counts, shareAsleep, heartbeatsAsleep } = this.#watch;
    const phase = ms === null ? "unknown" : ms > 0 ? "awake" : "asleep";
    if (this.#root.dataset["phase"] !== phase) {
      this.#root.dataset["phase"] = this.#strip.dataset["phase"] = phase;
      this.#tape.draw();
      if (phase === "asleep") this.#announcer.say("Server", "asleep, the devices stay connected", "phase");
    }
    const left = ms === null ? 0 : Math.max(0, Math.min(1, ms / SLEEPS_AFTER_MS));
    part(this.#root, ".orb").style.setProperty("--left", String(left));
    for (const shown of [this.#root, this.#strip]) write(part(shown, ".phase"), phaseText(ms, isSilent));
    const frames = FRAMES.reduce((sum, name) => sum + (counts?.[name] ?? 0), 0);
    const values = {
      wakes: counts?.wakes,
      rows: counts?.rowsWritten,
      in: counts && frames,
      out: counts?.framesSent,
      beats: heartbeatsAsleep,
      share: shareAsleep === null ? undefined : `${Math.floor(shareAsleep * 100)} %`,
    };
    for (const [name, value] of Object.entries(values)) {
      write(part(this.#root, `[data-count=${name}]`), String(value ?? "–"));
    }
  }
}

/** @param {number | null} ms Until it may sleep. @param {boolean} isSilent */
function phaseText(ms, isSilent) {
  if (isSilent) return "does not answer";
  if (ms === null) return "nobody has asked yet";
  if (ms > SLEEPS_AFTER_MS - 1_000) return "awake, at work";
  if (ms > 0) return `awake, sleeps in ${seconds(ms)}`;
  return `asleep for ${seconds(-ms)}, costs nothing`;
}
