/**
 * The tabs of a browser with one socket between them. The tab that holds a lock leads: it has the
 * socket, tells the others what it is told, and asks for them. When it goes the browser gives the
 * lock to another, which goes on from where it was told that the first had been. A tab that leads and
 * does not answer, since the browser has frozen it, has the lock taken away.
 */
import { Deadline } from "./deadline.js";
import { isAhead, mayHaveMissed, withReset } from "./missed.js";
import type { Memory } from "./model.js";
import { attempt, page } from "./page.js";
import type { RequestOutcome } from "./protocol.js";
import { type Message, UNKNOWN_ID } from "./requests.js";
import type { ForwardedRequest, LeaderUpdate, TabMessage } from "./tab-messages.js";

/** A tab that leads answers sooner, unless it is frozen. */
const SILENT_MS = 5_000;

export interface TabGroupHandlers {
  /** This tab leads from now on. @param last What the last leader told, `null` if none was heard. */
  lead(last: LeaderUpdate | null): void;
  /** This tab leads no more, and closes its socket. @returns What it was asked and has not answered. */
  follow(): ForwardedRequest[];
  /** The leader has told something. */
  updated(update: LeaderUpdate): void;
  /**
   * To the leader: another tab asks for something.
   * @param id The id under which an earlier leader has sent it, `null` if none has.
   */
  requested(key: string, message: Message, id: string | null): Promise<RequestOutcome>;
  /** To the leader: another has led meanwhile, so what other tabs have asked and was not sent is over. */
  unasked(): void;
  /** To the leader: an earlier one has sent a request under this id. */
  sent(key: string, id: string): void;
  /** To the leader: what a newcomer must be told. */
  current(): LeaderUpdate;
  /** To the leader: another tab is looked at, or has just come. */
  wake(): void;
  /** To the leader: another tab wants to begin again what is over. */
  reconnect(): void;
  /**
   * Another tab has a token.
   * @param isNew Whether it was set there just now.
   */
  offered(token: string, isNew: boolean): void;
}

/** Whether this browser can share a socket. */
export function canShareTabs(): boolean {
  return Boolean(attempt(() => page.navigator?.locks && page.BroadcastChannel && page.AbortController));
}

/** Waits until the browser has told of a lock that was taken away: it does so before it answers a question about locks. */
async function askBrowser(): Promise<void> {
  await attempt(() => navigator.locks.query().catch(() => {}));
}

export class TabGroup {
  isLeading = false;
  /** How often this tab has begun to lead. */
  #terms = 0;
  #hasJoined = false;
  #name: string;
  /** This tab's own. */
  #run: string;
  #handlers: TabGroupHandlers;
  #channel: BroadcastChannel | null = null;
  /** Aborted when this tab does not want to lead any more. */
  #turn = new AbortController();
  #silence = new Deadline();
  #last: LeaderUpdate | null = null;
  /** The run of the tab that leads, `null` if it was not heard yet. An earlier leader may still speak. */
  #leader: string | null = null;
  /** Whether leaders may have told something that this tab has not heard. */
  #wasAway = false;
  /** What this tab has asked the leader for. */
  #forwarded = new Map<string, ForwardedRequest>();

  /** @param name Common to the tabs that share. */
  constructor(name: string, run: string, handlers: TabGroupHandlers) {
    this.#name = name;
    this.#run = run;
    this.#handlers = handlers;
  }

