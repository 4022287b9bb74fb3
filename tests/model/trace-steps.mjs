/** What each model does for the lines of a trace: calls of the steps that it has for the exhaustive search, too. */

import { after, bitsOf, compressed, highest, Names, split, stepsOf } from "./trace-words.mjs";

/** @import { Line, Script } from "./trace.mjs" */

const ANSWERS = { done: "ACK", repeated: "REPEATED", limited: "NOT_NOW", refused: "NEVER", too_old: "TOO_OLD", invalid: "INVALID" };

/** How many complete epochs the core knows, and how far below its highest number a run's window reaches. */
const [EPOCHS_MAX, WINDOW] = [16, 64];

/** How many messages the core keeps. */
const MESSAGES_MAX = 64;

/**
 * @param {Line[]} lines
 * @returns {Script}
 */
export function placesSteps(lines) {
  const [clients, epochs] = [new Names(0), new Names(1)];
  /** @type {Set<string>} */
  const old = new Set();
  /** @param {string | undefined} name */
  const epochOf = (name) => (name === undefined || name === "none" ? 0 : epochs.of(name));

  /** @param {Line} line */
  const connect = ({ words, seen }) => {
    const who = clients.of(words[0]);
    const since = after(words, "since");
    const place = since === undefined ? undefined : split(since);
    // Who says no place has none that could be reset.
    const isExact = seen.exact !== undefined || (place === undefined && seen.reset !== undefined);
    const told = split((seen.exact ?? seen.reset ?? seen.new)[0]);
    return [
      ...(place === undefined ? [] : [`say_place(${who}, ${epochs.of(place.name)}, ${place.number})`]),
      `connect(${who}, ${place !== undefined}, ALL)`,
      `expect_told(${epochs.of(told.name)}, ${told.number}, ${isExact})`,
      ...(seen.brings ?? []).map((number) => `bring(${number})`),
      `expect_brought(${isExact ? place?.number ?? -1 : told.number})`,
    ];
  };

  /** @param {Line} line */
  const frame = ({ words, seen }) => {
    const sent = seen.sent === undefined ? [] : [`expect_sent(${bitsOf(seen.sent, clients)})`];
    const isReplaceable = words.includes("replaceable");
    if (seen.uncounted !== undefined) return ["expect_frame(0, false)", ...sent];
    if (seen.number === undefined) return [`replaceable[told_number] = ${isReplaceable}`, ...sent];
    return [`expect_frame(${seen.number[0]}, ${isReplaceable})`, `expect_carried(${epochOf(seen.carries?.[0])})`, ...sent];
  };

  /** @type {Record<string, (line: Line) => string[]>} */
  const calls = {
    connect,
    connect1: ({ words }) => (old.add(words[0]), ["come_by_first_version()"]),
    leave: ({ words }) => [`leave(${clients.of(words[0])})`],
    leave1: ({ words }) => (old.delete(words[0]), old.size === 0 ? ["leave_by_first_version()"] : []),
    lost: ({ words }) => [`client[${clients.of(words[0])}].socket = CUT`],
    gone: ({ words }) => [`lose_client(${clients.of(words[0])})`],
    gone1: ({ words }) => (old.delete(words[0]), old.size === 0 ? ["first_version = false"] : []),
    frame: (line) => ["frame(false, 0)", ...frame(line)],
    clear: (line) => ["clear(0)", ...frame({ ...line, words: ["replaceable"] })],
    kept: ({ words }) => [`keep_above(${words[0]})`],
    ask: ({ seen }) => (seen.answer[0] === "done" ? ["request()"] : []),
    sleep: () => ["sleep()"],
    crash: () => (old.clear(), ["end_all()"]),
    misread: () => ["misread()"],
    save: () => ["save_rows()"],
    restore: () => (old.clear(), ["restore()", "see_row()", "save_rows()", "end_all()"]),
    pause: () => ["paused = true"],
  };
  const steps = stepsOf(lines, (line) => [...(calls[line.step]?.(line) ?? []), ...rowAndCarrier(line.seen, epochOf)]);
  const unseen = lines.filter(({ step, seen }) => step === "frame" && seen.number === undefined).length;
  const bounds = {
    CLIENTS: Math.max(clients.size, 2),
    NAMES: Math.max(epochs.size, 1),
    KNOWN: EPOCHS_MAX,
    NUMBERS: highest(lines) + unseen + 2,
  };
  return { model: "places", bounds, steps };
}

