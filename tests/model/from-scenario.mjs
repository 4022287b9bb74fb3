/**
 * Traces from the stories of tests/scenarios: the commands are the steps, and the effects say what the core did. All
 * that this knows of how effects are written stands in scenario-effects.mjs. A story only counts the effects of the
 * command `times`, so these are those of the core itself, which does all that the story does beside it.
 */

import { Host } from "../wasm/host.mjs";
import { parseScenario, stringOf } from "../wasm/scenario-text.mjs";
import { AwayRuns } from "./away-runs.mjs";
import { asked, carrierOf, closedOf, framesOf, inboxRowOf, messageOf, numbered, part, reachOfValue, rowOf, wordsOfCarrier, wordsOfRow } from "./scenario-effects.mjs";

/** @import { Carrier, Json, Row, Sent } from "./scenario-effects.mjs" */

/** Frames that the first one after connecting replaces, so that they may be left out when a device comes back. */
const REPLACEABLE = new Set(["presence_updated", "device_connected", "device_updated", "device_disconnected", "state", "value_changed", "value_deleted"]);

/** The time after which nothing is counted, if no device of version 2 is there. */
const PAUSE_MS = 600_000;

/** How many frames are kept in memory (kJournalFramesMax). */
const FRAMES_MAX = 256;

/** The code with which a connection ends that another one takes the place of. */
const REPLACED = "4409";

/** Codes and messages of errors that settle a request in another way than by not having been done. */
const ANSWERS = /** @type {Record<string, string>} */ ({ too_old: "too_old", rate_limited: "limited", internal: "limited" });
const [USED_BEFORE, OTHER_RUN] = [/^id was used before/, /^id names another run/];

/** Commands that put something in storage that no model knows. */
const UNKNOWN = new Set(["stored", "stored_logout", "legacy"]);

/** The rows and messages that the session keeps in storage, as far as they matter here. */
class Stored {
  /** @type {Row | "unknown" | null} */
  row = null;
  /** When each message ends, by its number. @type {Map<number, number>} */
  messages = new Map();

  copy() {
    return Object.assign(new Stored(), { row: this.row, messages: new Map(this.messages) });
  }
}

class Converter {
  /** @type {string[]} */
  lines = ["pause"];
  #line = 0;
  #now = 0;
  /** The sockets that are open, each with its version. @type {Map<string, 1 | 2>} */
  #open = new Map();
  /** The epochs that frames have told. @type {string[]} */
  #told = [];
  #number = 0;
  /** When a device of version 2 was here last. */
  #seenAt = 0;
  #isPaused = true;
  #stored = new Stored();
  #saved = new Stored();
  /** @type {Carrier | "unknown" | null} */
  #carrier = null;
  /** Sockets whose attachments were damaged. @type {Set<string>} */
  #damaged = new Set();
  #runs = new AwayRuns();
  /** The numbers of the frames that have been sent since the last waking, and are kept. @type {number[]} */
  #kept = [];
  /** The number up to which values are known to be forgotten. */
  #reach = 0;