  /**
   * @param greeting `hello` of somebody who has just opened the app, which begins again what is over.
   * @param token What this tab was opened with, if it is a text.
   */
  join(greeting: "hello" | "wake", token: string | null = null): void {
    if (this.#hasJoined) return;
    this.#hasJoined = true;
    this.#channel = attempt(() => new BroadcastChannel(this.#name)) ?? null;
    if (!this.#channel) return this.#lead();
    this.#channel.onmessage = ({ data }) => this.#receive(data as TabMessage);
    this.#queueUp();
    this.#greet(greeting === "hello" ? { kind: greeting, token } : { kind: greeting });
  }

  /** Leaves the others until `join`. What was asked is asked again then. */
  pause(): void {
    this.#hasJoined = false;
    this.#leader = null;
    this.#wasAway = true;
    this.#turn.abort();
    this.#endSilence();
    // A leader may send them now, and this tab won't hear under which ids.
    for (const request of this.#forwarded.values()) request.id ??= UNKNOWN_ID;
    if (this.isLeading) this.#stepDown();
    this.#channel?.close();
    this.#channel = null;
  }

  /** @param outcomeOf Tells the outcome of what this tab has asked for and hears no more of. */
  leave(outcomeOf: (message: Message) => RequestOutcome): void {
    this.pause();
    // Who joins again begins again what was over.
    this.#forgetEnding();
    for (const { message, settle } of this.#forwarded.values()) settle(outcomeOf(message));
    this.#forwarded.clear();
  }

  /** Tells the others, as the leader. */
  tell(update: LeaderUpdate): void {
    this.#post({ kind: "told", from: this.#run, ...update });
  }

  /** Asks the leader; whoever leads when there is none now will be asked then. */
  ask(key: string, message: Message): Promise<RequestOutcome> {
    return new Promise((settle) => {
      this.#forwarded.set(key, { key, message, id: null, settle });
      this.#post({ kind: "ask", key, message, id: null });
      this.#expectLeader();
    });
  }

  /** Tells whoever asked for it, as the leader, under which id a request was sent. */
  sent(key: string, id: string): void {
    this.#post({ kind: "sent", key, id });
  }

  wake(): void {
    this.#post({ kind: "wake" });
    this.#expectLeader();
  }

  reconnect(): void {
    this.#post({ kind: "reconnect" });
    // Nobody may lead now.
    this.#forgetEnding();
    this.#expectLeader();
  }

  /** Tells all of a token that was set here. @param isBeginning Whether it begins again what a refusal ended. */
  offer(token: string, isBeginning: boolean): void {
    this.#post({ kind: "token", token });
    if (isBeginning) this.#forgetEnding();
    this.#expectLeader();
  }

  /** Whatever was over begins again when this tab leads. */
  #forgetEnding(): void {
    if (this.#last) this.#last = { ...this.#last, snapshot: { ...this.#last.snapshot, connectionStatus: "idle" } };
  }

  /** @param steal Whether to lead at once, whoever does now. */
  #queueUp(steal = false): void {
    this.#turn.abort();
    const { signal } = (this.#turn = new AbortController());
    const done = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const lead = () => {
      if (signal.aborted) return undefined;
      this.#lead();
      return done;
    };
    const request = async () => navigator.locks.request(this.#name, steal ? { steal } : { signal }, lead);
    request().catch((error: Error) => {
      if (signal.aborted) return;
      if (error.name === "AbortError") return this.#lostLead();
      // A page that may have no locks can't tell who leads: it is alone.
      this.#channel?.close();
      this.#channel = null;
      this.#lead();
    });
  }

  #lead(): void {
    this.isLeading = true;
    this.#terms++;
    this.#wasAway = false;
    this.#endSilence();
    this.#handlers.lead(this.#last);
    for (const { key, message, id, settle } of this.#forwarded.values()) {
      void this.#handlers.requested(key, message, id).then(settle);
    }
    this.#forwarded.clear();
    this.#claim();
  }

  #claim(): void {
    this.#post({ kind: "leading", from: this.#run });
    this.tell(this.#handlers.current());
  }

  /** Another tab took the lock, since this one was silent. */
  #lostLead(): void {
    if (this.isLeading) this.#stepDown();
    this.#queueUp();
    this.#greet({ kind: "wake" });
  }

  #stepDown(): void {
    this.isLeading = false;
    this.#leader = null;
    this.#wasAway = true;
    this.#last = this.#handlers.current();
    // Other tabs ask the next leader by themselves, if they are still there.
    const own = this.#handlers.follow().filter(({ key }) => key.startsWith(this.#run));
    for (const request of own) this.#forwarded.set(request.key, request);
  }

  #greet(greeting: TabMessage): void {
    this.#post(greeting);
    this.#askAgain();
    this.#expectLeader();
  }

  #askAgain(): void {
    for (const { key, message, id } of this.#forwarded.values()) this.#post({ kind: "ask", key, message, id });
  }

  #expectLeader(): void {
    if (!this.#channel || this.isLeading) return;
    if (!this.#silence.isSet) this.#silence.set(SILENT_MS, () => this.#queueUp(true));
  }

  #endSilence(): void {
    this.#silence.clear();
  }

  #receive(message: TabMessage): void {
    if (message.kind === "token") this.#handlers.offered(message.token, true);
    if (message.kind === "hello" && message.token) this.#handlers.offered(message.token, false);
    if (this.isLeading) this.#receiveAsLeader(message);
    else this.#receiveAsFollower(message);
  }

