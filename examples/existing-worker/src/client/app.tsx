/** The page: whoever is signed in sees their games and devices. */
import { createAuthClient } from "better-auth/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Games } from "./games";
import { SignIn } from "./sign-in";

export const auth = createAuthClient();

function App() {
  const { data, isPending, refetch } = auth.useSession();
  if (isPending) return <p>…</p>;
  if (!data) return <SignIn auth={auth} />;
  const signOut = async () => {
    // It ends this session in D1 and drops the cookie; after a logout of all devices only the latter.
    await auth.signOut();
    await refetch();
  };
  return <Games key={data.user.id} userId={data.user.id} onLeave={() => void signOut()} />;
}

const root = document.getElementById("app");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
