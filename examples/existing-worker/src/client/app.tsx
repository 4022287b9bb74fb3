/** The page: whoever is signed in sees their games and devices. */
import { createAuthClient } from "better-auth/react";
import { StrictMode, useCallback } from "react";
import { createRoot } from "react-dom/client";
import { UserSessionProvider } from "user-session-worker/react";

import { Games } from "./games";
import { SignIn } from "./sign-in";

export const auth = createAuthClient();

function App() {
  const { data, isPending, refetch } = auth.useSession();
  // better-auth ends the session, drops the cookie, and by its plugin closes the sockets of each tab.
  const signOut = useCallback(async () => {
    await auth.signOut();
    await refetch();
  }, [refetch]);
  const signOutEverywhere = async () => {
    const { error } = await auth.revokeSessions();
    if (error) return { ok: false as const, message: "try again." };
    await signOut();
    return { ok: true as const };
  };
  if (isPending) return <p>…</p>;
  if (!data) return <SignIn auth={auth} />;
  const { id } = data.user;
  return (
    <UserSessionProvider key={id} userId={id} onLoggedOut={() => void signOut()}>
      <Games onLeave={signOut} onLeaveEverywhere={signOutEverywhere} />
    </UserSessionProvider>
  );
}

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
