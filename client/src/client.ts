/** The client without a framework. */
import { type ChangeOf, ChangeListeners } from "./change-listeners.js";
import { endpointAddress, endpointOf, withQuery } from "./address.js";
import type { ConnectionMetrics, Token } from "./connection-types.js";
import { SessionCore } from "./core.js";
import { AppWatch, type Environment, environmentOption } from "./environment.js";
import { ownDeviceId, ownTabId, randomId } from "./identity.js";
import { UNHEARD, added, callAll } from "./listeners.js";
import { numberOption } from "./numbers.js";
import { attempt, isPage, page, watchPage } from "./page.js";
import { followVisibility } from "./presence.js";
import type { Presence, RequestOutcome, SessionChange, SessionEvent } from "./protocol.js";
import { DONE, type Message, refusal } from "./requests.js";
import { type SessionSnapshot, blankSnapshot } from "./snapshot.js";
import { type Store, storeOf } from "./store.js";
import { TabGroup, canShareTabs } from "./tabs.js";
import { deviceIdOption, deviceNameOption, userIdOption, wellFormed, wellFormedAll } from "./texts.js";
import { Tokens } from "./tokens.js";
import { ToldMark } from "./told-mark.js";

/**
 * The server takes a device that was silent for 130 s for one that has vanished, and a hidden page's
 * timers run once a minute.
 */
export const HEARTBEAT_MS = { usual: 30_000, least: 1_000, most: 60_000 };
/** Timers of more than 24 days run out at once. */
const LOST_AFTER_MS = { usual: 2_000, least: 0, most: 3_600_000 };
export const REQUESTS_PER_SECOND = { usual: 20, least: 1, most: 1_000 };

export interface UserSessionClientOptions {
  /** The id of the session's user: 1 to 1,024 bytes of UTF-8. The constructor throws a `TypeError` at anything else. */
  userId: string;
  /**
   * Where the server is, absolute or on the page's own host, by https: or wss:, on one's own machine
   * also http: or ws:. An origin alone, and nothing, means its path `/__user-session`.
   */
  url?: string | undefined;
  /**
   * The id of this installation of the app, 1 to 128 bytes of UTF-8. If left out, the browser profile
   * gets one, which is kept in localStorage.
   */
  deviceId?: string | undefined;
  /** The name that others see for this device, cut after 128 bytes. Needs a server of version 2. */
  deviceName?: string | undefined;
  /**
   * The credential where there is no cookie, or a function that fetches it for each connection.
   * It goes to the server in the header of a request for a ticket, which the socket offers, never into the address.
   */
  token?: Token;
  /** Whether the user's presence follows whether any tab of the app is visible. */
  presenceFromVisibility?: boolean | undefined;
  /**
   * Whether all tabs of the browser share one socket, where it has Web Locks and BroadcastChannel. If left out, pages do
   * that give no class of sockets; workers and other engines, which have no tabs, don't.
   */
  shareTabs?: boolean | undefined;
  /** How often to ask whether the server is there, in milliseconds: 1,000 to 60,000, 30,000 if left out. */
  heartbeatMs?: number | undefined;
  /** How long a connection may be gone before it is called lost, in milliseconds: up to an hour, 2,000 if left out. */
  lostAfterMs?: number | undefined;
  /**
   * How many requests to send in a second, 1 to 1,000, and half as many more at once; others wait for
   * their turn. 20 if left out, which the server's own limits leave room for. It is halved if the server refuses.
   */
  requestsPerSecond?: number | undefined;
  /** Stands in for a browser's own parts in an engine that has none, as React Native: see the fields. */
  environment?: Environment | undefined;
  /** The class of the sockets, where there is no global `WebSocket`. */
  WebSocket?: typeof WebSocket | undefined;
}

/** Which devices an event is for, by their ids; `self` is this one. Needs a server of version 2. */
export interface PublishOptions {
  /** Only these. */
  to?: readonly string[];
  /** All but these. */
  except?: readonly string[];
}