  /**
   * @param {number} line
   * @param {string} command
   * @param {string[]} effects
   */
  take(line, command, effects) {
    if (UNKNOWN.has(command.split(" ")[0])) throw new Error(`line ${line}: no model knows this: ${command}`);
    this.#line = line;
    const [verb, ...words] = command.split(" ");
    const at = this.lines.length;
    const frames = framesOf(effects);
    this.#passTime(verb, Number(words[0]));
    const closed = closedOf(effects, this.#open.keys());
    if (verb === "disconnect" && this.#open.has(words[0])) closed.set(words[0], "");
    if (verb === "attached" || verb === "lost") this.#damaged.add(words[0]);
    if (verb === "lost") closed.set(words[0], "");
    if (["sleep", "crash", "restore", "lost"].includes(verb)) this.#wake(verb === "lost" ? "sleep" : verb, closed);
    if (verb === "save") this.#save();
    if (verb === "connect" || verb === "connect2") this.#connect(verb, words, frames, effects, closed);
    else this.#act(verb, words, frames, effects, closed);
    this.#noteMessages(words, frames, effects);
    this.#noteRows(effects, this.lines.length > at);
    for (const run of this.#runs.trimmed()) this.#add(`forget ${run}`);
    if ([...this.#open.values()].includes(2)) [this.#seenAt, this.#isPaused] = [this.#now, false];
    for (const { frame } of frames) this.#noteEpoch(frame);
  }

  /** @param {string} text */
  #add(text) {
    this.lines.push(`@${this.#line} ${text}`);
  }

  /** Adds to what was seen of the last line. @param {string} seen */
  #say(seen) {
    const last = this.lines.length - 1;
    this.lines[last] += this.lines[last].includes("->") ? ` ${seen}` : ` -> ${seen}`;
  }

  /**
   * @param {string} verb
   * @param {number} time
   */
  #passTime(verb, time) {
    if (verb === "at") this.#now = time;
    if (verb === "after") this.#now += time;
    for (const [number, until] of this.#stored.messages) {
      if (until > this.#now) continue;
      this.#stored.messages.delete(number);
      this.#add(`expire ${number}`);
    }
  }

  /** Sockets of version 2. */
  #devices() {
    return [...this.#open].filter(([, version]) => version === 2).map(([socket]) => socket);
  }

  /** @param {Iterable<string>} sockets */
  #leave(sockets) {
    for (const socket of sockets) {
      const version = this.#open.get(socket);
      this.#open.delete(socket);
      this.#runs.leave(socket);
      if (version !== undefined) this.#add(version === 2 ? `leave c${socket}` : `leave1 v${socket}`);
    }
  }

  #save() {
    this.#saved = this.#stored.copy();
    this.#add("save");
  }

  /**
   * @param {string} verb
   * @param {Map<string, string>} closed
   */
  #wake(verb, closed) {
    this.#add(this.#dropDamaged(closed) ? "misread" : verb);
    if (verb !== "sleep") this.#endAll(verb);
    if (this.#open.size === 0) this.#carrier = null;
    this.#isPaused = false;
    this.#remember();
  }

  /**
   * Connections whose attachments are damaged have gone before the instance wakes.
   * @param {Map<string, string>} closed
   * @returns {boolean} Whether the carrier is among them.
   */
  #dropDamaged(closed) {
    const carrier = this.#carrier === null || this.#carrier === "unknown" ? null : this.#carrier.socket;
    const isCarrierLost = carrier !== null && this.#damaged.has(carrier);
    for (const socket of this.#damaged) {
      if (!closed.has(socket)) throw new Error(`no model knows the attachment that is put in the place of socket ${socket}'s`);
      this.#add(this.#open.get(socket) === 2 ? `gone c${socket}` : `gone1 v${socket}`);
      this.#open.delete(socket);
      this.#runs.leave(socket);
    }
    this.#damaged.clear();
    if (isCarrierLost) this.#carrier = null;
    return isCarrierLost;
  }

