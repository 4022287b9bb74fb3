/** The reading of a scenario's effects: the frames that were sent, and the words of rows and attachments. */

/** @typedef {Record<string, any>} Json A frame. */
/** @typedef {{to: string, frame: Json}} Sent To a socket, or to `all`. */

/**
 * @typedef {object} Row What a row says of version 2.
 * @property {string | null} open The epoch that has begun.
 * @property {string[]} epochs How many epochs are complete, and those that are shown: `AT:E.N`.
 * @property {boolean} isTold
 * @property {number} seq
 * @property {number} reach
 * @property {string[] | null} runs `null` in the row of a value, which has none of them.
 * @property {number} seenAt When a device of version 2 was here last.
 */

/**
 * @typedef {object} Carrier What the carrier's attachment says.
 * @property {string} socket
 * @property {string | null} open
 * @property {boolean} isAnnounced
 * @property {boolean} isTold
 * @property {number} seq
 * @property {number} reach
 * @property {string[]} runs
 */

/**
 * The frames that were sent.
 * @param {string[]} effects
 * @returns {Sent[]}
 */
export function framesOf(effects) {
  return effects.flatMap((line) => {
    const [, all, one, text] = /^send(?:(_to_all)| (\d+)) ?(.*)$/.exec(line) ?? [];
    return text === undefined ? [] : [{ to: all === undefined ? one : "all", frame: frameOf(text) }];
  });
}

/**
 * A frame as far as it is shown: one that is cut short has its type in front, and its numbers in front of an app's
 * body or else at its end.
 * @param {string} text
 * @returns {Json}
 */
function frameOf(text) {
  try {
    return JSON.parse(text.replace(/\\x[0-9a-f]{2}/g, "?"));
  } catch {
    const [, type] = /"type":"(\w+)"/.exec(text) ?? [];
    const part = type === "push" ? text.replace(/"body":.*/, "") : text.slice(text.lastIndexOf(" ... "));
    return { type, ...JSON.parse(`{${(part.match(/"(?:seq|epoch)":\d+|"inbox":(?:\d+|\{[^}]*\})|"reset":true/g) ?? []).join(",")}}`) };
  }
}

/**
 * The frames that have a number, in their order, and all whom each was sent to.
 * @param {Sent[]} frames
 * @param {string[]} devices Sockets of version 2: in a frame to another socket a number is an app's own.
 */
export function numbered(frames, devices) {
  /** @type {Map<number, {frame: Json, to: string[]}>} */
  const counted = new Map();
  for (const { to, frame } of frames) {
    if (frame.seq === undefined || (to !== "all" && !devices.includes(to))) continue;
    const known = counted.get(frame.seq) ?? { frame, to: [] };
    known.to.push(...(to === "all" ? devices : [to]));
    counted.set(frame.seq, known);
  }
  return [...counted.values()].sort((a, b) => a.frame.seq - b.frame.seq);
}

/**
 * A frame of a device, which may be no JSON at all.
 * @param {string} text
 * @returns {{id?: unknown, again?: boolean}}
 */
export function asked(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}

/**
 * The words of the row that was stored last. `null` is none, and a row without words is one of which nothing is known.
 * @param {string[]} effects
 * @returns {Row | "unknown" | null}
 */
export function rowOf(effects) {
  const line = effects.findLast((effect) => effect.startsWith("store ")) ?? effects.findLast((effect) => effect.startsWith("store_value "));
  if (line === undefined) return null;
  if (!/ lastActive=| last=/.test(line)) return "unknown";
  const isValue = line.startsWith("store_value ");
  const last = Number(wordOf(line, isValue ? "last" : "seq"));
  const lastActive = wordOf(line, "lastActive");
  return {
    open: wordOf(line, "open"),
    epochs: epochsOf(line),
    isTold: wordOf(line, "place") !== "untold",
    seq: last,
    reach: Number(wordOf(line, "reach") ?? (isValue ? 0 : last)),
    runs: isValue ? null : runsOf(line),
    seenAt: Number(wordOf(line, "v2Seen") ?? lastActive),
  };
}

/**
 * @param {string[]} effects
 * @returns {Carrier | "unknown" | null} As of `rowOf`.
 */
export function carrierOf(effects) {
  const lines = effects.filter((effect) => effect.startsWith("attach "));
  const line = lines.findLast((effect) => / seq=\d/.test(effect));
  if (line === undefined) return lines.some((effect) => !/ order=/.test(effect)) ? "unknown" : null;
  return {
    socket: line.split(" ")[1],
    open: wordOf(line, "open"),
    isAnnounced: wordOf(line, "epoch") !== "unannounced",
    isTold: wordOf(line, "place") !== "untold",
    seq: Number(wordOf(line, "seq")),
    reach: Number(wordOf(line, "reach") ?? wordOf(line, "seq")),
    runs: runsOf(line),
  };
}

