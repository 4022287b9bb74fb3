/** The button "Log out everywhere". */
import { type KeyboardEvent, type ReactNode, createElement, useEffect, useId, useRef, useState } from "react";

import { type ActionOutcome, button, useAsking } from "./account-parts.js";
import { useSessionActions } from "./hooks.js";

/** All that `LogoutEverywhere` says, in English if it is left out. */
export interface LogoutEverywhereTexts {
  open: string;
  question: string;
  confirm: string;
  cancel: string;
  done: string;
  failed: (message: string) => string;
}

export interface LogoutEverywhereProps {
  className?: string | undefined;
  /** Replaces any of the texts. */
  texts?: Partial<LogoutEverywhereTexts> | undefined;
  /** Does it. If left out, that is `logoutAllDevices`; an app with sessions of its own ends them, too. */
  logout?: (() => Promise<ActionOutcome>) | undefined;
}

const TEXTS: LogoutEverywhereTexts = {
  open: "Log out everywhere",
  question: "Log out on all devices, this one too?",
  confirm: "Log out everywhere",
  cancel: "Cancel",
  done: "You are logged out on all devices.",
  failed: (message) => `That did not work: ${message}`,
};

/**
 * A button that asks once more before it ends the session on every device. The focus goes to the answer that changes
 * nothing, and back to the button; Escape is that answer, too. It has no style: `className`, and the attribute
 * `data-part` of its elements, are there to give it one. It stands below a `UserSessionProvider`.
 */
export function LogoutEverywhere({ className, texts: given, logout }: LogoutEverywhereProps): ReactNode {
  const texts = { ...TEXTS, ...given };
  const { logoutAllDevices } = useSessionActions();
  const { asked, ask, status } = useAsking();
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const question = useId();
  useEffect(() => {
    if (isOpen) cancel.current?.focus();
    else if (wasOpen.current) opener.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  // The question stays until the answer is there, since a logout that is under way can't be taken back.
  const cancelIt = (): void => {
    if (asked === null) setOpen(false);
  };
  const confirm = async (): Promise<void> => {
    await ask("logout", logout ?? logoutAllDevices, (outcome: ActionOutcome) => (outcome.ok ? texts.done : texts.failed(outcome.message)));
    setOpen(false);
  };
  const inside = isOpen
    ? createElement(
        "div",
        { role: "group", "aria-labelledby": question, "data-part": "confirmation", onKeyDown: ({ key }: KeyboardEvent) => key === "Escape" && cancelIt() },
        createElement("p", { id: question, "data-part": "question" }, texts.question),
        button("confirm", texts.confirm, () => void confirm(), { "aria-disabled": asked !== null }),
        " ",
        button("cancel", texts.cancel, cancelIt, { ref: cancel, "aria-disabled": asked !== null }),
      )
    : button("open", texts.open, () => setOpen(true), { ref: opener });
  return createElement("div", { className, "data-user-session": "logout-everywhere" }, inside, status);
}
