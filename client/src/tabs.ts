/**
 * The tabs of a browser with one socket between them. The tab that holds a lock leads: the socket is its own. Another
 * tab's connection is a line to it, on which it is told what a server would tell it, so to all that reads frames, asks
 * and comes back it makes no difference whose socket that is.
 *
 * A tab leads as long as it runs and the server answers through it. From one that runs no timers, or through which
 * no pong comes, another takes the lock, and goes on from its own place. So does a tab that has missed more than the one
 * that leads can tell it. What a browser refuses, a channel or a lock, leaves a tab alone with a socket of its own.
 */
import { attempt, page } from "./page.js";
import { type Found, type GuestHandlers, TabGuest } from "./tab-guest.js";
import { type HostHandlers, TabHost } from "./tab-host.js";
import type { Known, SharedEnding, TabMessage, Unsigned } from "./tab-messages.js";

/** A browser that gives locks gives one that is taken sooner. */
const LOCK_MS = 2_000;

export interface TabHandlers extends HostHandlers, GuestHandlers {
  /** A request of this tab's was sent under an id. */
  sent(key: string, id: string): void;
  /** This tab hears no more from others. */
  alone(): void;
  /** Another tab has a token. @param isNew Whether it was set there just now. */
  offered(token: string, isNew: boolean): void;
}

/** Whether this browser can share a socket. */
export function canShareTabs(): boolean {
  return Boolean(attempt(() => page.navigator?.locks && page.BroadcastChannel && page.AbortController));
}

export class TabGroup {
  readonly host: TabHost;
  readonly guest: TabGuest;
  /** Whether the socket is this tab's own. */
  isLeading = false;
  #name: string;
  #run: string;
  #handlers: TabHandlers;
  #hasJoined = false;
  #channel: BroadcastChannel | null = null;
  /** Aborted when this tab does not want to lead any more. */
  #turn: AbortController | null = null;
  #lockTimer: ReturnType<typeof setTimeout> | undefined;

  /** @param name Common to the tabs that share. @param run This tab's own. */
  constructor(name: string, run: string, handlers: TabHandlers) {
    this.#name = name;
    this.#run = run;
    this.#handlers = handlers;
    const post = (message: Unsigned) => this.#post(message);
    this.host = new TabHost(run, post, () => this.confirm(), handlers);
    this.guest = new TabGuest(run, post, () => this.#queueUp(true), handlers);
  }

  /** @param token What this tab was opened with, if it is a text. */
  join(token: string | null = null): void {
    if (this.#hasJoined) return;
    this.#hasJoined = true;
    this.#channel = attempt(() => new BroadcastChannel(this.#name)) ?? null;
    if (!this.#channel) return void (this.isLeading = true);
    this.#channel.onmessage = ({ data }) => this.#receive(data as TabMessage);
    if (token !== null) this.#post({ kind: "token", token, isNew: false });
    this.#queueUp();
  }

  /** Leaves the others, until `join`. */
  leave(): void {
    this.#hasJoined = false;
    this.release();
    this.isLeading = false;
    this.#giveUpTurn();
    this.#closeChannel();
  }

  /** How this tab gets a connection. @param known What it has. */
  async find(known: Known): Promise<Found> {
    return this.isLeading ? { kind: "own" } : this.guest.find(known);
  }

  /** The connection is not used any more. */
  release(): void {
    this.host.drop();
    this.guest.release();
  }

  /** No answer of the server's comes through the tab that leads: takes its place. @returns Whether there is one. */
  distrust(): boolean {
    const { isServed } = this.guest;
    if (isServed) this.#queueUp(true);
    return isServed;
  }

  /** The session is over. A tab that was replaced was so alone, and leaves the lead to others. */
  over(ending: SharedEnding): void {
    if (ending.ending === "replaced") return this.leave();
    this.host.ending = ending;
    if (this.isLeading) this.host.tellEnding();
  }

  /** Tells all of a token that was set here. */
  offer(token: string): void {
    this.#post({ kind: "token", token, isNew: true });
  }

  /**
   * Whether this tab leads, and has without a break. One that was frozen reads what came meanwhile before it hears that
   * its lock was taken away, but a browser tells it of that before it answers a question about locks.
   */
  async confirm(): Promise<boolean> {
    const turn = this.#turn;
    if (this.#channel) await attempt(() => navigator.locks.query().catch(() => {}));
    return this.isLeading && this.#turn === turn;
  }

  /** @param steal Whether to lead at once, whoever does now. */
  #queueUp(steal = false): void {
    this.#giveUpTurn();
    const turn = (this.#turn = new AbortController());
    const { signal } = turn;
    const done = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const lead = () => {
      if (signal.aborted) return undefined;
      this.#lead();
      return done;
    };
    // Not every engine lets a turn pass before it gives a lock that is taken.
    if (steal) this.#lockTimer = setTimeout(() => this.#stayAlone(), LOCK_MS);
    const request = async () => navigator.locks.request(this.#name, steal ? { steal } : { signal }, lead);
    request().catch((error: Partial<Error> | null) => {
      if (signal.aborted) return;
      if (error?.name === "AbortError") this.#lostLead();
      else this.#stayAlone();
    });
  }

  #giveUpTurn(): void {
    clearTimeout(this.#lockTimer);
    this.#turn?.abort();
    this.#turn = null;
  }

  #lead(): void {
    clearTimeout(this.#lockTimer);
    this.isLeading = true;
    this.#post({ kind: "leading" });
    this.guest.lead();
  }

  /** Another tab took the lock. */
  #lostLead(): void {
    this.isLeading = false;
    this.host.drop();
    this.#queueUp();
    this.#handlers.moved();
  }

  /** A page that may have no locks, or no channel, can't tell who leads. */
  #stayAlone(): void {
    this.#giveUpTurn();
    this.#closeChannel();
    this.#handlers.alone();
    this.#lead();
  }

  #closeChannel(): void {
    const channel = this.#channel;
    this.#channel = null;
    attempt(() => channel?.close());
  }

  #receive(message: TabMessage): void {
    if (message.kind === "token") this.#handlers.offered(message.token, message.isNew);
    if (message.kind === "sent") this.#handlers.sent(message.key, message.id);
    if (!this.isLeading) return this.guest.receive(message);
    if (message.kind === "leading") return void this.#insist();
    // The last leader has said so as it went, and this tab became the next before it heard.
    if (message.kind === "ended" && message.from === this.guest.leader) return this.#handlers.ended(message);
    return this.host.receive(message);
  }

  /** A tab that was frozen says that it leads when it is given the lock that was taken from it meanwhile. */
  async #insist(): Promise<void> {
    if (await this.confirm()) this.#post({ kind: "leading" });
  }

  #post(message: Unsigned): void {
    if (!this.#channel) return;
    const isPosted = attempt(() => {
      this.#channel?.postMessage({ from: this.#run, ...message });
      return true;
    });
    if (!isPosted && this.#hasJoined) this.#stayAlone();
  }
}