/**
 * Asserts all that the row and the carrier's attachment say of places.
 * @param {Line["seen"]} seen
 * @param {(name: string | undefined) => number} epochOf
 */
function rowAndCarrier({ row, stored, epochs, carrier }, epochOf) {
  return [
    ...(row === undefined ? [] : rowOf(row[0], (name) => `expect_row(${epochOf(name)})`, "end_crash(); write_row(); see_row()")),
    ...(stored === undefined ? [] : [`expect_stored(${stored[0]}, ${stored[1] === "told"})`]),
    ...(epochs === undefined ? [] : [`expect_epochs(${epochs[0]})`]),
    ...(epochs ?? []).slice(1).map((text) => {
      const [at, place] = text.split(":");
      const { name, number } = split(place);
      return `expect_epoch(${at}, ${epochOf(name)}, ${number})`;
    }),
    ...(carrier === undefined ? [] : [`expect_carrier(${epochOf(carrier[0])}, ${carrier[1]}, ${carrier[2] === "announced"}, ${carrier[3] === "told"})`]),
  ];
}

/**
 * @param {string} row
 * @param {(name: string) => string} expect
 * @param {string} see What there is to do for a row of which nothing is known.
 */
function rowOf(row, expect, see) {
  if (row === "same") return ["expect_no_row()"];
  return [row === "some" ? see : expect(row)];
}

/**
 * @param {Line[]} lines
 * @param {string} run
 * @returns {Script}
 */
export function requestsSteps(lines, run) {
  /** @type {Set<string>[]} */
  const [own, others] = [new Set(), new Set()];
  const asked = lines.filter(({ step }) => step === "ask").map(({ words }) => split(words[1]));
  const numbers = compressed(asked.filter(({ name }) => name === run).map(({ number }) => number), WINDOW);

  /** @param {Line} line */
  const ask = ({ words, seen }) => {
    const { name, number } = split(words[1]);
    const answer = ANSWERS[/** @type {keyof typeof ANSWERS} */ (seen.answer[0])];
    if (name !== run) return answer === "ACK" ? ["others_ask(false)"] : [];
    const refusal = answer === "NOT_NOW" || answer === "NEVER" ? answer : "0";
    return [
      ...(own.has(words[0]) ? [] : ["socket[0] = NONE", "empty_door()"]),
      `serve(${numbers.get(number)}, ${words.includes("again")}, ${refusal}, false)`,
      `expect_answer(${answer})`,
    ];
  };

  /**
   * @param {string} socket
   * @param {string} ofRun What happens if the run has no socket any more,
   * @param {string} ofOthers and what if it was another's, and the last of these.
   */
  const end = (socket, ofRun, ofOthers) => {
    if (own.delete(socket)) return own.size === 0 ? [ofRun] : [];
    others.delete(socket);
    return others.size === 0 ? [ofOthers] : [];
  };

  /** @param {Line} line */
  const connect = ({ words }) => {
    const isOwn = (after(words, "run") ?? words[0]) === run;
    (isOwn ? own : others).add(words[0]);
    return [isOwn ? "connect()" : "others_come()"];
  };

  /** @param {Line} line */
  const leave = ({ words }) => end(words[0], "leave()", "others_leave()");
  /** @param {Line} line */
  const gone = ({ words }) => end(words[0], "lose_client()", "other = false");

  /** @type {Record<string, (line: Line) => string[]>} */
  const calls = {
    connect,
    connect1: ({ words }) => (others.add(words[0]), ["other = true", "attach(true)"]),
    leave,
    leave1: leave,
    gone,
    gone1: gone,
    frame: ({ seen }) => [seen.uncounted === undefined ? "others_ask(false)" : "leave_uncounted()"],
    clear: ({ seen }) => (seen.uncounted === undefined ? ["clear()"] : []),
    ask,
    forget: ({ words }) => (words[0] === run ? ["forget_run_that_is_away()"] : []),
    sleep: () => ["sleep()"],
    crash: () => (others.clear(), own.clear(), ["crash()"]),
    misread: () => ["misread()"],
    save: () => ["save_rows()"],
    restore: () => (others.clear(), own.clear(), ["restore()", "seen_begun = row_begun != 0", "save_rows()", "crash()"]),
  };
  const steps = stepsOf(lines, (line) => [
    ...(calls[line.step]?.(line) ?? []),
    ...rowOf(line.seen.row?.[0] ?? "", (name) => `expect_row(${name !== "none"})`, "expect_row(epoch != 0)").filter(() => line.seen.row),
    ...runOf(line.seen.rowruns, run, numbers),
    ...runOf(line.seen.runs, run, numbers),
  ]);
  const ASKED = Math.max(...numbers.values()) + 1;
  return { model: "requests", bounds: { ASKED, WINDOW, WORDS: Math.floor(ASKED / 30) + 1 }, steps };
}

