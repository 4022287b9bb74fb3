/** The options of a client. */
import type { Token } from "./connection-types.js";
import type { Environment } from "./environment.js";

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

/** Which devices an event is for, by their ids; `self` is this one: these need a server of version 2. And how it is sent. */
export interface PublishOptions {
  /** Only these. */
  to?: readonly string[];
  /** All but these. */
  except?: readonly string[];
  /** Whether only the newest of this name counts: one that has not been sent yet is replaced by the next. */
  latest?: boolean;
}