/**
 * @param {string} line
 * @param {string} key
 */
function wordOf(line, key) {
  return new RegExp(` ${key}=([^ ]*)`).exec(line)?.[1] ?? null;
}

/** @param {string} line */
function epochsOf(line) {
  const [, text = "", count] = / epochs=\[([^\]]*)\](?:\((\d+)\))?/.exec(line) ?? [];
  const shown = text.split(", ").filter(Boolean);
  const all = Number(count ?? shown.length);
  const cut = shown.indexOf("...");
  const at = shown.map((place, index) => `${cut < 0 || index < cut ? index : all - shown.length + index}:E${place}`);
  return [`${all}`, ...at.filter((_, index) => index !== cut)];
}

/**
 * The runs of a row or an attachment as `NAME:DONE:USED:FROM`, and `...` if not all are shown.
 * @param {string} line
 */
function runsOf(line) {
  const [, text = ""] = / runs=\[([^\]]*)\]/.exec(line) ?? [];
  const runs = [...text.matchAll(/([\w-]+):([\d+-]*)(?:\(([^)]*)\))?/g)].map(([, name, done, more = ""]) => {
    const used = /used=(\d+)/.exec(more)?.[1] ?? done.split(/[+-]/).at(-1);
    return `${name}:${done}:${used}:${/from=(\w+)/.exec(more)?.[1] ?? 1}`;
  });
  return [...runs, ...(text.includes("...") ? ["..."] : [])];
}

/**
 * The row of the inbox, if it was stored: the last number, that up to which all is read, and the highest that was lost.
 * @param {string[]} effects
 */
export function inboxRowOf(effects) {
  const line = effects.findLast((effect) => effect.startsWith("store_inbox "));
  if (line === undefined || !/ last=/.test(line)) return null;
  return ["last", "read", "lost"].map((key) => Number(wordOf(line, key)));
}

/**
 * A message that was kept, with its number as each says it: the row, the answer and the frames.
 * @param {string[]} effects
 * @param {Sent[]} frames
 * @returns {{numbers: number[], dropped: number} | null}
 */
export function messageOf(effects, frames) {
  const answer = effects.map((line) => /^answer 200 .*"inbox":(\d+),"kept":\d+,"dropped":(\d+)/.exec(line)).find(Boolean);
  if (!answer) return null;
  const row = effects.map((line) => /^store_message \d+ inbox=(\d+)/.exec(line)?.[1]).filter(Boolean);
  const sent = frames.filter(({ frame }) => frame.type === "push" && frame.seq === undefined).map(({ frame }) => frame.inbox);
  return { numbers: [...new Set([answer[1], ...row, ...sent].map(Number))].filter((number) => !Number.isNaN(number)), dropped: Number(answer[2]) };
}

/**
 * The sockets that were closed, each with its code; all that are open if the session closes all.
 * @param {string[]} effects
 * @param {Iterable<string>} open
 * @returns {Map<string, string>}
 */
export function closedOf(effects, open) {
  const closed = new Map();
  for (const effect of effects) {
    const [, one, code] = /^(?:close|expel) (\d+) (\d+)/.exec(effect) ?? [];
    if (one !== undefined) closed.set(one, code);
    if (effect.startsWith("close_all ")) for (const socket of open) closed.set(socket, "1000");
  }
  return closed;
}

/** Writes a row as a trace has it. @param {Row | "unknown" | null} row */
export function wordsOfRow(row) {
  if (row === null) return "row same";
  if (row === "unknown") return "row some";
  const { open, seq, isTold, epochs, runs } = row;
  const words = ["row", nameOf(open), "stored", seq, isTold ? "told" : "untold", "epochs", ...epochs, ...(runs === null ? [] : ["rowruns", ...runs])];
  return words.join(" ");
}

/** Writes the carrier's attachment as a trace has it. @param {Carrier} carrier */
export function wordsOfCarrier({ open, seq, isAnnounced, isTold, runs }) {
  const state = [isAnnounced ? "announced" : "unannounced", isTold ? "told" : "untold"];
  return ["carrier", nameOf(open), seq, ...state, "runs", ...runs].join(" ");
}

/** @param {string | null} epoch */
function nameOf(epoch) {
  return epoch === null ? "none" : `E${epoch}`;
}

/** Up to where the row of a value says that changes are forgotten; 0 for any other row. @param {Row | "unknown" | null} row */
export function reachOfValue(row) {
  return row !== null && row !== "unknown" && row.runs === null ? row.reach : 0;
}

/**
 * A part of a line, if there is any.
 * @param {string} name
 * @param {string | number[] | undefined} told
 */
export function part(name, told = []) {
  return told.length === 0 ? "" : ` ${name} ${typeof told === "string" ? told : told.join(" ")}`;
}