/**
 * Asserts all that a row or an attachment says of a run: `NAME:DONE:USED:FROM`, where what is done is `1-3+5`.
 * @param {string[] | undefined} runs
 * @param {string} run
 * @param {Map<number, number>} numbers
 */
function runOf(runs, run, numbers) {
  if (runs === undefined) return [];
  const [, done, used, from] = runs.find((text) => text.startsWith(`${run}:`))?.split(":") ?? [];
  if (done === undefined) return runs.includes("...") ? [] : ["expect_run(0, 0)"];
  const ranges = done.split("+").map((range) => range.split("-").map(Number));
  const isDone = (/** @type {number} */ number) => ranges.some(([first, last = first]) => number >= first && number <= last);
  const all = [...numbers].filter(([number]) => number <= Number(used));
  return [
    `expect_run(${numbers.get(Number(used)) ?? -1}, ${from === "never" ? 0 : numbers.get(Number(from)) ?? -1})`,
    ...all.map(([number, index]) => `expect_done(${index}, ${isDone(number)})`),
  ];
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

  /** @param {Line} line */
  const leave = ({ words }) => [`page[${pages.of(words[0])}].socket = NONE`];

  /** @type {Record<string, (line: Line) => string[]>} */
  const calls = {
    connect,
    leave,
    gone: leave,
    lost: ({ words }) => [`page[${pages.of(words[0])}].socket = CUT`],
    keep: ({ words, seen }) => [
      `keep(${words[1]})`,
      ...seen.number.map((number) => `expect_number(${number})`),
      ...(seen.sent === undefined ? [] : [`expect_sent(${bitsOf(seen.sent, pages)})`]),
    ],
    read: ({ words }) => [`mark(${words[0]})`],
    expire: ({ words }) => [`run_out(${words[0]})`],
    clear: ({ seen }) => ["forget_all()", ...(seen.last === undefined ? [] : [`expect_stored(${seen.last[0]}, ${seen.read[0]}, 0)`])],
    crash: () => ["crash()"],
    save: () => ["save_rows()"],
    restore: () => ["restore()", "save_rows()"],
  };
  const steps = stepsOf(lines, (line) => [
    ...(calls[line.step]?.(line) ?? []),
    ...(line.seen.inboxrow === undefined ? [] : [`expect_stored(${line.seen.inboxrow.join(", ")})`]),
  ]);
  const MESSAGES = Math.max(lines.filter(({ step }) => step === "keep").length, 1);
  const bounds = { PAGES: Math.max(pages.size, 2), MESSAGES, ROOM: MESSAGES_MAX, WORDS: Math.floor(MESSAGES / 30) + 1 };
  return { model: "inbox", bounds, steps };
}
