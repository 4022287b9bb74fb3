/** An app that defines its messages: what its Worker may call by that definition, and what it may not. Nothing of it runs. */
import { UserSessionDO, userSession } from "user-session-worker";
import type { CallError, DefinedCalls, PushResult, UserSession, ValueError } from "user-session-worker";
import { defineSession, type } from "user-session-worker/session";

const session = defineSession({
  events: { move: type<{ from: string }>() },
  values: { theme: type<"light" | "dark">() },
  pushes: { invitation: type<{ from: string }>(), refresh: type<{ hard?: boolean }>() },
});
const onlyEvents = defineSession({ events: { move: type<{ from: string }>() } });

export class DefinedSessionDO extends UserSessionDO<Env> {
  static override session = session;

  reconcile(): void {}
}

// @ts-expect-error It is what defineSession has returned, and not what that was given.
export class MistakenSessionDO extends UserSessionDO<Env> {
  static override session = { events: { move: type<{ from: string }>() } };
}

export async function calls(env: Env): Promise<(PushResult | CallError)[]> {
  const defined = userSession(env, "kim", { session, own: ["reconcile"] });
  await defined.reconcile();
  await defined.joinGame("chess");
  // @ts-expect-error No push has this name.
  defined.push("invitaton", { from: "kim" });
  // @ts-expect-error The data is missing.
  defined.push("invitation");
  // @ts-expect-error A member is missing.
  defined.push("invitation", {});
  // @ts-expect-error A member has another type.
  defined.push("invitation", { from: 7 });
  // @ts-expect-error No push has this member.
  defined.push("invitation", { from: "kim", to: "lee" });
  // @ts-expect-error There is no such option.
  defined.push("refresh", {}, { keeep: 60 });
  // @ts-expect-error An event of devices is no push.
  defined.push("move", { from: "e2" });
  // @ts-expect-error An array of methods is no object of options.
  userSession(env, "kim", ["reconcile"]);
  const untyped = userSession(env, "kim");
  return [
    await defined.push("invitation", { from: "kim" }, { keep: 60 }),
    await defined.push("refresh"),
    await defined.push("refresh", { hard: true }),
    await defined.push({ type: "other", n: 1 }, { keep: 60 }),
    await untyped.push({ type: "invitation", from: 7 }, { keep: 60 }),
    await untyped.push('{"type":"other"}'),
    await userSession(env, "kim", { session: onlyEvents }).push('{"type":"other"}'),
  ];
}

export async function values(env: Env): Promise<({ version: number } | ValueError)[]> {
  const calls = userSession(env, "kim", { session });
  const untyped = userSession(env, "kim", { session: onlyEvents });
  // @ts-expect-error There is no such value.
  calls.setValue("teme", "dark");
  // @ts-expect-error The value has another type.
  calls.setValue("theme", "blue");
  // @ts-expect-error There is no such option.
  calls.setValue("theme", "dark", { version: 1 });
  return [
    await calls.setValue("theme", "dark", { ifVersion: 1 }),
    await untyped.setValue("any", 7),
    await calls.deleteValue("theme", { ifVersion: 1 }),
  ];
}

/** Code that takes any user's session takes one that is defined, but for what the definition types. */
export const others: (defined: DefinedCalls<UserSession, typeof session>) => Omit<UserSession, "push" | "setValue"> = (defined) => defined;
