/** The app of hooks.js with hooks of a definition, whose libraries of schemas are larger than all the rest. */
import { createSessionHooks } from "user-session-worker/react";

import { session as definition } from "../../../tests/support/definition.mjs";
import { COMPONENTS, app, rendered } from "./hooks.js";

const typed = createSessionHooks(definition, { onInvalid: (invalid) => app.invalid.push(invalid) });

/** Has what a definition gives types to. */
function Typed() {
  rendered("typed");
  const { publish } = typed.useUserSession();
  const [theme, setTheme] = typed.useUserValue("theme", "light");
  const actions = typed.useSessionActions();
  const { messages } = typed.useInbox();
  const games = typed.useUserSession(({ state }) => state?.activeGames.length);
  app.typed = { publish, send: typed.usePublish(), theme, setTheme, actions, messages, games };
  typed.useSessionEvent("move", ({ data }) => app.typedHeard.push(["move", data.from, data.at instanceof Date]));
  typed.useSessionEvent("invitation", ({ data }) => app.typedHeard.push(["invitation", data]));
  return null;
}

Object.assign(COMPONENTS, { Typed });