  /** @param {string} verb */
  #endAll(verb) {
    this.#open.clear();
    this.#runs.leaveAll();
    if (verb === "restore") this.#stored = this.#saved.copy();
    const { row } = this.#stored;
    if (row !== null && row !== "unknown") this.#seenAt = row.seenAt;
  }

  /** The next instance has the frames that are attached, or those of the row if none are, since no epoch is open. */
  #remember() {
    const carrier = this.#carrier;
    const isCarried = carrier !== null && (carrier === "unknown" || carrier.open !== null);
    const known = isCarried ? carrier : this.#stored.row;
    this.#kept = [];
    if (known === null || known === "unknown") return;
    this.#number = known.seq;
    if (known.reach > 0 && (isCarried || known.open === null)) this.#add(`kept ${known.reach}`);
  }

  /**
   * @param {string} verb
   * @param {string[]} words
   * @param {Sent[]} frames
   * @param {string[]} effects
   * @param {Map<string, string>} closed
   */
  #connect(verb, words, frames, effects, closed) {
    const [socket, , ...more] = words;
    if (!effects.includes(`accept ${socket}`)) return;
    const others = frames.filter(({ to }) => to !== socket);
    for (const replaced of closed.keys()) this.#add(`lost c${replaced}`);
    this.#goToAll(verb, others, effects, closed);
    if (verb === "connect") this.#add(`connect1 v${socket}`);
    else this.#greet(socket, more, frames.filter(({ to }) => to === socket).map(({ frame }) => frame));
    this.#open.set(socket, verb === "connect" ? 1 : 2);
    this.#leave(closed.keys());
  }

  /**
   * @param {string} socket
   * @param {string[]} options
   * @param {Json[]} own The frames that the device is sent.
   */
  #greet(socket, options, own) {
    const says = Object.fromEntries(options.map((option) => option.split("=")));
    const told = own.find(({ type }) => type === "initial_state") ?? {};
    const since = says.since === undefined ? undefined : `E${this.#placeOf(says.since)}`;
    const how = told.reset ? "reset" : since === undefined ? "new" : "exact";
    const brings = own.filter(({ type, seq }) => type !== "initial_state" && seq !== undefined).map(({ seq }) => seq);
    const messages = own.filter(({ type, inbox }) => type === "push" && inbox !== undefined).map(({ inbox }) => inbox);
    const run = says.run === undefined ? undefined : stringOf(says.run);
    if (run !== undefined) this.#runs.connect(socket, run);
    const inbox = `inbox last ${told.inbox?.last ?? -1} read ${told.inbox?.read ?? -1}${told.lost ? " lost" : ""}`;
    this.#add([
      `connect c${socket}${part("since", since)}${part("run", run)}${part("inbox", says.inbox)}`,
      `-> ${how} E${told.epoch}.${told.seq}${part("brings", brings)} ${inbox}${part("messages", messages)}`,
    ].join(" "));
    this.#number = told.seq;
  }

  /** @param {string} place `EPOCH.SEQ`, or `^.SEQ` in the newest epoch that was told, `^^.SEQ` in the one before. */
  #placeOf(place) {
    const [epoch, seq] = place.split(".");
    return `${epoch.startsWith("^") ? this.#told.at(-epoch.length) : epoch}.${seq}`;
  }

  /** @param {Json} frame */
  #noteEpoch({ epoch }) {
    if (epoch !== undefined && !this.#told.includes(`${epoch}`)) this.#told.push(`${epoch}`);
  }

  /**
   * A connection whose run another one repeats ends before the request is done, and any other after it.
   * @param {string} verb
   * @param {string[]} words
   * @param {Sent[]} frames
   * @param {string[]} effects
   * @param {Map<string, string>} closed
   */
  #act(verb, words, frames, effects, closed) {
    const replaced = [...closed].filter(([, code]) => code === REPLACED).map(([socket]) => socket);
    this.#leave(replaced);
    if (verb === "frame") this.#answer(words, frames);
    this.#leave(closed.keys());
    this.#goToAll(verb, frames, effects, closed);
  }

  /**
   * @param {string[]} words
   * @param {Sent[]} frames
   */
  #answer([socket, ...text], frames) {
    const { id, again } = asked(stringOf(text.join(" ")));
    const answer = frames.findLast(({ to, frame }) => to === socket && frame.id === id && frame.type !== "event")?.frame;
    if (answer === undefined || !/^\w[\w-]*\.\d+$/.test(`${id}`) || OTHER_RUN.test(answer.message)) return;
    const refusal = ANSWERS[answer.code] ?? (USED_BEFORE.test(answer.message) ? "invalid" : "refused");
    const outcome = answer.type === "error" ? refusal : answer.repeated ? "repeated" : "done";
    this.#runs.ask(`${id}`, outcome, again === true);
    this.#add(`ask c${socket} ${id}${again ? " again" : ""} -> answer ${outcome}`);
  }

  /**
   * @param {string} verb
   * @param {Sent[]} frames
   * @param {string[]} effects
   * @param {Map<string, string>} closed
   */
  #goToAll(verb, frames, effects, closed) {
    const devices = this.#devices();
    const isClear = verb === "clear" && effects.includes("erase");
    if (devices.length === 0) return this.#goToNobody(isClear, frames, effects);
    for (const { frame, to } of numbered(frames, devices)) {
      const step = isClear ? "clear" : REPLACEABLE.has(frame.type) ? "frame replaceable" : "frame";
      const sent = to.filter((socket) => !closed.has(socket)).map((socket) => `c${socket}`);
      const inbox = isClear ? ` inbox last ${frame.inbox?.last ?? -1} read ${frame.inbox?.read ?? -1}` : "";
      const carries = isClear ? `E${frame.epoch}` : this.#newsOf(frame);
      this.#add(`${step} -> number ${frame.seq}${part("carries", carries)} sent ${sent.join(" ")}${inbox}`);
      this.#number = frame.seq;
      if (step === "frame") this.#keep(frame.seq);
    }
  }

  /** The epoch that a frame tells first. A `state` always says its place. @param {Json} frame */
  #newsOf({ type, epoch }) {
    const isTold = epoch === undefined || (type === "state" && this.#told.includes(`${epoch}`));
    return isTold ? undefined : `E${epoch}`;
  }

  /** The core keeps so many frames that `initial_state` does not replace. @param {number} number */
  #keep(number) {
    this.#kept.push(number);
    if (this.#kept.length > FRAMES_MAX) this.#add(`kept ${this.#kept.shift()}`);
  }

  /**
   * Frames that nobody was there to be sent with a number show by the number that the row or the carrier has come to.
   * @param {boolean} isClear
   * @param {Sent[]} frames
   * @param {string[]} effects
   */
  #goToNobody(isClear, frames, effects) {
    const isKept = messageOf(effects, frames) !== null;
    const all = frames.filter(({ to }) => to === "all" && !isKept);
    // A change of a value is counted, and told to nobody.
    if (effects.some((effect) => effect.startsWith("store_value "))) all.push({ to: "all", frame: { type: "value_changed" } });
    const known = [rowOf(effects), carrierOf(effects)].filter((place) => place !== null);
    const isUnknown = known.includes("unknown");
    const seq = Math.max(this.#number, ...known.map((place) => (place === "unknown" ? 0 : place.seq)));
    const isCounted = seq > this.#number;
    for (const [index, { frame }] of all.entries()) {
      if (!this.#isPaused && this.#now - this.#seenAt > PAUSE_MS) {
        this.#isPaused = true;
        this.#add("pause");
      }
      const number = isCounted ? ` -> number ${seq - all.length + 1 + index}` : isUnknown ? "" : " -> uncounted";
      this.#add(`${isClear ? "clear" : REPLACEABLE.has(frame.type) ? "frame replaceable" : "frame"}${number}`);
    }
    this.#number = seq;
  }

  /**
   * @param {string[]} words
   * @param {Sent[]} frames
   * @param {string[]} effects
   */
  #noteMessages(words, frames, effects) {
    const { messages } = this.#stored;
    if (effects.includes("erase")) messages.clear();
    const kept = messageOf(effects, frames);
    if (kept !== null) {
      const isToAll = frames.some(({ to }) => to === "all");
      const sent = this.#devices().filter((socket) => isToAll || frames.some(({ to }) => to === socket));
      this.#add(`keep at ${this.#now} -> number ${kept.numbers.join(" ")} sent ${sent.map((socket) => `c${socket}`).join(" ")}`);
      messages.set(kept.numbers[0], this.#now + Number(words[0]) * 1000);
      for (const dropped of [...messages.keys()].sort((a, b) => a - b).slice(0, kept.dropped)) messages.delete(dropped);
    }
    const read = frames.find(({ frame }) => frame.type === "inbox_read");
    if (read !== undefined) this.#add(`read ${read.frame.inbox}`);
  }

  /**
   * @param {string[]} effects
   * @param {boolean} isAnyStep Whether the command has a line of its own.
   */
  #noteRows(effects, isAnyStep) {
    const [row, carrier, inbox] = [rowOf(effects), carrierOf(effects), inboxRowOf(effects)];
    if (row === null && carrier === null && inbox === null && !isAnyStep) return;
    const reach = reachOfValue(row);
    // A deletion was forgotten for a value.
    if (reach > this.#reach) this.#add(`kept ${(this.#reach = reach)}`);
    else if (!isAnyStep) this.#add("other");
    this.#say(wordsOfRow(row));
    if (carrier !== null && carrier !== "unknown") this.#say(wordsOfCarrier(carrier));
    if (inbox !== null) this.#say(`inboxrow ${inbox.join(" ")}`);
    if (row !== null) this.#stored.row = row;
    if (carrier !== null) this.#carrier = carrier;
    if (this.#open.size === 0) this.#carrier = null;
  }
}

/**
 * The trace that a story leaves. Its lines have the numbers of the story's.
 * @param {string} story
 * @param {WebAssembly.Module} module The core.
 */
export function traceOf(story, module) {
  const converter = new Converter();
  const host = new Host(module);
  for (const { line, command, expected } of parseScenario(story)) {
    const [, count, commands] = /^times (\d+) (.*)$/.exec(command) ?? [];
    if (commands === undefined) {
      host.run(command);
      converter.take(line, command, expected);
      continue;
    }
    for (let i = 1; i <= Number(count); i++) {
      for (const repeated of commands.split(" ; ").map((text) => text.replaceAll("<i>", `${i}`))) {
        converter.take(line, repeated, host.run(repeated));
      }
    }
  }
  return converter.lines.join("\n");
}
