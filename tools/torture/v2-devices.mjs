/**
 * A user's devices of version 2 in the record of a run: their visits, and what they may rely on beyond
 * version 1. Shares no code with the server.
 */
import { V2Visit } from "./newer.mjs";
import { Numbers } from "./numbers.mjs";
import { Pushes } from "./pushes.mjs";
import { Requests } from "./requests.mjs";
import { Values } from "./values.mjs";

/** @import { Kind } from "./checker.mjs" */
/** @import { V2Device } from "./newer.mjs" */
/** @import { ConnectingEntry, VisitName } from "./record.mjs" */
/** @import { Stream } from "./stream.mjs" */

/** What a device of version 1 must never see, in frames of whatever type, and as one. */
const FIELDS = ["seq", "epoch", "reset", "devices", "inbox", "values", "id"];
const TYPES = [
  ...["ack", "push", "inbox_read", "device_connected", "device_updated", "device_disconnected"],
  ...["value_changed", "value_deleted", "logged_out", "replaced"],
];

/**
 * @typedef {Record<"resumed" | "reset" | "brought" | "answered" | "unknown" | "kept" | "lost", number>} Counts
 */

export class V2Devices {
  pushes;
  requests;
  values;
  #numbers;
  /** @type {Map<string, V2Device>} */
  #devices = new Map();
  /** Since the last start. @type {Map<VisitName, V2Visit>} */
  #visits = new Map();
  #counts;
  #complain;

  /**
   * @param {Counts} counts
   * @param {(kind: Kind, what: string) => void} complain
   */
  constructor(counts, complain) {
    this.#counts = counts;
    this.#complain = complain;
    this.#numbers = new Numbers((what) => complain("number", what));
    this.pushes = new Pushes((what) => complain("push", what));
    this.values = new Values((what) => complain("value", what));
    this.requests = new Requests(this.#numbers, (what) => complain("request", what));
  }

  get names() {
    return [...this.#devices.keys()];
  }

  /** @param {ConnectingEntry} entry */
  connecting({ device: name, visit, since, inbox }) {
    const device = this.#devices.get(name) ?? { name, seen: new Map(), read: 0 };
    this.#devices.set(name, device);
    // Of those it can't have more than one.
    for (const old of this.#visits.values()) if (old.device === device) this.#end(old);
    const complain = (/** @type {string} */ what) => this.#complain("number", `${visit}: ${what}`);
    const newcomer = new V2Visit({ device, visit, since, inbox }, this.#numbers, complain);
    this.#visits.set(visit, newcomer);
    this.pushes.comes(newcomer);
  }

  /** @param {VisitName} name */
  closed(name) {
    const visit = this.#visits.get(name);
    if (visit) this.#end(visit);
  }

  /**
   * @param {any} frame
   * @param {Stream} stream Of the same visit.
   * @returns {any} The frame as the model of version 1 must see it, if at all.
   */
  saw(frame, stream) {
    const { visit: name, device } = stream.who;
    const visit = this.#visits.get(name);
    // In version 1 each socket is a device of its own.
    const push = visit ? frame.body?.push : frame.push;
    if (push !== undefined) this.pushes.saw(name, visit ? device : name, push, visit && frame.inbox);
    if (!visit) return this.#sawOlder(frame, name);
    const [hadState, wasComplete] = [visit.hasState, visit.isComplete];
    const older = visit.saw(frame);
    this.values.saw(frame, visit);
    if (!hadState) this.#sawFirst(visit);
    if (visit.isComplete && !wasComplete) this.pushes.came(visit);
    if (push !== undefined) this.#counts.kept++;
    if (frame.type === "ack" || frame.type === "error") this.#sawAnswer(frame, visit, stream);
    if (isChange(frame)) this.requests.changed(visit.epoch, frame);
    return older;
  }

  /** @param {V2Visit} visit */
  #sawFirst(visit) {
    this.#counts[visit.isReset ? "reset" : "resumed"] += visit.since === null ? 0 : 1;
    this.#counts.lost += visit.isLost ? 1 : 0;
    this.pushes.begins(visit);
  }

  /** @param {any} frame @param {V2Visit} visit @param {Stream} stream */
  #sawAnswer(frame, visit, stream) {
    this.#counts[frame.type === "ack" ? "answered" : "unknown"]++;
    if (frame.id === undefined) return;
    this.requests.answered(frame, visit, stream);
    const request = this.requests.frameOf(frame.id);
    if (request?.key !== undefined) this.values.answered(frame, request, visit);
  }

  /** Everybody has been told everything. */
  settled() {
    this.pushes.settled(this.names, this.#counts.lost > 0);
    this.requests.check();
    this.values.settled([...this.#visits.values()].filter(({ isEnded, hasState }) => hasState && !isEnded));
  }

  /** The games have changed by a frame that was seen as it happened. @param {any} frame @param {Stream} stream */
  changed(frame, stream) {
    const visit = this.#visits.get(stream.who.visit);
    if (visit) this.requests.changed(visit.epoch, frame);
  }

  /** The server has ended, and with it all connections. */
  endLife() {
    for (const visit of this.#visits.values()) this.#end(visit);
    this.#visits.clear();
    this.#numbers.check();
    this.requests.check();
    this.values.endLife();
  }

  /** @param {any} frame @param {VisitName} name */
  #sawOlder(frame, name) {
    const isV2 = TYPES.includes(frame.type) || FIELDS.some((field) => field in frame);
    if (isV2) this.#complain("version", `${name} speaks version 1 and saw ${JSON.stringify(frame)}`);
    return isV2 ? null : frame;
  }

  /** @param {V2Visit} visit */
  #end(visit) {
    if (visit.isEnded) return;
    visit.isEnded = true;
    this.#counts.brought += visit.brought.size;
    if (!visit.isResumed || !visit.isComplete) return;
    const { epoch, brought } = visit;
    const [since, upTo] = [visit.since?.seq ?? 0, visit.begin];
    this.#numbers.resumed({ visit: visit.visit, epoch, since, upTo, brought });
  }
}

/**
 * Whether a frame tells a change. Of a leaving that was missed nobody knows whether the game was there.
 * @param {any} frame
 */
function isChange({ type, data }) {
  return type === "game_joined" || data?.once !== undefined;
}
