/** Parts that both components for the user's account are made of. */
import { type ReactNode, createElement, useState } from "react";

/** How something ended that a button has asked for. */
export type ActionOutcome = { readonly ok: true } | { readonly ok: false; readonly message: string };

/** Something that is asked for, one at a time, and what is said of it to those who see the page and to those who hear it. */
export interface Asking {
  /** The request that waits for its answer, `null` if none does. */
  asked: string | null;
  /** @param what Names it. @param said What to say at its end. */
  ask: <Outcome extends ActionOutcome>(
    what: string,
    request: () => Promise<Outcome>,
    said: (outcome: Outcome) => string,
  ) => Promise<boolean>;
  /** An element that screen readers read aloud whenever it changes. */
  status: ReactNode;
}

export function useAsking(): Asking {
  const [asked, setAsked] = useState<string | null>(null);
  const [text, setText] = useState("");
  const ask: Asking["ask"] = async (what, request, said) => {
    if (asked !== null) return false;
    setAsked(what);
    setText("");
    // The app's own request may be rejected, or throw.
    const outcome = await (async () => request())().catch((error: unknown) => ({ ok: false, message: String(error) }) as never);
    setAsked(null);
    setText(said(outcome));
    return outcome.ok;
  };
  return { asked, ask, status: createElement("p", { role: "status", "data-part": "status" }, text) };
}

/** A button. It is not `disabled` while it waits, since that would take the focus away. */
export function button(part: string, text: string, onClick: () => void, props: object = {}): ReactNode {
  return createElement("button", { type: "button", "data-part": part, key: part, onClick, ...props }, text);
}
