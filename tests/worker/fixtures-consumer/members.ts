/** Every member that the package's types name, read one by one, and types that must be taken. */
import { UserSessionDO, routeUserSession, userSession } from "user-session-worker";
import worker from "user-session-worker";
import type {
  CallError,
  Identity,
  LogoutScope,
  Presence,
  PushOptions,
  PushResult,
  PushedMessage,
  UserDevice,
  UserExport,
  UserMetrics,
  UserSession,
  UserSessionEnv,
  UserSessionOptions,
  UserState,
} from "user-session-worker";

export function readState(state: UserState): Record<keyof UserState, string | number | boolean | string[]> {
  const { userId, activeGames, presence, lastActive, connectedDevices, isHibernating } = state;
  const words: Presence[] = ["online", "away", "offline"];
  return { userId, activeGames, presence: words.indexOf(presence) >= 0 ? presence : "", lastActive, connectedDevices, isHibernating };
}

export function readMetrics(counted: UserMetrics): Record<keyof UserMetrics, string | number> {
  const { userId, ...counts } = counted;
  const { since, wakes, asleepMs, heartbeatsAsleep, awakeMs, connects, requests } = counts;
  const { join_game, leave_game, update_presence, sync_state, ping, logout_all, broadcast } = counts;
  const { refused, framesSent, bytesSent, bytesReceived, rowsWritten } = counts;
  return {
    ...{ userId, since, wakes, asleepMs, heartbeatsAsleep, awakeMs, connects, requests },
    ...{ join_game, leave_game, update_presence, sync_state, ping, logout_all, broadcast },
    ...{ refused, framesSent, bytesSent, bytesReceived, rowsWritten },
  };
}

export function readDevice(device: UserDevice): Record<keyof UserDevice, string | number> {
  const { deviceId, name, firstSeen, lastActive, presence, tabs } = device;
  return { deviceId, name, firstSeen, lastActive, presence, tabs };
}

export function readExport(all: UserExport): Record<keyof UserExport, unknown> {
  const { loggedOutAt, endedCredentials, epoch, seq, devices, frames, keptPushes, pushIds, requests } = all;
  return {
    ...readState(all),
    ...{ loggedOutAt, endedCredentials, epoch, seq, frames, pushIds },
    devices: devices.map(readDevice),
    keptPushes: keptPushes.map(({ expiresAt, message }) => ({ expiresAt, message })),
    requests: requests.map(({ deviceId, remembered }) => ({ deviceId, remembered })),
  };
}

export function readPush(result: PushResult | CallError): Record<string, unknown> {
  if ("error" in result) {
    const { code, message }: { code: string; message: string } = result.error;
    return { code, message };
  }
  const { delivered, repeated, kept, dropped } = result;
  const counts: (number | true | undefined)[] = [delivered, repeated, kept, dropped];
  return { counts };
}

export const options: PushOptions[] = [{}, { keep: 60, pushId: "p" }, { to: ["a"] }, { except: ["a"] }];

/** An app's messages have types of their own. */
interface News {
  type: "news";
  n: number;
}
export const message: PushedMessage = { type: "news", n: 1 };
export const typedMessage = (news: News): PushedMessage => news;

export const identities: Identity[] = [
  { userId: "kim", issuedAt: 1 },
  { userId: "kim", issuedAt: 1, expiresAt: 2, credentialId: "c" },
];

/** A class of the app's own, as the documentation shows it, and what it is bound as. */
export class OwnSessionDO extends UserSessionDO<OwnEnv> {
  override async onLogout(userId: string, scope: LogoutScope, env: OwnEnv): Promise<void> {
    const { loggedOutAt } = this.export();
    await fetch(`https://app.example/${scope}/${userId}/${loggedOutAt}/${env.MAX_DEVICES}`);
  }

  reconcile(): string[] {
    return this.getState().activeGames;
  }
}

interface OwnEnv {
  USER_SESSION_DO: DurableObjectNamespace<OwnSessionDO>;
  AUTH_MODE: "jwt";
  MAX_DEVICES: number;
  CONNECT_LIMITER: RateLimit;
  AUTH: Service;
  METRICS: AnalyticsEngineDataset;
}

/** Bound by `script_name`: `wrangler types` knows no class there. */
interface ForeignEnv {
  USER_SESSION_DO: DurableObjectNamespace /* UserSessionDO from user-session */;
}

const checks: UserSessionOptions<OwnEnv> = {
  authenticate: (request, env) => (request.headers.has(env.AUTH_MODE) ? (identities[0] ?? null) : null),
};

export async function everything(request: Request, own: OwnEnv, foreign: ForeignEnv): Promise<unknown[]> {
  const session: UserSession = userSession(foreign, "kim");
  const ours = userSession(own, "kim", ["reconcile"]);
  // @ts-expect-error No class has such a method, unless it is named.
  await session.reconcile?.();
  // @ts-expect-error A user's id is a text.
  userSession(own, 7);
  // @ts-expect-error There is no such binding.
  userSession({}, "kim");
  const bound: UserSessionEnv[] = [own, foreign];
  const { error }: CallError = { error: { code: "c", message: "m" } };
  return [
    ...[await routeUserSession(request, own, checks), await routeUserSession(request, foreign)],
    ...[await worker.fetch(request, own), await ours.reconcile(), await ours.getState(), bound, error],
  ];
}