/**
 * A user's session as one tab sees it. It connects at `connect` and from then on comes back by itself
 * after every failure, until `close`, a logout, or a refusal. What is asked of it while there is no
 * connection is sent when there is one again, once.
 */
export class UserSessionClient {
  readonly #environment: Environment;
  readonly #store: Store;
  readonly #app: AppWatch;
  /** The storage is being read, whose answer names the device; `null` if the device is known. */
  readonly #ready: Promise<{ kind: "own" }> | null;
  #deviceId = "";
  readonly #options: UserSessionClientOptions;
  readonly #core: SessionCore;
  readonly #group: TabGroup | null;
  /** Names this client's requests, to the server and to other tabs. It is never stored, where another tab might copy it. */
  readonly #run: string;
  readonly #tokens: Tokens;
  #askedCount = 0;
  #snapshot: SessionSnapshot = blankSnapshot("idle", false);
  #stops: (() => void)[] = [];
  #listeners = new Set<() => void>();
  #changes = new ChangeListeners(() => this.#core.model.memory.inbox);

  constructor(options: UserSessionClientOptions) {
    this.#options = {
      ...options,
      userId: userIdOption(options.userId),
      deviceName: deviceNameOption(options.deviceName),
    };
    this.#tokens = new Tokens(options.token);
    this.#environment = environmentOption(options.environment);
    const { storage, randomUUID } = this.#environment;
    this.#app = new AppWatch(this.#environment);
    this.#store = storeOf(storage);
    this.#run = randomId(20, randomUUID);
    const id = options.deviceId ?? ownDeviceId(this.#store, randomUUID);
    this.#ready = this.#identify(id);
    const mayShare = (options.shareTabs ?? (isPage() && !options.WebSocket)) && !this.#ready;
    this.#group = mayShare && canShareTabs() ? this.#newGroup() : null;
    this.#core = new SessionCore(
      {
        run: this.#run,
        group: this.#group,
        ready: this.#ready,
        isOffline: () => this.#app.isOffline,
        address: () => this.#address(),
        token: () => this.#tokens.current,
        takeOtherToken: (refused) => this.#tokens.takeOther(refused),
        heartbeatMs: numberOption("heartbeatMs", options.heartbeatMs, HEARTBEAT_MS),
        lostAfterMs: numberOption("lostAfterMs", options.lostAfterMs, LOST_AFTER_MS),
        requestsPerSecond: numberOption("requestsPerSecond", options.requestsPerSecond, REQUESTS_PER_SECOND),
        WebSocket: options.WebSocket ?? attempt(() => page.WebSocket),
        isOwnWebSocket: Boolean(options.WebSocket),
      },
      (changes) => this.#show(this.#core.snapshot, changes),
    );
  }

  /** The id of this device; empty until a storage that answers by promises has been read, before the first connection. */
  get deviceId(): string {
    return this.#deviceId;
  }

  /** Connects, and goes on connecting. Nothing happens if it does so already, or if the session is over. */
  connect(): void {
    if (this.#stops.length > 0) return;
    if (!this.#ready) this.#recall();
    const say = (presence: Presence) => void this.updatePresence(presence);
    // A device says that it is away before its socket is closed.
    if (this.#options.presenceFromVisibility) {
      this.#stops.push(followVisibility(this.#groupName(), say, this.#environment.appState));
    }
    const handlers = { wake: () => this.#wake(), hide: () => this.#hide() };
    this.#stops.push(watchPage(handlers), this.#app.start(handlers));
    this.#begin();
  }

  /** Closes the socket. What was asked and is not answered is `ended`. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#core.stop();
    this.#group?.leave();
  }

  /** Connects again after a logout, a replacement or a refusal, or at once where it would wait. */
  reconnect(): void {
    if (this.#stops.length === 0) return this.connect();
    this.#begin();
  }

  /**
   * It is used from the next connection on. One that was not there before also begins again what a
   * refusal has ended, as `unauthorized` or `forbidden`.
   */
  set token(token: Token) {
    if (!this.#tokens.set(token) || this.#stops.length === 0) return;
    if (this.#tokens.text !== null) this.#group?.offer(this.#tokens.text);
    this.#group?.guest.begin();
    this.#core.renewed();
  }

  /** The current state of the session; the same object until something changes. */
  getSnapshot = (): SessionSnapshot => this.#snapshot;

  /**
   * Calls back whenever there is another snapshot.
   * @returns Ends it.
   */
  subscribe = (listener: () => void): (() => void) => added(this.#listeners, () => listener());

  /**
   * Calls back at every change of a type, once for each. If events came that nobody listened to, it is told of those
   * of the inbox, and `reset` is told for the others.
   * @returns Ends it.
   */
  on<Type extends SessionChange["type"]>(type: Type, listener: (change: ChangeOf<Type>) => void): () => void {
    return this.#changes.listen(type, listener);
  }

  /**
   * Calls back at every event or push of a name.
   * @template Data What the event's data is taken for. Nothing checks that it is.
   * @returns Ends it.
   */
  onEvent<Data = unknown>(name: string, listener: (event: SessionEvent<Data>) => void): () => void {
    const wanted = wellFormed(name);
    const heard = ({ event }: ChangeOf<"event">) => (event.name === wanted ? listener(event as SessionEvent<Data>) : UNHEARD);
    return this.#changes.listen("event", heard, wanted);
  }

  /** Adds a game, 1 to 128 bytes of UTF-8. It is in the snapshot at once, and out again if it is refused. */
  joinGame(gameId: string): Promise<RequestOutcome> {
    return this.#ask({ type: "join_game", gameId: wellFormed(gameId) });
  }

  /** Removes a game, from the snapshot at once. */
  leaveGame(gameId: string): Promise<RequestOutcome> {
    return this.#ask({ type: "leave_game", gameId: wellFormed(gameId) });
  }

  /** Says what the user is seen as; the last word of any device stands. */
  updatePresence(presence: Presence): Promise<RequestOutcome> {
    return this.#ask({ type: "update_presence", presence });
  }

  /**
   * Sends an event of the app's own to all of the user's devices, this one too.
   * @param name 1 to 128 bytes.
   * @param data Anything that JSON can say; with all the rest up to 64 KiB.
   */
  publish(name: string, data?: unknown, { to, except }: PublishOptions = {}): Promise<RequestOutcome> {
    const audience = { ...(to && { to: wellFormedAll(to) }), ...(except && { except: wellFormedAll(except) }) };
    return this.#ask({ type: "broadcast", event: wellFormed(name), data, ...audience });
  }

  /** Ends the session on every device, this one too. */
  logoutAllDevices(): Promise<RequestOutcome> {
    return this.#ask({ type: "logout_all" });
  }

  /** Ends every credential but this tab's own, and all sockets that came by them. Needs a server of version 2. */
  logoutOthers(): Promise<RequestOutcome> {
    return this.#ask({ type: "logout_others" });
  }

  /** Ends a device and the credentials that it came by, but not this tab's own. Needs a server of version 2. */
  logoutDevice(deviceId: string): Promise<RequestOutcome> {
    return this.#ask({ type: "logout_device", deviceId: wellFormed(deviceId) });
  }

  /** Ends one credential, by its id or its session's, 1 to 256 bytes. Needs a server of version 2. */
  logoutCredential(credentialId: string): Promise<RequestOutcome> {
    return this.#ask({ type: "logout_credential", credentialId: wellFormed(credentialId) });
  }

  /** Names this device, 1 to 128 bytes. Needs a server of version 2. */
  setDeviceName(name: string): Promise<RequestOutcome> {
    return this.#ask({ type: "set_device", name: wellFormed(name) });
  }

  /**
   * Marks messages of the inbox as read, on all of the user's devices.
   * @param upTo The number of the newest of them, of all that this page has if left out. Needs a server of version 2.
   */
  markRead(upTo = this.#core.model.memory.inbox?.place): Promise<RequestOutcome> {
    return upTo ? this.#ask({ type: "mark_read", inbox: upTo }) : Promise.resolve(DONE);
  }

  /** What was counted of this tab's own connection. */
  getMetrics(): ConnectionMetrics {
    return { ...this.#core.connection.metrics };
  }

  #ask(request: Message): Promise<RequestOutcome> {
    const message = asJson(request);
    if (typeof message === "string") return Promise.resolve(refusal("invalid_message", message));
    return this.#core.request(`${this.#run} ${this.#askedCount++}`, message);
  }

  /** Finds out who this device is. @returns When it knows, `null` if it does. */
  #identify(id: string | Promise<string>): Promise<{ kind: "own" }> | null {
    const isKnown = !(id instanceof Promise);
    if (isKnown) this.#deviceId = deviceIdOption(id);
    if (isKnown && !(this.#store.read(this.#markName) instanceof Promise)) return null;
    const read = async () => {
      this.#deviceId = deviceIdOption(await id);
      await this.#store.read(this.#markName);
      this.#recall();
      return { kind: "own" } as const;
    };
    return read();
  }

  /** Remembers up to where this device has told of the inbox. */
  #recall(): void {
    this.#changes.mark ??= new ToldMark(this.#markName, this.#store);
  }

  get #markName(): string {
    return `${this.#groupName()} told`;
  }

  /** Begins, or begins again, at once. */
  #begin(): void {
    this.#group?.join(this.#tokens.text);
    this.#group?.guest.begin();
    if (!this.#core.start()) this.#core.retry();
  }

  #address(): string {
    const { url, userId } = this.#options;
    return withQuery(endpointAddress(url), { userId, deviceId: this.deviceId, tabId: ownTabId(this.#environment.randomUUID), run: this.#run });
  }

  #wake(): void {
    if (this.#snapshot.connectionStatus === "replaced") return;
    this.#group?.join();
    this.#core.wake();
    this.#group?.guest.wake();
  }

  #hide(): void {
    this.#core.suspend();
    this.#group?.leave();
  }

  #show(snapshot: SessionSnapshot, changes: readonly SessionChange[]): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    if (snapshot !== before) callAll(this.#listeners, (listener) => listener());
    for (const change of changes) this.#changes.tell(change);
    const isNew = snapshot.connectionStatus === "connected" && before.connectionStatus !== "connected";
    if (isNew) this.#restore(snapshot);
  }

  /** What the server must be told on each connection, if it does not know it. */
  #restore({ devices }: SessionSnapshot): void {
    const { deviceName } = this.#options;
    const own = devices.find(({ current }) => current);
    const isOwn = !this.#group?.guest.isServed;
    if (deviceName && isOwn && own && own.name !== deviceName) void this.setDeviceName(deviceName);
    const presence = this.#core.forgottenPresence;
    if (presence) void this.updatePresence(presence);
  }

  #groupName(): string {
    const { url, userId } = this.#options;
    return `user-session ${JSON.stringify([endpointOf(url), userId, this.deviceId])}`;
  }

  #newGroup(): TabGroup {
    return new TabGroup(this.#groupName(), this.#run, {
      moved: () => this.#core.move(),
      opened: () => this.#core.start() || this.#core.retry(),
      alone: () => this.#core.queue.leaveOthers(true),
      received: (text) => this.#core.connection.received(text),
      ended: ({ ending, reason }) => this.#core.connection.end(ending, reason),
      retry: () => this.#core.retry(),
      wake: () => this.#core.wake(),
      send: (text) => this.#core.connection.send(text),
      sendFor: (ask, tell) => this.#core.queue.sendFor(ask, tell),
      sent: (key, id) => this.#core.queue.noteSent(key, id),
      known: () => this.#core.model.known,
      firstFrame: (breaks) => this.#core.model.firstFrame(this.deviceId, breaks),
      offered: (token, isNew) => {
        this.#tokens.offer(token);
        if (isNew && this.#group?.isLeading) this.#core.renewed();
      },
    });
  }
}

/** The message as the server will read it, or why it can't be written down. */
function asJson(message: Message): Message | string {
  try {
    return JSON.parse(JSON.stringify(message)) as Message;
  } catch (error) {
    return String(error);
  }
}
