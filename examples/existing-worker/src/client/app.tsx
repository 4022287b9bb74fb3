/** The page: whoever is signed in sees their games and devices. */
import { createAuthClient } from "better-auth/react";
import { StrictMode, useCallback } from "react";
import { createRoot } from "react-dom/client";

import { Games } from "./games";
import { SignIn } from "./sign-in";

export const auth = createAuthClient();

function App() {
  const { data, isPending, refetch } = auth.useSession();
  const signOut = useCallback(async () => {
    // It ends this session in D1 and drops the cookie; after a logout of all devices only the latter.
    await auth.signOut();
    await refetch();
  }, [refetch]);
  if (isPending) return <p>…</p>;
  if (!data) return <SignIn auth={auth} />;
  return <Games key={data.user.id} userId={data.user.id} onLeave={signOut} />;
}

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
