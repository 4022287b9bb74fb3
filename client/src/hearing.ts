/** How a component listens to events, though React may hide it and show it again. */
import { UNHEARD, callOne } from "./listeners.js";
import type { SessionEvent } from "./protocol.js";
import type { SessionHandle } from "./session-handle.js";
import { KEPT_MS } from "./shared.js";

/** So many events are kept for a component that is hidden. */
const MISSED_MAX = 256;

export interface Heard {
  event: (event: SessionEvent<never>) => void;
  reset: (() => void) | undefined;
}

/** Keeps what comes while the component is away, as long as the page's client is kept. */
export class Hearing {
  readonly #handle: SessionHandle;
  readonly #name: string;
  readonly #latest: { readonly current: Heard };
  #stop: (() => void) | undefined;
  #isAway = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasBegun = false;
  #hasLost = false;
  #missed: SessionEvent<never>[] = [];
  /** Events that nobody else has heard, which the client tells once more. */
  #told = new WeakSet<SessionEvent<never>>();

  constructor(handle: SessionHandle, name: string, latest: { readonly current: Heard }) {
    this.#handle = handle;
    this.#name = name;
    this.#latest = latest;
  }

  /** @returns What React calls when it hides or unmounts the component. */
  begin = (): (() => void) => {
    clearTimeout(this.#timer);
    this.#isAway = false;
    if (this.#stop) this.#catchUp();
    else this.#start();
    this.#hasBegun = true;
    return () => {
      this.#isAway = true;
      this.#timer = setTimeout(() => this.#end(), KEPT_MS);
      // Node would wait for it.
      (this.#timer as { unref?: () => void }).unref?.();
    };
  };

  #start(): void {
    const stops = [
      this.#handle.attach((client) => client.onEvent(this.#name, this.#hear), this.#lose),
      this.#handle.attach((client) => client.on("reset", this.#lose)),
      this.#handle.attach((client) => client.on("loggedOut", () => void (this.#missed = []))),
    ];
    this.#stop = () => stops.forEach((stop) => stop());
    // React would take down the whole tree if a listener failed here.
    if (this.#hasBegun) callOne(this.#lose);
  }

  #end(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#missed = [];
    this.#hasLost = false;
  }

  #catchUp(): void {
    if (this.#hasLost) callOne(this.#lose);
    this.#hasLost = false;
    for (const event of this.#missed.splice(0)) {
      this.#told.add(event);
      callOne(() => this.#latest.current.event(event));
    }
  }

  #hear = (event: SessionEvent<never>): unknown => {
    if (this.#told.has(event)) return undefined;
    if (!this.#isAway) return this.#latest.current.event(event);
    if (this.#missed.length < MISSED_MAX) this.#missed.push(event);
    else this.#hasLost = true;
    // The component may have gone for good, and another may have come for it.
    return UNHEARD;
  };

  #lose = (): unknown => {
    if (this.#isAway) this.#hasLost = true;
    const { reset } = this.#latest.current;
    return this.#isAway || !reset ? UNHEARD : reset();
  };
}
