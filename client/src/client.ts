/** The client without a framework. */
import { type ChangeOf, ChangeListeners } from "./change-listeners.js";
import { endpointAddress, endpointOf, withQuery } from "./address.js";
import type { ConnectionMetrics, Token } from "./connection-types.js";
import { type CoreSettings, SessionCore } from "./core.js";
import { type Environment, environmentOption } from "./environment.js";
import { ownDeviceId, ownTabId, randomId } from "./identity.js";
import { KIT } from "./kit.js";
import { UNHEARD, added, callAll } from "./listeners.js";
import { numberOption } from "./numbers.js";
import type { PublishOptions, UserSessionClientOptions } from "./options.js";
import { type PageHandlers, attempt, isPage, page, watchPage } from "./page.js";
import type { Presence, RequestOutcome, SessionChange, SessionEvent } from "./protocol.js";
import type { Message } from "./messages.js";
import { type Change, DONE, refusal } from "./requests.js";
import { type SessionSnapshot, blankSnapshot } from "./snapshot.js";
import { type Store, storeOf } from "./store.js";
import { deviceIdOption, deviceNameOption, userIdOption, wellFormed, wellFormedAll } from "./texts.js";
import { Tokens } from "./tokens.js";
import { ToldMark } from "./told-mark.js";
import { type SessionValues, sessionValues } from "./values.js";

export type { PublishOptions, UserSessionClientOptions } from "./options.js";

/**
 * The server takes a device that was silent for 130 s for one that has vanished, and a hidden page's
 * timers run once a minute.
 */
export const HEARTBEAT_MS = { usual: 30_000, least: 1_000, most: 60_000 };
/** Timers of more than 24 days run out at once. */
const LOST_AFTER_MS = { usual: 2_000, least: 0, most: 3_600_000 };
/** How long a connection waits for what tabs need that share one. */
const SHARE_MS = 3_000;
export const REQUESTS_PER_SECOND = { usual: 20, least: 1, most: 1_000 };

/**
 * A user's session as one tab sees it. It connects at `connect` and from then on comes back by itself
 * after every failure, until `close`, a logout, or a refusal. What is asked of it while there is no
 * connection is sent when there is one again, once.
 */
