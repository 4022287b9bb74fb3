/** What each model does for the lines of a trace: calls of the steps that it has for the exhaustive search, too. */

/** @import { Line, Script, Step } from "./trace.mjs" */

const ANSWERS = { done: "ACK", repeated: "REPEATED", limited: "NOT_NOW", refused: "NEVER", too_old: "TOO_OLD", invalid: "INVALID" };

/** Gives names numbers, from `first` on, in the order in which they come. */
class Names {
  /** @type {Map<string, number>} */
  #numbers = new Map();
  #first;

  /** @param {number} first */
  constructor(first) {
    this.#first = first;
  }

  /** @param {string} name */
  of(name) {
    const known = this.#numbers.get(name) ?? this.#first + this.#numbers.size;
    this.#numbers.set(name, known);
    return known;
  }

  get size() {
    return this.#numbers.size;
  }
}

/**
 * @param {Line[]} lines
 * @param {(line: Line) => string[]} callsOf
 * @returns {Step[]}
 */
function stepsOf(lines, callsOf) {
  return lines.flatMap((line) => {
    const calls = callsOf(line);
    return calls.length === 0 ? [] : [{ line: line.line, text: calls.join("; ") }];
  });
}

/** @param {string} place */
function split(place) {
  const at = place.lastIndexOf(".");
  return { name: place.slice(0, at), number: Number(place.slice(at + 1)) };
}

/**
 * The word that follows another one.
 * @param {string[]} words
 * @param {string} word
 * @returns {string | undefined}
 */
function after(words, word) {
  return words.includes(word) ? words[words.indexOf(word) + 1] : undefined;
}

/** Numbers of messages are times, and so higher than any number of a frame or a request. */
const NUMBER_MAX = 10_000;

/**
 * The highest number of a frame or a request in a trace.
 * @param {Line[]} lines
 */
function highest(lines) {
  const places = lines.flatMap(({ words, seen }) => [...words, ...Object.values(seen).flat()]);
  const numbers = places.map((word) => Number(/^(?:[^.]+\.)?(\d+)$/.exec(word)?.[1] ?? 0));
  return Math.max(0, ...numbers.filter((number) => number < NUMBER_MAX));
}

/**
 * @param {Line[]} lines
 * @returns {Script}
 */
export function placesSteps(lines) {
  const [clients, epochs] = [new Names(0), new Names(1)];
  const old = new Set();
  /** @param {string} name */
  const clientOf = (name) => clients.of(name);

  /** @param {Line} line */
  const connect = ({ words, seen }) => {
    const who = clientOf(words[0]);
    const since = after(words, "since");
    const place = since === undefined ? undefined : split(since);
    const isExact = seen.exact !== undefined;
    const told = split((seen.exact ?? seen.reset ?? seen.new)[0]);
    return [
      ...(place === undefined ? [] : [`say_place(${who}, ${epochs.of(place.name)}, ${place.number})`]),
      `connect(${who}, ${place !== undefined}, ALL)`,
      `expect_told(${epochs.of(told.name)}, ${told.number}, ${isExact})`,
      ...(seen.brings ?? []).map((number) => `brought[${number}] = true`),
      `expect_brought(${isExact ? place?.number : told.number})`,
    ];
  };

  /** @param {string[]} [named] */
  const carried = (named) => (named === undefined ? 0 : epochs.of(named[0]));

  /** @type {Record<string, (line: Line) => string[]>} */
  const calls = {
    connect,
    connect1: ({ words }) => (old.add(words[0]), ["come_by_first_version()"]),
    leave: ({ words }) => [`leave(${clientOf(words[0])})`],
    leave1: ({ words }) => (old.delete(words[0]), old.size === 0 ? ["leave_by_first_version()"] : []),
    lost: ({ words }) => [`client[${clientOf(words[0])}].socket = CUT`],
    frame: ({ words, seen }) => [
      "frame(false, 0)",
      seen.uncounted === undefined
        ? `expect_frame(${seen.number[0]}, ${carried(seen.carries)}, ${words.includes("replaceable")})`
        : "expect_frame(0, 0, false)",
    ],
    clear: ({ seen }) => ["clear(0)", "told_number = number", `expect_frame(${seen.number[0]}, ${carried(seen.carries)}, true)`],
    kept: ({ words }) => [`keep_above(${words[1]})`],
    ask: ({ seen }) => (seen.answer[0] === "done" ? ["request()"] : []),
    sleep: () => ["sleep()"],
    crash: () => (old.clear(), ["crash()"]),
    misread: () => ["misread()"],
    save: () => ["save_rows()"],
    restore: () => (old.clear(), ["restore()", "crash()"]),
    pause: () => ["paused = true"],
  };
  const steps = stepsOf(lines, (line) => [
    ...(calls[line.step]?.(line) ?? []),
    ...(line.seen.row === undefined ? [] : [`expect_row(${line.seen.row[0] === "none" ? 0 : epochs.of(line.seen.row[0])})`]),
  ]);
  const bounds = { CLIENTS: Math.max(clients.size, 2), NAMES: Math.max(epochs.size, 1), KNOWN: 16, NUMBERS: highest(lines) + 8 };
  return { model: "places", bounds, steps };
}

