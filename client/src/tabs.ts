/**
 * The tabs of a browser with one socket between them. The tab that holds a lock leads: the socket is its own. Another
 * tab's connection is a line to it, on which it is told what a server would tell it, so to all that reads frames, asks
 * and comes back it makes no difference whose socket that is.
 *
 * A tab leads as long as it runs and the server answers through it. From one that runs no timers, or through which
 * no pong comes, another takes the lock, and goes on from its own place. So does a tab that has missed more than the one
 * that leads can tell it. What a browser refuses, a channel or a lock, leaves a tab alone with a socket of its own.
 */
import type { SessionCore } from "./core.js";
import type { ServerFrame } from "./frames.js";
import type { SessionModel } from "./model.js";
import type { SessionProblem } from "./problem.js";
import { type Found, TabGuest } from "./tab-guest.js";
import { TabHost } from "./tab-host.js";
import type { Kit } from "./kit.js";
import { kit, takeKit } from "./tab-kit.js";
import type { Known, SharedEnding, TabMessage, Unsigned } from "./tab-messages.js";
import { TabRequests } from "./tab-requests.js";
import { beginningOf, firstFrame, knownTo } from "./tab-state.js";
import type { Tokens } from "./tokens.js";

/** A browser that gives locks gives one that is taken sooner. */
const LOCK_MS = 2_000;

/** A tab, and what it shares with others. */
export interface TabParts {
  /** Common to the tabs that share. */
  name: string;
  /** This tab's own. */
  run: string;
  deviceId: string;
  core: SessionCore;
  tokens: Tokens;
}

export class TabGroup {
  readonly host: TabHost;
  readonly guest: TabGuest;
  /** Whether the socket is this tab's own. */
  isLeading = false;
  #parts: TabParts;
  #requests: TabRequests;
  #hasJoined = false;
  #channel: BroadcastChannel | null = null;
  /** Aborted when this tab does not want to lead any more. */
  #turn: AbortController | null = null;
  #lockTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(parts: TabParts, given: Kit) {
    takeKit(given);
    const { run, deviceId, core } = (this.#parts = parts);
    const post = (message: Unsigned) => this.#post(message);
    this.guest = new TabGuest(run, post, () => this.#queueUp(true), {
      moved: () => core.move(),
      opened: () => core.start() || core.retry(),
      retry: () => core.retry(),
      received: (text) => core.connection.received(text),
      ended: ({ ending, reason }) => core.connection.end(ending, reason),
    });
    const requests = (this.#requests = new TabRequests(run, core.queue, (ask) => this.guest.ask(ask)));
    this.host = new TabHost(run, post, () => this.confirm(), {
      retry: () => core.retry(),
      wake: () => core.wake(),
      send: (text) => core.connection.send(text),
      sendFor: (ask, tell) => requests.sendFor(ask, tell),
      known: () => knownTo(core.model),
      firstFrame: (breaks) => firstFrame(core.model, deviceId, breaks),
    });
  }

  /** The tab's user opens the app, or begins again what is over. */
  begin(): void {
    this.join(this.#parts.tokens.text);
    this.guest.begin();
  }

  /** @param token What this tab was opened with, if it is a text. */
  join(token: string | null = null): void {
    if (this.#hasJoined) return;
    this.#hasJoined = true;
    this.#channel = kit.attempt(() => new BroadcastChannel(this.#parts.name)) ?? null;
    if (!this.#channel) return void (this.isLeading = true);
    this.#channel.onmessage = ({ data }) => this.#receive(data as TabMessage);
    if (token !== null) this.#post({ kind: "token", token, isNew: false });
    this.#queueUp();
  }

  /** Somebody looks at the page. */
  wake(): void {
    this.join();
    this.#parts.core.wake();
    this.guest.wake();
  }

  /** There is another token. */
  renew(): void {
    const token = this.#parts.tokens.text;
    if (token !== null) this.#post({ kind: "token", token, isNew: true });
    this.guest.begin();
  }

  /** It connects from now on, whatever was before. */
  started(): void {
    this.host.ending = null;
  }

  /** A first frame has come, of whatever connection. Other tabs may be served by this tab's own. */
  began(version: 1 | 2, model: SessionModel): void {
    if (this.guest.isServed) return;
    this.host.began(beginningOf(version, model, this.guest.inboxFloor));
    this.guest.began();
  }

  /** A frame has come. @param frame `null` if it is not believed. */
  relay(text: unknown, frame: ServerFrame | null): void {
    this.host.relay(text, frame);
  }

  /** Why there is no connection, if there is none. */
  noteProblem(problem: SessionProblem | null): void {
    if (this.isLeading) this.host.problem = problem;
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
    // The group is made while its tab waits for a connection already.
    if (!this.#hasJoined) this.begin();
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

  /**
   * Whether this tab leads, and has without a break. One that was frozen reads what came meanwhile before it hears that
   * its lock was taken away, but a browser tells it of that before it answers a question about locks.
   */
  async confirm(): Promise<boolean> {
    const turn = this.#turn;
    if (this.#channel) await kit.attempt(() => navigator.locks.query().catch(() => {}));
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
    const request = async () => navigator.locks.request(this.#parts.name, steal ? { steal } : { signal }, lead);
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
    this.#parts.core.move();
  }

  /** A page that may have no locks, or no channel, can't tell who leads. */
  #stayAlone(): void {
    this.#giveUpTurn();
    this.#closeChannel();
    this.#requests.leave(true);
    this.#lead();
  }

  #closeChannel(): void {
    const channel = this.#channel;
    this.#channel = null;
    kit.attempt(() => channel?.close());
  }

  #receive(message: TabMessage): void {
    if (message.kind === "token") this.#offered(message);
    if (message.kind === "sent") this.#requests.noteSent(message.key, message.id);
    if (!this.isLeading) return this.guest.receive(message);
    if (message.kind === "leading") return void this.#insist();
    // The last leader has said so as it went, and this tab became the next before it heard.
    if (message.kind === "ended" && message.from === this.guest.leader) return this.#parts.core.connection.end(message.ending, message.reason);
    return this.host.receive(message);
  }

  /** Another tab has a token. */
  #offered({ token, isNew }: TabMessage<"token">): void {
    this.#parts.tokens.offer(token);
    if (isNew && this.isLeading) this.#parts.core.renewed();
  }

  /** A tab that was frozen says that it leads when it is given the lock that was taken from it meanwhile. */
  async #insist(): Promise<void> {
    if (await this.confirm()) this.#post({ kind: "leading" });
  }

  #post(message: Unsigned): void {
    if (!this.#channel) return;
    const isPosted = kit.attempt(() => {
      this.#channel?.postMessage({ from: this.#parts.run, ...message });
      return true;
    });
    if (!isPosted && this.#hasJoined) this.#stayAlone();
  }
}