export class UserSessionClient {
  /** The user's own values: small named pieces of JSON that are the same on all devices. */
  readonly values: SessionValues = sessionValues(
    () => this.#snapshot.state && this.#snapshot.values,
    (message, change) => this.#ask(message, change),
  );
  readonly #environment: Environment;
  readonly #store: Store;
  #deviceId = "";
  /** Whether a storage that answers by promises is being read. */
  #isReading = false;
  readonly #options: UserSessionClientOptions;
  readonly #settings: CoreSettings;
  readonly #core: SessionCore;
  /** Names this client's requests, to the server and to other tabs. It is never stored, where another tab might copy it. */
  readonly #run: string;
  readonly #tokens: Tokens;
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
    this.#store = storeOf(storage);
    this.#run = randomId(20, randomUUID);
    const id = options.deviceId ?? ownDeviceId(this.#store, randomUUID);
    const settings: CoreSettings = (this.#settings = {
      run: this.#run,
      group: null,
      ready: this.#identify(id),
      isOffline: false,
      address: () => this.#address(),
      token: () => this.#tokens.current,
      takeOtherToken: (refused) => this.#tokens.takeOther(refused),
      heartbeatMs: numberOption("heartbeatMs", options.heartbeatMs, HEARTBEAT_MS),
      lostAfterMs: numberOption("lostAfterMs", options.lostAfterMs, LOST_AFTER_MS),
      requestsPerSecond: numberOption("requestsPerSecond", options.requestsPerSecond, REQUESTS_PER_SECOND),
      WebSocket: options.WebSocket ?? attempt(() => page.WebSocket),
      isOwnWebSocket: Boolean(options.WebSocket),
    });
    this.#core = new SessionCore(settings, (changes) => this.#show(this.#core.snapshot, changes));
    const mayShare = options.shareTabs ?? (isPage() && !options.WebSocket);
    if (mayShare && !settings.ready && canShareTabs()) settings.ready = this.#share();
    void settings.ready?.then(() => (settings.ready = null));
  }

  /** The id of this device; empty until a storage that answers by promises has been read, before the first connection. */
  get deviceId(): string {
    return this.#deviceId;
  }

  /** Connects, and goes on connecting. Nothing happens if it does so already, or if the session is over. */
  connect(): void {
    if (this.#stops.length > 0) return;
    if (!this.#isReading) this.#recall();
    const handlers = { wake: () => this.#wake(), hide: () => this.#hide() };
    const { environment, presenceFromVisibility } = this.#options;
    if (environment ?? presenceFromVisibility) this.#stops.push(this.#watchApp(handlers));
    this.#stops.push(watchPage(handlers));
    this.#begin();
  }

  /** Closes the socket. What was asked and is not answered is `ended`. */
  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.#core.stop();
    this.#settings.group?.leave();
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
    this.#settings.group?.renew();
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
  publish(name: string, data?: unknown, { to, except, latest }: PublishOptions = {}): Promise<RequestOutcome> {
    const how = { ...(latest && { latest: true }), ...(to && { to: wellFormedAll(to) }), ...(except && { except: wellFormedAll(except) }) };
    return this.#ask({ type: "broadcast", event: wellFormed(name), data, ...how });
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
    const asked = this.#ask({ type: "set_device", name: wellFormed(name) });
    // The next connection would say the option's name again.
    void asked.then(({ ok }) => ok && this.#options.deviceName && (this.#options.deviceName = name));
    return asked;
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

  #ask(request: Message, change?: Change): Promise<RequestOutcome> {
    const message = asJson(request);
    if (typeof message === "string") return Promise.resolve(refusal("invalid_message", message));
    return this.#core.request(message, change);
  }

  /** Finds out who this device is. @returns When it knows, `null` if it does. */
  #identify(id: string | Promise<string>): Promise<unknown> | null {
    const isKnown = !(id instanceof Promise);
    if (isKnown) this.#deviceId = deviceIdOption(id);
    if (isKnown && !(this.#store.read(this.#markName) instanceof Promise)) return null;
    this.#isReading = true;
    const read = async () => {
      this.#deviceId = deviceIdOption(await id);
      await this.#store.read(this.#markName);
      this.#isReading = false;
      this.#recall();
    };
    return read();
  }

  /** Loads what watches the app, and has it watch. @returns Ends it. */
  #watchApp(handlers: PageHandlers): () => void {
    let stop: (() => void) | undefined;
    let isOver = false;
    const begin = ({ watchApp }: typeof import("./app.js")) => {
      if (isOver) return;
      stop = watchApp(KIT, this.#groupName(), this.#environment, {
        ...handlers,
        offline: (isOffline) => (this.#settings.isOffline = isOffline),
        say: this.#options.presenceFromVisibility ? (presence) => void this.updatePresence(presence) : null,
      });
    };
    // Without it the presence is what the app says.
    import("./app.js").then(begin, () => {});
    return () => {
      isOver = true;
      stop?.();
    };
  }

  /** Loads what tabs that share a socket need. Without it this one has a socket of its own. @returns When it has it, or goes without. */
  async #share(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const module = await Promise.race([
      import("./tabs.js").catch(() => null),
      new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), SHARE_MS))),
    ]);
    clearTimeout(timer);
    if (!module) return;
    this.#settings.group = new module.TabGroup({
      name: this.#groupName(),
      run: this.#run,
      deviceId: this.#deviceId,
      core: this.#core,
      tokens: this.#tokens,
    }, KIT);
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
    this.#settings.group?.begin();
    if (!this.#core.start()) this.#core.retry();
  }

  #address(): string {
    const { url, userId } = this.#options;
    return withQuery(endpointAddress(url), { userId, deviceId: this.deviceId, tabId: ownTabId(this.#environment.randomUUID), run: this.#run });
  }

  #wake(): void {
    if (this.#snapshot.connectionStatus === "replaced") return;
    const { group } = this.#settings;
    if (group) group.wake();
    else this.#core.wake();
  }

  #hide(): void {
    this.#core.suspend();
    this.#settings.group?.leave();
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
    const isOwn = !this.#settings.group?.guest.isServed;
    const isNaming = this.#core.queue.pending.some(({ message }) => message.type === "set_device");
    if (deviceName && isOwn && own && own.name !== deviceName && !isNaming) void this.setDeviceName(deviceName);
    const presence = this.#core.forgottenPresence;
    if (presence) void this.updatePresence(presence);
  }

  #groupName(): string {
    const { url, userId } = this.#options;
    return `user-session ${JSON.stringify([endpointOf(url), userId, this.deviceId])}`;
  }
}

/** Whether this browser can share a socket. */
function canShareTabs(): boolean {
  return Boolean(attempt(() => page.navigator?.locks && page.BroadcastChannel && page.AbortController));
}

/** The message as the server will read it, or why it can't be written down. */
function asJson(message: Message): Message | string {
  try {
    const written = JSON.parse(JSON.stringify(message)) as Message;
    // An event may be without data, but a value that can't be written down is none.
    return written.type === "set_value" && !("value" in written) ? "JSON has no such value" : written;
  } catch (error) {
    return String(error);
  }
}
