/** The list "Your devices". */
import { type FormEvent, Fragment, type KeyboardEvent, type ReactNode, createElement, useEffect, useLayoutEffect, useRef, useState } from "react";

import { type Asking, button, useAsking } from "./account-parts.js";
import { useDevices, useSessionActions } from "./hooks.js";
import type { Presence, RequestOutcome, SessionDevice } from "./protocol.js";

/** All that `DeviceList` says, in English if it is left out. */
export interface DeviceListTexts {
  /** Names the list. */
  label: string;
  /** Stands where no device is known. */
  none: string;
  /** A device without a name. */
  unnamed: string;
  /** Marks the device on which the list is seen. */
  current: string;
  presence: Record<Presence, string>;
  /** @param time A `<time>` element. */
  lastActive: (time: ReactNode) => ReactNode;
  logout: string;
  /** The name of the button `logout` for those who do not see beside what it stands. It should contain that text. */
  logoutOf: (name: string) => string;
  loggedOut: (name: string) => string;
  /** Takes the place of `loggedOut` if the device can come back, by a sign-in that it shares with this one for example. */
  mayReturn: (name: string) => string;
  rename: string;
  /** The label of the field with the name. */
  newName: string;
  save: string;
  cancel: string;
  renamed: (name: string) => string;
  failed: (message: string) => string;
}

export interface DeviceListProps {
  className?: string | undefined;
  /** Replaces any of the texts. */
  texts?: Partial<DeviceListTexts> | undefined;
  /** Writes a moment, of milliseconds since the Unix epoch. If left out, it is in the reader's language and time zone. */
  formatTime?: ((ms: number) => string) | undefined;
}

const TEXTS: DeviceListTexts = {
  label: "Your devices",
  none: "No devices are known.",
  unnamed: "Unnamed device",
  current: "This device",
  presence: { online: "Online", away: "Away", offline: "Not connected" },
  lastActive: (time) => createElement(Fragment, null, "Last active ", time),
  logout: "Log out",
  logoutOf: (name) => `Log out ${name}`,
  loggedOut: (name) => `${name} is logged out.`,
  mayReturn: (name) => `${name} is disconnected, but can come back. To end every sign-in, log out everywhere.`,
  rename: "Rename",
  newName: "Name of this device",
  save: "Save",
  cancel: "Cancel",
  renamed: (name) => `This device is now called ${name}.`,
  failed: (message) => `That did not work: ${message}`,
};

const writeTime = (ms: number): string => new Date(ms).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

/**
 * The user's devices: each with its name, whether it is online and when it was last active. Others can be logged out, and
 * this one renamed. It has no style: `className`, and the attributes `data-part`, `data-presence` and `data-current`
 * of its elements, are there to give it one. It stands below a `UserSessionProvider`.
 */
export function DeviceList({ className, texts: given, formatTime = writeTime }: DeviceListProps): ReactNode {
  const texts = { ...TEXTS, ...given };
  const devices = useDevices();
  const { logoutDevice } = useSessionActions();
  const asking = useAsking();
  const { asked, ask, status } = asking;
  const list = useRef<HTMLElement>(null);
  /** The device whose button has gone with the focus. */
  const left = useRef<string | null>(null);
  useEffect(() => {
    const isGone = left.current !== null && devices.every(({ deviceId }) => deviceId !== left.current);
    left.current = null;
    if (isGone) list.current?.focus();
  }, [devices]);

  const logOut = ({ deviceId }: SessionDevice, name: string): void => {
    const said = (outcome: RequestOutcome): string => {
      if (!outcome.ok) return texts.failed(outcome.message);
      return outcome.credentialShared || outcome.complete === false ? texts.mayReturn(name) : texts.loggedOut(name);
    };
    void ask(deviceId, () => logoutDevice(deviceId), said);
  };
  const rows = devices.map((device) => {
    const { deviceId, current, presence, tabs, lastActive } = device;
    const name = device.name || texts.unnamed;
    const shown = tabs > 0 || current ? presence : "offline";
    const time = createElement("time", { dateTime: new Date(lastActive).toISOString() }, formatTime(lastActive));
    const action = current
      ? createElement(Renaming, { key: "rename", name: device.name, texts, asking })
      : createElement(LogoutButton, { key: "logout", name, texts, isBusy: asked !== null, onPress: () => logOut(device, name), onLeft: () => (left.current = deviceId) });
    return createElement(
      "li",
      { key: deviceId, "data-part": "device", "data-presence": shown, "data-current": current || undefined },
      createElement("span", { "data-part": "name" }, name),
      current && [" ", createElement("span", { key: "current", "data-part": "current" }, texts.current)],
      " ",
      createElement("span", { "data-part": "presence" }, texts.presence[shown]),
      " ",
      createElement("span", { "data-part": "last-active" }, texts.lastActive(time)),
      " ",
      action,
    );
  });
  return createElement(
    "section",
    { className, ref: list, tabIndex: -1, "aria-label": texts.label, "data-user-session": "devices" },
    rows.length > 0 ? createElement("ul", { "data-part": "list" }, rows) : createElement("p", { "data-part": "none" }, texts.none),
    status,
  );
}

interface LogoutButtonProps {
  name: string;
  texts: DeviceListTexts;
  isBusy: boolean;
  onPress: () => void;
  /** It goes, and whoever is at it would be nowhere. */
  onLeft: () => void;
}

function LogoutButton({ name, texts, isBusy, onPress, onLeft }: LogoutButtonProps): ReactNode {
  const element = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const { current } = element;
    // It is still in the page then.
    return () => {
      if (current && current === current.ownerDocument.activeElement) onLeft();
    };
  }, []);
  return button("logout", texts.logout, onPress, { ref: element, "aria-label": texts.logoutOf(name), "aria-disabled": isBusy });
}

interface RenamingProps {
  name: string;
  texts: DeviceListTexts;
  asking: Asking;
}

/** A button that becomes a form. The focus goes into its field, and back to the button. */
function Renaming({ name, texts, asking: { asked, ask } }: RenamingProps): ReactNode {
  const { setDeviceName } = useSessionActions();
  const [isOpen, setOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const field = useRef<HTMLInputElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (isOpen) field.current?.select();
    else if (wasOpen.current) opener.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  const close = (): void => setOpen(false);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    const wanted = field.current?.value.trim();
    if (!wanted) return field.current?.focus();
    const said = (outcome: RequestOutcome): string => (outcome.ok ? texts.renamed(wanted) : texts.failed(outcome.message));
    if (await ask("rename", () => setDeviceName(wanted), said)) close();
  };
  if (!isOpen) return button("rename", texts.rename, () => setOpen(true), { ref: opener });
  return createElement(
    "form",
    { "data-part": "form", onSubmit: (event: FormEvent) => void save(event), onKeyDown: ({ key }: KeyboardEvent) => key === "Escape" && close() },
    createElement("label", null, texts.newName, " ", createElement("input", { ref: field, defaultValue: name, required: true, autoComplete: "off" })),
    " ",
    createElement("button", { "data-part": "save", "aria-disabled": asked !== null }, texts.save),
    " ",
    button("cancel", texts.cancel, close),
  );
}
