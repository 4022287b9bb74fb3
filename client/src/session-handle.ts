/** One component's handle on the page's client: while it holds it, and before and after. */
import type { PublishOptions, UserSessionClient, UserSessionClientOptions } from "./client.js";
import type { ConnectionMetrics } from "./connection-types.js";
import { ENDED } from "./core.js";
import { Deadline } from "./deadline.js";
import { takeLaterOptions } from "./later-options.js";
import { UNHEARD, callOne } from "./listeners.js";
import type { Presence, RequestOutcome, SessionEvent } from "./protocol.js";
import { type HeldClient, findSharedClient, holdClient } from "./shared.js";
import { type SessionSnapshot, blankSnapshot } from "./snapshot.js";

/** The callbacks may be written inline: a new one is used from then on, and nothing reconnects. */
export interface UseUserSessionOptions extends Omit<UserSessionClientOptions, "userId"> {
  /** Whose session it is. Without one nothing connects. */
  userId: string | null | undefined;
  /** `false` disconnects. */
  enabled?: boolean | undefined;
  onGameJoined?: ((gameId: string) => void) | undefined;
  onGameLeft?: ((gameId: string) => void) | undefined;
  onLoggedOut?: (() => void) | undefined;
  onPresenceChanged?: ((presence: Presence) => void) | undefined;
  /** An event of a device, this one's too, or a server's push. */
  onEvent?: ((event: SessionEvent) => void) | undefined;
  /** Events, or messages of the inbox, were missed or may have been. */
  onReset?: (() => void) | undefined;
}

export interface UseUserSessionResult extends SessionSnapshot {
  /** Adds a game, 1 to 128 bytes of UTF-8. */
  joinGame: (gameId: string) => void;
  leaveGame: (gameId: string) => void;
  /** Ends the session on every device, this one too. */
  logoutAllDevices: () => void;
  updatePresence: (presence: Presence) => void;
  /** Sends an event to all of the user's devices, or to some. */
  publish: (name: string, data?: unknown, options?: PublishOptions) => Promise<RequestOutcome>;
  /** Calls back at every event or push of a name, whose data is taken for `Data`. @returns Ends it. */
  onEvent: <Data = unknown>(name: string, listener: (event: SessionEvent<Data>) => void) => () => void;
  /** Ends every credential but this tab's own, and all sockets that came by them. */
  logoutOthers: () => Promise<RequestOutcome>;
  /** Ends a device and the credentials that it came by, but not this tab's own. */
  logoutDevice: (deviceId: string) => Promise<RequestOutcome>;
  /** Ends one credential, by its id or its session's, wherever it is used. */
  logoutCredential: (credentialId: string) => Promise<RequestOutcome>;
  setDeviceName: (name: string) => Promise<RequestOutcome>;
  /** Marks messages of the inbox as read on all devices, up to a number, or all that this page has. */
  markRead: (upTo?: number) => Promise<RequestOutcome>;
  /** Connects again after a logout, a replacement or a refusal. */
  reconnect: () => void;
  /** The counters of the connection, `null` before there was one. */
  getMetrics: () => ConnectionMetrics | null;
}

type Actions = Omit<UseUserSessionResult, keyof SessionSnapshot>;

/** A thing that a component does while there is a client. */
interface Part {
  begin: (client: UserSessionClient) => () => void;
  /** Events were missed or may have been, since there is another client. */
  lost: (() => void) | undefined;
  stop: (() => void) | undefined;
}

/** How long something asked by a component that is not mounted waits until it is. */
const UNMOUNTED_MS = 1_000;

const unheard = (): unknown => UNHEARD;

const LOADING = blankSnapshot("connecting", true);
const DISABLED = blankSnapshot("idle", false);

export type Key = Pick<UserSessionClientOptions, "userId" | "url" | "deviceId" | "environment">;

/**
 * The handle of a component, and of those below it, on the page's client, which exists while anything holds it. Effects
 * of its children run before it holds it, at every mount and whenever React shows it again.
 */
export class SessionHandle {
  readonly actions: Actions = this.#newActions();
  readonly #latest: { readonly current: UseUserSessionOptions };
  readonly #key: Key | null;
  #client: UserSessionClient | null = null;
  /** It stays when the component goes, since React may show that again. */
  #held: HeldClient | null = null;
  /** The newest token that this component has given its client. */
  #given: UseUserSessionOptions["token"];
  /** Ends the listening of the callback `onEvent`. */
  #stopEvents: (() => void) | undefined;
  #parts = new Set<Part>();
  /** The requests made before it held the client: each gets the client, or `null` if that never comes. */
  #waiting = new Set<(client: UserSessionClient | null) => void>();

  /** @param key `null` if the session is off. */
  constructor(latest: { readonly current: UseUserSessionOptions }, key: Key | null) {
    this.#latest = latest;
    this.#key = key;
  }

