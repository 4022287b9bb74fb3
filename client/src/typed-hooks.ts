/** Hooks that know what an app's messages hold. */
import { useInsertionEffect, useMemo, useRef } from "react";

import { type SessionActions, type SessionEventOptions, type UserValueState, actionsOf, useInbox, useSessionActions, useSessionEvent, useStoredValue } from "./hooks.js";
import type { RequestOutcome, SessionEvent, SessionMessage } from "./protocol.js";
import type { PushName, PushOutput, SessionDefinition, ValueInput, ValueName, ValueOutput } from "./session.js";
import type { UseUserSessionOptions, UseUserSessionResult } from "./session-handle.js";
import { type HeardData, type HeardName, MessageCheck, type TypedOptions, type TypedSession, typedMessages, typedValues } from "./typed.js";
import { type Selector, useUserSession } from "./use-session.js";

/** The result of `useUserSession`, with the types of a definition. */
export type TypedResult<S extends SessionDefinition> = Omit<UseUserSessionResult, "publish" | "onEvent"> & Pick<TypedSession<S>, "publish" | "onEvent">;

/** The functions of a session, with the types of a definition. */
export type TypedActions<S extends SessionDefinition> = Omit<SessionActions, keyof TypedSession<S>> & TypedSession<S>;

/** A message of the inbox that is defined, and fits. */
export type TypedMessage<S extends SessionDefinition> = {
  [Name in PushName<S>]: Omit<SessionMessage, "name" | "data"> & { readonly name: Name; readonly data: PushOutput<S, Name> };
}[PushName<S>];

/** Sets a value, as `TypedValues.set` does. */
export type TypedSet<S extends SessionDefinition, Key extends ValueName<S>, Fallback> = (
  next: ValueInput<S, Key> | ((now: ValueInput<S, Key> | Fallback) => ValueInput<S, Key>),
  options?: { readonly ifVersion?: number | undefined },
) => Promise<RequestOutcome>;

/** The hooks of a definition. Below a provider they do what those without types do. */
export interface SessionHooks<S extends SessionDefinition> {
  useUserSession(): TypedResult<S>;
  /** A selector sees the values and messages as they came. */
  useUserSession<T>(select: Selector<T>, isEqual?: (before: T, now: T) => boolean): T;
  useUserSession(options: UseUserSessionOptions): TypedResult<S>;
  useSessionActions(): TypedActions<S>;
  usePublish(): TypedSession<S>["publish"];
  useSessionEvent<Name extends HeardName<S>>(name: Name, listener: (event: SessionEvent<HeardData<S, Name>>) => void, options?: SessionEventOptions): void;
  /** Reads and sets a value; one that is not there, or does not fit, is the `fallback`. */
  useUserValue<Key extends ValueName<S>, Fallback extends ValueInput<S, Key> | null | undefined>(
    key: Key,
    fallback: Fallback,
  ): readonly [value: ValueOutput<S, Key> | Fallback, set: TypedSet<S, Key, Fallback>, state: UserValueState];
  /** The messages that are defined, and fit. `unread` counts all. */
  useInbox(): { messages: readonly TypedMessage<S>[]; unread: number; markRead: (upTo?: number) => Promise<RequestOutcome> };
}

/**
 * The hooks with the names and types of an app's messages. What does not fit is refused with `invalid_message` before it
 * is sent, and not handed on when it comes. Call it once, in a module of the page.
 * @param definition What `defineSession` has made.
 */
export function createSessionHooks<S extends SessionDefinition>(definition: S, options: TypedOptions = {}): SessionHooks<S> {
  const check = new MessageCheck(definition, options);
  const hooks: SessionHooks<SessionDefinition> = {
    useUserSession(given?: UseUserSessionOptions | Selector<unknown>, isEqual?: (before: unknown, now: unknown) => boolean): any {
      const result = useUserSession(given as Selector<unknown>, isEqual);
      const isPart = typeof given === "function";
      const { publish, onEvent } = (isPart ? {} : result) as UseUserSessionResult;
      const typed = useMemo(() => typedMessages(check, { publish, onEvent }), [publish, onEvent]);
      return useMemo(() => (isPart ? result : { ...(result as object), ...typed }), [isPart, result, typed]);
    },
    useSessionActions() {
      const actions = useSessionActions();
      return useMemo(() => ({ ...actions, ...typedMessages(check, actions), values: typedValues(check, actions.values) }), [actions]);
    },
    usePublish: () => hooks.useSessionActions().publish,
    useSessionEvent(name, listener, eventOptions) {
      useSessionEvent(
        name,
        (event) => {
          const fitting = check.event(event);
          if (fitting) listener(fitting as Parameters<typeof listener>[0]);
        },
        eventOptions,
      );
    },
    useUserValue(key, fallback) {
      const [stored, handle, state] = useStoredValue("useUserValue", key);
      const latest = useRef(fallback);
      useInsertionEffect(() => {
        latest.current = fallback;
      });
      const set = useMemo(() => {
        const values = typedValues(check, actionsOf(handle).values);
        return (next: unknown, setOptions?: object) => values.set(key, next, { fallback: latest.current, ...setOptions });
      }, [handle, key]);
      const fitting = check.value(key, stored);
      return [fitting ? fitting.value : fallback, set, state];
    },
    useInbox() {
      const inbox = useInbox();
      const { messages } = inbox;
      const fitting = useMemo(() => messages.flatMap((message) => check.message(message) ?? []), [messages]);
      return useMemo(() => ({ ...inbox, messages: fitting as TypedMessage<SessionDefinition>[] }), [inbox, fitting]);
    },
  };
  return hooks as unknown as SessionHooks<S>;
}