  #receiveAsLeader(message: TabMessage): void {
    switch (message.kind) {
      case "hello":
        this.#handlers.wake();
        // Somebody has opened the app again.
        this.#handlers.reconnect();
        return this.tell(this.#handlers.current());
      case "wake":
        this.#handlers.wake();
        return this.tell(this.#handlers.current());
      case "told":
        // A tab that led before and does not know yet that it doesn't: others may have heard it first.
        return void this.#insist();
      case "reconnect":
        this.#handlers.reconnect();
        return this.tell(this.#handlers.current());
      case "token":
        // Whoever has offered it waits for a sign of life.
        return this.tell(this.#handlers.current());
      case "ask":
        return void this.#answer(message.key, message.message, message.id);
      case "leading":
        // It led while this tab was frozen, and what the others had asked before they have asked it.
        this.#terms++;
        this.#handlers.unasked();
        return void this.#insist();
      case "sent":
        // The last leader has said so as it went, and this tab became the next before it heard.
        return this.#handlers.sent(message.key, message.id);
      default:
        // A leader has no use for these, nor for what a newer version's tab may say.
        message satisfies TabMessage & { kind: "outcome" };
    }
  }

  /**
   * Tells the others who leads, if it is still this tab: one that was frozen says that it does when it is given the
   * lock that was taken from it meanwhile.
   */
  #insist(): Promise<void> {
    return this.ifLeading(() => this.#claim());
  }

  /** Does something only if this tab has the lock without a break from now until it has asked the browser. */
  async ifLeading(then: () => void): Promise<void> {
    const turn = this.#turn;
    await askBrowser();
    if (this.isLeading && this.#turn === turn) then();
  }

  /**
   * Asks for another tab. Once there is another leader, that one is asked for the same, so nothing is done here
   * any more, and no answer counts that comes by way of this one.
   */
  async #answer(key: string, message: Message, id: string | null): Promise<void> {
    const term = this.#terms;
    if (!(await this.#stillLeads(term))) return;
    const outcome = await this.#handlers.requested(key, message, id);
    if (await this.#stillLeads(term)) this.#post({ kind: "outcome", key, outcome });
  }

  /**
   * Whether this tab has led without a break since a term began. One that was frozen reads what came meanwhile before
   * it hears that its lock was taken away, but a browser tells it of that before it answers a question about locks.
   */
  async #stillLeads(term: number): Promise<boolean> {
    await askBrowser();
    return this.isLeading && this.#terms === term;
  }

  #receiveAsFollower(message: TabMessage): void {
    switch (message.kind) {
      case "told":
        this.#leader ??= message.from;
        // A leader that was frozen reads what came before it hears that another leads.
        if (message.from !== this.#leader) return;
        this.#endSilence();
        return this.#receiveUpdate(message);
      case "leading":
        this.#leader = message.from;
        this.#endSilence();
        return this.#askAgain();
      case "sent": {
        const request = this.#forwarded.get(message.key);
        if (request) request.id = message.id;
        return;
      }
      case "outcome": {
        this.#endSilence();
        const request = this.#forwarded.get(message.key);
        this.#forwarded.delete(message.key);
        return request?.settle(message.outcome);
      }
      case "hello":
      case "reconnect":
        // The leader does that; if nobody leads, whoever is next.
        return this.#forgetEnding();
      default:
        // These are for the leader.
        message satisfies TabMessage & { kind: "wake" | "token" | "ask" };
    }
  }

  /**
   * A leader that has just begun may be behind the last one, and get again what that one has told. Or it may be
   * ahead, if it knew no place to go on from: it has not told what brought it there. A tab that was away has missed
   * what brought the leader ahead, too.
   */
  #receiveUpdate(update: LeaderUpdate): void {
    const { memory, changes, isCounted } = update;
    const known = this.#last?.memory;
    if (!known?.position || !memory.position) return this.#receiveWithoutPlace(update, known);
    const isSameOrigin = memory.position.origin === known.position.origin;
    const isBehind = isSameOrigin && memory.position.seq <= known.position.seq;
    const isNew = !isBehind || isAhead(memory, known);
    const isMissing = this.#wasAway ? isNew : !isBehind && !isCounted;
    this.#wasAway = false;
    this.#take({
      ...update,
      memory: isBehind ? { ...memory, position: known.position } : memory,
      changes: isMissing ? withReset(changes) : isBehind && isCounted ? [] : changes,
    });
  }

  #receiveWithoutPlace(update: LeaderUpdate, known: Memory | undefined): void {
    const { memory, changes, snapshot } = update;
    // In version 1 nothing is counted. A leader that is not connected yet says nothing about what was seen.
    const isUncounted = snapshot.isConnected && !memory.position;
    const isMissing = this.#wasAway && mayHaveMissed(known, memory, isUncounted);
    this.#wasAway &&= !isUncounted && memory.position === null && Boolean(known?.state);
    this.#take({
      ...update,
      // The next leader would go on from the old place, and be brought again what was told uncounted.
      memory: known?.position && !isUncounted ? known : memory,
      changes: isMissing ? withReset(changes) : changes,
    });
  }

  #take(update: LeaderUpdate): void {
    this.#last = update;
    this.#handlers.updated(update);
  }

  #post(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}
