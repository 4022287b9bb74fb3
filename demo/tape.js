/** The last minute as a tape that runs to the left: when the object was awake, and what each device said. */
import { part } from "./dom.js";

const SPAN_MS = 60_000;
const REDRAWN_EVERY_MS = 100;
/** For those who would rather not see things move. */
const REDRAWN_CALMLY_EVERY_MS = 1_000;

/** @typedef {"sent" | "received" | "heartbeat" | "link"} MarkKind */
/** @typedef {{lane: number, kind: MarkKind, at: number}} Mark */

export class Tape {
  #canvas;
  #lanes;
  /** @type {Mark[]} */
  #marks = [];
  /** When the object was awake; the last span may still last. @type {{from: number, to: number}[]} */
  #spans = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#canvas = /** @type {HTMLCanvasElement} */ (part(root, "canvas"));
    this.#lanes = /** @type {HTMLElement[]} */ ([...root.querySelectorAll(".lane")]);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setInterval(() => this.draw(), isCalm ? REDRAWN_CALMLY_EVERY_MS : REDRAWN_EVERY_MS);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param {number} device Its place among the devices. @param {MarkKind} kind */
  mark(device, kind) {
    const now = performance.now();
    this.#marks = this.#marks.filter(({ at }) => at > now - SPAN_MS);
    this.#marks.push({ lane: device + 1, kind, at: now });
  }

  /** The object is awake until then, unless it works again. @param {number} from @param {number} to */
  awake(from, to) {
    this.#spans = this.#spans.filter((span) => span.to > performance.now() - SPAN_MS);
    const last = this.#spans.at(-1);
    if (last && from <= last.to) last.to = to;
    else this.#spans.push({ from, to });
  }

  /** The object is not known to be awake any more. @param {number} at */
  end(at) {
    const last = this.#spans.at(-1);
    if (last) last.to = Math.min(last.to, at);
  }

  /** Draws it as of now, in the colours of now. */
  draw() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const scale = devicePixelRatio;
    if (this.#canvas.width !== Math.round(width * scale)) this.#canvas.width = Math.round(width * scale);
    if (this.#canvas.height !== Math.round(height * scale)) this.#canvas.height = Math.round(height * scale);
    const context = this.#canvas.getContext("2d");
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    const now = performance.now();
    const laneHeight = height / this.#lanes.length;
    /** @param {number} at */
    const x = (at) => width - ((now - at) / SPAN_MS) * width;
    this.#lanes.forEach((lane, at) => {
      context.fillStyle = getComputedStyle(lane).color;
      context.globalAlpha = 0.25;
      context.fillRect(0, Math.round((at + 0.5) * laneHeight), width, 1);
    });
    context.globalAlpha = 1;
    context.fillStyle = getComputedStyle(this.#canvas).color;
    for (const { from, to } of this.#spans) {
      const left = Math.max(0, x(from));
      context.fillRect(left, laneHeight * 0.2, Math.max(0, x(Math.min(to, now)) - left), laneHeight * 0.6);
    }
    for (const { lane, kind, at } of this.#marks) {
      context.fillStyle = getComputedStyle(this.#lanes[lane] ?? this.#lanes[0]).color;
      drawMark(context, kind, x(at), (lane + 0.5) * laneHeight, laneHeight);
    }
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {MarkKind} kind
 * @param {number} x
 * @param {number} y The lane's middle.
 * @param {number} height The lane's.
 */
function drawMark(context, kind, x, y, height) {
  switch (kind) {
    case "sent":
      return context.fillRect(x - 1, y - height * 0.42, 2.5, height * 0.42);
    case "received":
      return context.fillRect(x - 1, y, 2.5, height * 0.42);
    case "link":
      return context.fillRect(x - 2, y - 2, 5, 5);
    case "heartbeat":
      context.beginPath();
      context.arc(x, y, 1.6, 0, 2 * Math.PI);
      context.fill();
  }
}