/**
 * @param {Line[]} lines
 * @param {string} run
 * @returns {Script}
 */
export function requestsSteps(lines, run) {
  const [own, others] = [new Set(), new Set()];

  /** @param {Line} line */
  const ask = ({ words, seen }) => {
    const asked = split(words[1]);
    const answer = ANSWERS[/** @type {keyof typeof ANSWERS} */ (seen.answer[0])];
    if (asked.name !== run) return answer === "ACK" ? ["others_ask(false)"] : [];
    const refusal = answer === "NOT_NOW" || answer === "NEVER" ? answer : "0";
    return [
      ...(own.has(words[0]) ? [] : ["socket[0] = NONE", "empty_door()"]),
      `serve(${asked.number}, ${words.includes("again")}, ${refusal}, false)`,
      `expect_answer(${answer})`,
    ];
  };

  /** @param {Line} line */
  const leave = ({ words }) => {
    if (own.delete(words[0])) return ["leave()"];
    others.delete(words[0]);
    return others.size === 0 ? ["others_leave()"] : [];
  };

  /** @param {Line} line */
  const connect = ({ words }) => {
    const isOwn = (after(words, "run") ?? words[0]) === run;
    (isOwn ? own : others).add(words[0]);
    return [isOwn ? "connect()" : "others_come()"];
  };

  /** @type {Record<string, (line: Line) => string[]>} */
  const calls = {
    connect,
    connect1: ({ words }) => (others.add(words[0]), ["other = true", "attach(true)"]),
    leave,
    leave1: leave,
    frame: ({ seen }) => (seen.uncounted === undefined ? ["others_ask(false)"] : []),
    clear: () => ["clear()"],
    ask,
    sleep: () => ["sleep()"],
    crash: () => (others.clear(), own.clear(), ["crash()"]),
    misread: () => ["misread()"],
    save: () => ["save_rows()"],
    restore: () => (others.clear(), own.clear(), ["restore()", "crash()"]),
  };
  const steps = stepsOf(lines, (line) => [
    ...(calls[line.step]?.(line) ?? []),
    ...(line.seen.row === undefined ? [] : [`expect_row(${line.seen.row[0] !== "none"})`]),
  ]);
  return { model: "requests", bounds: { ASKED: Math.min(highest(lines) + 1, 30), WINDOW: 64 }, steps };
}

/**
 * @param {Line[]} lines
 * @returns {Script}
 */
export function inboxSteps(lines) {
  const pages = new Names(0);

  /** @param {Line} line */
  const connect = ({ words, seen }) => {
    if (seen.inbox === undefined) return [];
    const who = pages.of(words[0]);
    const place = after(words, "inbox");
    return [
      ...(place === undefined ? [`reload(${who})`] : [`say_place(${who}, ${place})`]),
      `connect(${who}, ALL)`,
      `expect_inbox(${seen.last[0]}, ${seen.read[0]}, ${seen.lost !== undefined})`,
      ...(seen.messages ?? []).map((number) => `expect_message(${number})`),
      "expect_no_more()",
    ];
  };

  /** @type {Record<string, (line: Line) => string[]>} */
  const calls = {
    connect,
    leave: ({ words }) => [`page[${pages.of(words[0])}].socket = NONE`],
    lost: ({ words }) => [`page[${pages.of(words[0])}].socket = CUT`],
    keep: ({ words, seen }) => [`keep(${words[1]}, ${seen.number[0]})`],
    read: ({ words }) => [`mark(${words[0]})`],
    expire: ({ words }) => [`run_out(${words[0]})`],
    crash: () => ["crash()"],
    save: () => ["save_rows()"],
    restore: () => ["restore()"],
  };
  const steps = stepsOf(lines, (line) => calls[line.step]?.(line) ?? []);
  const messages = lines.filter(({ step }) => step === "keep").length;
  return { model: "inbox", bounds: { PAGES: Math.max(pages.size, 2), MESSAGES: Math.max(messages, 1), ROOM: 64 }, steps };
}