  /** Holds the client, and has all parts begin. @returns Lets go of it. */
  hold = (): (() => void) => {
    if (!this.#key) return () => {};
    const before = this.#held?.client;
    this.#held = holdClient({ ...this.#latest.current, ...this.#key });
    const { client, leave } = this.#held;
    this.#client = client;
    this.#given = undefined;
    this.update();
    const current = () => this.#latest.current;
    const stops = [
      client.on("gameJoined", ({ gameId }) => current().onGameJoined?.(gameId)),
      client.on("gameLeft", ({ gameId }) => current().onGameLeft?.(gameId)),
      client.on("loggedOut", () => current().onLoggedOut?.()),
      client.on("presenceChanged", ({ presence }) => current().onPresenceChanged?.(presence)),
      client.on("reset", () => (current().onReset ?? unheard)()),
      before && before !== client ? this.#tellLoss(client) : () => {},
      leave,
    ];
    for (const part of this.#parts) part.stop = part.begin(client);
    for (const ask of this.#waiting) ask(client);
    return () => {
      this.#client = null;
      this.#followEvents();
      for (const { stop } of this.#parts) stop?.();
      for (const stop of stops) stop();
    };
  };

  /** As `hold`, with a listener. */
  subscribe = (listener: () => void): (() => void) => {
    const stops = [this.hold(), this.listen(listener)];
    return () => stops.forEach((stop) => stop());
  };

  /** Calls back whenever there is another snapshot. @returns Ends it. */
  listen = (listener: () => void): (() => void) =>
    this.attach((client) => {
      const stop = client.subscribe(listener);
      listener();
      return stop;
    });

  getSnapshot = (): SessionSnapshot => {
    if (!this.#key) return DISABLED;
    return (this.#client ?? findSharedClient(this.#key))?.getSnapshot() ?? LOADING;
  };

  getServerSnapshot = (): SessionSnapshot => (this.#key ? LOADING : DISABLED);

  /**
   * Takes the options of a render. A component that gives no token does not take away another's, and one that renders
   * again with the same not either. A function that is written inline is another at each render, and no other token.
   */
  update(): void {
    this.#followEvents();
    if (!this.#client || !this.#held) return;
    const options = this.#latest.current;
    takeLaterOptions(this.#client, this.#held, options);
    const given = typeof options.token === "function" ? this.#askLatest : options.token;
    if (given === undefined || given === this.#given) return;
    this.#client.token = this.#given = given;
  }

  /** The component has gone over to another session, or to none: what it had is not kept. */
  end(): void {
    this.#held?.end();
  }

  /** Does something with each client that there is, one at a time. @returns Ends it. */
  attach(begin: Part["begin"], lost?: () => void): () => void {
    const part: Part = { begin, lost, stop: this.#client ? begin(this.#client) : undefined };
    this.#parts.add(part);
    return () => {
      this.#parts.delete(part);
      part.stop?.();
    };
  }

  /** Asks something of the client. What is asked before there is one waits a moment for it. */
  ask = (request: (client: UserSessionClient) => Promise<RequestOutcome>): Promise<RequestOutcome> => {
    if (this.#client) return request(this.#client);
    if (!this.#key) return Promise.resolve(ENDED);
    return new Promise((resolve) => {
      const unmounted = new Deadline();
      const ask = (client: UserSessionClient | null) => {
        unmounted.clear();
        this.#waiting.delete(ask);
        resolve(client ? request(client) : ENDED);
      };
      unmounted.set(UNMOUNTED_MS, () => ask(null));
      this.#waiting.add(ask);
    });
  };

  /** Tells once the first state is there: what is read again before that may be old again. @returns Ends it. */
  #tellLoss(client: UserSessionClient): () => void {
    let isTold = false;
    const tell = () => {
      if (isTold || !client.getSnapshot().state) return;
      isTold = true;
      callOne(() => this.#latest.current.onReset?.());
      for (const { lost } of this.#parts) lost?.();
    };
    // Other components may have had it connected.
    queueMicrotask(tell);
    return client.subscribe(tell);
  }

  /** A component without the callback must not count as one that listens. */
  #followEvents(): void {
    if (this.#client && this.#latest.current.onEvent) {
      this.#stopEvents ??= this.#client.on("event", ({ event }) => this.#latest.current.onEvent?.(event));
    } else {
      this.#stopEvents?.();
      this.#stopEvents = undefined;
    }
  }

  #askLatest = () => {
    const { token } = this.#latest.current;
    return typeof token === "function" ? token() : token;
  };

  #newActions(): Actions {
    const ask: SessionHandle["ask"] = (request) => this.ask(request);
    return {
      joinGame: (gameId) => void ask((client) => client.joinGame(gameId)),
      leaveGame: (gameId) => void ask((client) => client.leaveGame(gameId)),
      logoutAllDevices: () => void ask((client) => client.logoutAllDevices()),
      updatePresence: (presence) => void ask((client) => client.updatePresence(presence)),
      publish: (name, data, options) => ask((client) => client.publish(name, data, options)),
      onEvent: (name, listener) => this.attach((client) => client.onEvent(name, listener)),
      logoutOthers: () => ask((client) => client.logoutOthers()),
      logoutDevice: (deviceId) => ask((client) => client.logoutDevice(deviceId)),
      logoutCredential: (credentialId) => ask((client) => client.logoutCredential(credentialId)),
      setDeviceName: (name) => ask((client) => client.setDeviceName(name)),
      markRead: (upTo) => ask((client) => client.markRead(upTo)),
      reconnect: () => this.#client?.reconnect(),
      getMetrics: () => this.#client?.getMetrics() ?? null,
    };
  }
}
