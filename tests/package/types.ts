/**
 * The types that the package gives, against those of the code that they are about. Nothing of it runs:
 * tsc refuses it where the two differ, in either direction.
 */
import type { BetterAuthPlugin } from "better-auth";
import type { BetterAuthPlugin as OldestPlugin } from "better-auth-oldest";
import type { DurableObject } from "cloudflare:workers";

import worker, * as declared from "user-session-worker";
import * as declaredPlugin from "user-session-worker/better-auth";
import type * as client from "../../client/dist/protocol.js";
import type { PushOptions } from "../../worker/http/push-options.js";
import type { AuthBindings, AuthOptions, Authenticate, Identity } from "../../worker/auth/identity.js";
import * as builtPlugin from "../../worker/better-auth/plugin.js";
import type { LogoutScope } from "../../worker/object/logout-hook.js";
import type { MetricsEnv } from "../../worker/object/metrics.js";
import builtWorker, * as built from "../../worker-shim.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Whether each can stand for the other, where both name types that are compared by themselves. */
type Alike<A, B> = [A, B] extends [B, A] ? true : false;
/** An interface as the object that it is, whatever it extends. */
type Plain<T> = { [Name in keyof T]: T[Name] };
/** All of them hold; tsc names those that do not. */
type Held<Checks extends Record<string, true>> = Checks;

type DeclaredDO = declared.UserSessionDO<Env>;
type BuiltDO = built.UserSessionDO;
type Function<T> = Extract<T, (...args: any[]) => unknown>;
/** The methods that the platform calls, and the app's own hook: their answers have types in the code, too. */
type NoCall = "fetch" | "alarm" | "onLogout" | "webSocketMessage" | "webSocketClose" | "webSocketError";
type Own = keyof declared.UserSession | NoCall;
/** Whether what is declared to be taken is taken, and so many arguments, no more. */
type Takes<Built, Declared> = [
  Parameters<Function<Declared>> extends Parameters<Function<Built>> ? true : false,
  Same<Parameters<Function<Declared>>["length"], Parameters<Function<Built>>["length"]>,
];

export type Checks = Held<{
  exports: Same<keyof typeof declared, keyof typeof built>;
  worker: Same<keyof typeof worker, keyof typeof builtWorker>;
  methods: Same<keyof DeclaredDO, keyof BuiltDO>;
  // A method that the base class has and that is declared here must be the code's own.
  ownMethods: Same<Own, Exclude<keyof BuiltDO, Exclude<keyof DurableObject, NoCall>>>;
  arguments: Same<{ [Name in Own]: Takes<BuiltDO[Name], DeclaredDO[Name]> }, { [Name in Own]: [true, true] }>;
  answers: Same<
    { [Name in NoCall]: ReturnType<Function<DeclaredDO[Name]>> },
    { [Name in NoCall]: ReturnType<Function<BuiltDO[Name]>> }
  >;

  definition: Same<(typeof declared.UserSessionDO)["session"], (typeof built.UserSessionDO)["session"]>;
  pushOptions: Same<Plain<declared.PushOptions>, Plain<PushOptions>>;
  identity: Same<Plain<declared.Identity>, Plain<Identity>>;
  logoutScope: Same<declared.LogoutScope, LogoutScope>;
  options: Same<keyof declared.UserSessionOptions, keyof AuthOptions>;
  authenticate: Alike<NonNullable<declared.UserSessionOptions<any>["authenticate"]>, Authenticate>;
  bindings: Same<keyof declared.UserSessionEnv, "USER_SESSION_DO" | keyof AuthBindings | keyof MetricsEnv>;
  bound: declared.UserSessionEnv extends AuthBindings & MetricsEnv ? true : false;

  plugin: Same<typeof declaredPlugin.userSessionPlugin, typeof builtPlugin.userSessionPlugin>;
  pluginExports: Same<keyof typeof declaredPlugin, keyof typeof builtPlugin>;
  endable: declared.UserSession extends declaredPlugin.EndableSession ? true : false;
  newestBetterAuth: declaredPlugin.UserSessionPlugin extends BetterAuthPlugin ? true : false;
  oldestBetterAuth: declaredPlugin.UserSessionPlugin extends OldestPlugin ? true : false;

  // Devices are told of the same things.
  presence: Same<declared.Presence, client.Presence>;
  device: Same<Plain<declared.UserDevice>, Plain<Omit<client.SessionDevice, "current">>>;
  state: Same<Pick<declared.UserState, keyof client.SessionState>, Plain<client.SessionState>>;
}>;

export const userSessions: [typeof declared.userSession, typeof built.userSession] = [
  built.userSession,
  declared.userSession,
];

/** An environment with the types that `wrangler types` makes, of the server itself. */
export function route(request: Request, env: Env, options: AuthOptions): Promise<Response | null>[] {
  return [declared.routeUserSession(request, env, options), built.routeUserSession(request, env, options)];
}
