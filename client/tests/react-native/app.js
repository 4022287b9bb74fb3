/** An app as Metro bundles it: the client and the hook by the names that the package exports. */
import { UserSessionClient } from "user-session-worker/client";
import { useUserSession } from "user-session-worker/react";

globalThis.app = { UserSessionClient, useUserSession };
