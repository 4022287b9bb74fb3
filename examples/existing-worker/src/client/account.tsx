import { type ActionOutcome, DeviceList, LogoutEverywhere } from "user-session-worker/react";

interface Props {
  onLeave: () => Promise<void>;
  onLeaveEverywhere: () => Promise<ActionOutcome>;
}

/** The user's devices, and the ways out. `public/account.css` is its style. */
export function Account({ onLeave, onLeaveEverywhere }: Props) {
  return (
    <section className="account" aria-labelledby="account">
      <h2 id="account">Account</h2>
      <DeviceList className="devices" />
      <button onClick={() => void onLeave()}>Log out</button>
      <LogoutEverywhere className="everywhere" logout={onLeaveEverywhere} />
    </section>
  );
}
