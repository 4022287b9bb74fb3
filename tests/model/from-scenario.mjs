/**
 * Traces from the stories of tests/scenarios: the commands are the steps, and the effects say what the core did.
 * All that this knows of how the effects are written stands here.
 */

import { parseScenario } from "../wasm/scenario-text.mjs";

/** @import { ScenarioStep } from "../wasm/scenario-text.mjs" */

/** @typedef {Record<string, any>} Json A frame. */

/** Frames that the first one after connecting replaces, so that they may be left out when a device comes back. */
const REPLACEABLE = new Set(["presence_updated", "device_connected", "device_updated", "device_disconnected", "state"]);

/** A row's words for the epoch that has begun and is not complete, and for the number that it has come to. */
const [BEGUN, NUMBER] = [/\bbegun=(\d+)/, /\bseq=(\d+)/];

/** The time after which nothing is counted, if no device of version 2 is there. */
const PAUSE_MS = 600_000;

/** Codes of errors that settle a request in another way than by not having been done. */
const ANSWERS = /** @type {Record<string, string>} */ ({ too_old: "too_old", rate_limited: "limited", internal: "limited" });

class Converter {
  /** @type {string[]} */
  lines = [];
  /** @type {Set<string>} Sockets of devices of version 2. */
  #open = new Set();
  #number = 0;

  /** @param {ScenarioStep} step */
  take({ command, expected }) {
    const [verb, ...words] = command.split(" ");
    const frames = framesOf(expected);
    const at = this.lines.length;
    if (verb === "disconnect") this.#leave(words[0]);
    if (verb === "sleep") this.lines.push("sleep");
    if (verb === "crash") this.#crash();
    if (verb === "after" && Number(words[0]) >= PAUSE_MS && this.#open.size === 0) this.lines.push("pause");
    this.#goToAll(verb, frames, expected);
    if (verb === "connect") this.lines.push(`connect1 v${words[0]}`);
    if (verb === "connect2") this.#connect(words, frames, expected);
    if (verb === "frame") this.#answer(words, frames);
    this.#message(frames);
    const begun = expected.filter((line) => line.startsWith("store ")).map((line) => BEGUN.exec(line)?.[1] ?? "none").at(-1);
    if (begun !== undefined && this.lines.length > at) this.#say(`row ${begun === "none" || begun === "0" ? "none" : `E${begun}`}`);
  }

  /** Adds to what was seen of the last line. @param {string} seen */
  #say(seen) {
    const last = this.lines.length - 1;
    this.lines[last] += this.lines[last].includes("->") ? ` ${seen}` : ` -> ${seen}`;
  }

  /** @param {string} socket */
  #leave(socket) {
    this.lines.push(this.#open.delete(socket) ? `leave c${socket}` : `leave1 v${socket}`);
  }

  #crash() {
    this.#open.clear();
    this.lines.push("crash");
  }

  /**
   * Frames that nobody was there to be sent show by the number that a row has come to.
   * @param {string} verb
   * @param {{to: string, frame: Json}[]} frames
   * @param {string[]} expected
   */
  #goToAll(verb, frames, expected) {
    for (const { frame } of frames) {
      if (frame.type === "initial_state" || frame.seq === undefined || frame.seq <= this.#number) continue;
      this.#number = frame.seq;
      const step = verb === "clear" ? "clear" : REPLACEABLE.has(frame.type) ? "frame replaceable" : "frame";
      this.lines.push(`${step} -> number ${frame.seq}${frame.epoch === undefined ? "" : ` carries E${frame.epoch}`}`);
    }
    const stored = Number(NUMBER.exec(expected.find((line) => line.startsWith("store ")) ?? "")?.[1] ?? 0);
    if (stored <= this.#number || verb === "connect2") return;
    this.#number = stored;
    this.lines.push(`${verb === "clear" ? "clear" : "frame"} -> number ${stored}`);
  }

  /**
   * @param {string[]} words
   * @param {{to: string, frame: Json}[]} frames
   * @param {string[]} expected
   */
  #connect([socket, , ...more], frames, expected) {
    const own = frames.filter(({ to }) => to === socket).map(({ frame }) => frame);
    const told = own.find(({ type }) => type === "initial_state");
    if (told === undefined) return;
    const since = more.find((word) => /^\d+\.\d+$/.test(word));
    const how = told.reset ? "reset" : since === undefined ? "new" : "exact";
    const brings = own.filter(({ type, seq }) => type !== "initial_state" && seq !== undefined).map(({ seq }) => seq);
    const messages = own.filter(({ type, inbox }) => type === "push" && inbox !== undefined).map(({ inbox }) => inbox);
    const inbox = told.inbox === undefined ? "" : ` inbox last ${told.inbox.last} read ${told.inbox.read}${told.inbox.lost ? " lost" : ""}`;
    this.lines.push([
      `connect c${socket}`,
      since === undefined ? "" : ` since E${since}`,
      ...more.map((word) => /^(run|inbox)=(.*)$/.exec(word)).map((option) => (option === null ? "" : ` ${option[1]} ${option[2]}`)),
      ` -> ${how} E${told.epoch}.${told.seq}`,
      brings.length === 0 ? "" : ` brings ${brings.join(" ")}`,
      inbox,
      messages.length === 0 ? "" : ` messages ${messages.join(" ")}`,
    ].join(""));
    this.#number = told.seq;
    this.#open.add(socket);
    for (const [, replaced] of expected.join("\n").matchAll(/^expel (\d+) 4409/gm)) this.#leave(replaced);
  }

  /**
   * @param {string[]} words
   * @param {{to: string, frame: Json}[]} frames
   */
  #answer([socket, ...text], frames) {
    const { id, again } = asked(text.join(" "));
    const answer = frames.findLast(({ to, frame }) => to === socket && frame.id === id && frame.type !== "event")?.frame;
    if (answer === undefined || !/^\w[\w-]*\.\d+$/.test(`${id}`)) return;
    const refusal = ANSWERS[answer.code] ?? (answer.message?.startsWith("id ") ? "invalid" : "refused");
    const outcome = answer.type === "error" ? refusal : answer.repeated ? "repeated" : "done";
    this.lines.push(`ask c${socket} ${id}${again ? " again" : ""} -> answer ${outcome}`);
  }

  /** @param {{to: string, frame: Json}[]} frames */
  #message(frames) {
    const live = frames.find(({ to, frame }) => to === "all" && frame.type === "push" && frame.inbox !== undefined);
    if (live !== undefined) this.lines.push(`keep at ${live.frame.inbox} -> number ${live.frame.inbox}`);
    const read = frames.find(({ frame }) => frame.type === "inbox_read");
    if (read !== undefined) this.lines.push(`read ${read.frame.inbox}`);
  }
}

/**
 * @param {string} text A frame of a device, which may be no JSON at all.
 * @returns {{id?: string, again?: boolean}}
 */
function asked(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/**
 * The frames that were sent: a text that is cut short in the story is none.
 * @param {string[]} expected
 * @returns {{to: string, frame: Json}[]}
 */
function framesOf(expected) {
  return expected.flatMap((line) => {
    const [, all, one, text] = /^send(?:(_to_all)| (\d+)) (\{.*\})$/.exec(line) ?? [];
    return text === undefined ? [] : [{ to: all === undefined ? one : "all", frame: JSON.parse(text) }];
  });
}

/**
 * The trace that a story leaves.
 * @param {string} story
 */
export function traceOf(story) {
  const converter = new Converter();
  for (const step of parseScenario(story)) converter.take(step);
  return converter.lines.join("\n");
}
