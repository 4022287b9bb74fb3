/** What an engine's driver does for the pages of ./page.mjs. */

import type { Key } from "./keys.mjs";

export type EngineName = "chromium" | "firefox" | "webkit";

/** How an engine is started. */
export interface EngineOptions {
  /** Pages are refused cookies and storage, as by a user who has blocked them. */
  blocksStorage?: boolean;
  /**
   * Chromium shows and hides, freezes and keeps pages as it does for users, at the price of a process for each profile.
   * Without it all pages are visible and have the focus, always. Other engines do it in any case.
   */
  hasRealTabs?: boolean;
}

/** How a profile begins. Motion is to be reduced in all of them. */
export interface ProfileOptions {
  /** CSS pixels. WebKit has it for the first page alone: windows with bars are not narrower than 447. */
  viewport?: { width: number; height: number };
  colorScheme?: "light" | "dark";
  /** Chromium alone has it. */
  deviceScaleFactor?: number;
  /** Whether `setOffline` will be called: WebKit must know before. */
  goesOffline?: boolean;
}

/** Who is told what the pages of a profile do. */
export interface Told {
  console(level: string, text: string): void;
  /** An exception that nobody has caught. */
  error(text: string): void;
  request(url: string): void;
}

export interface Driver {
  newProfile(options: ProfileOptions, told: Told): Promise<DriverProfile>;
  close(): Promise<void>;
}

export interface DriverProfile {
  newTab(): Promise<DriverTab>;
  /** All that are open, by what tells one from another. */
  tabs(): Promise<Map<unknown, DriverTab>>;
  setOffline(isOffline: boolean): Promise<void>;
  close(): Promise<void>;
}

export interface DriverTab {
  /** Evaluates an expression, whose value is a text or a promise of one. */
  run(expression: string): Promise<unknown>;
  goto(url: string): Promise<void>;
  reload(): Promise<void>;
  traverse(delta: -1 | 1): Promise<void>;
  click(x: number, y: number): Promise<void>;
  press(key: Key): Promise<void>;
  type(text: string): Promise<void>;
  setViewport(viewport: { width: number; height: number }): Promise<void>;
  screenshot(): Promise<Buffer>;
  hide(): Promise<void>;
  show(): Promise<void>;
  freeze?(): Promise<void>;
  thaw?(): Promise<void>;
  close(): Promise<void>;
}
