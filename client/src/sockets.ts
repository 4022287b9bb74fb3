/** What makes the sockets. */
import { shown } from "./say.js";

/**
 * Why no socket can ever be made here, and what to do about it.
 * @param given What the app or the engine gives as `WebSocket`.
 * @returns `null` if one can.
 */
export function whyNoSocket(given: unknown): string | null {
  if (isConstructor(given)) return null;
  const use = "use Node 22 or later, or `import WebSocket from 'ws'` and pass it as the option WebSocket";
  if (given === undefined || given === null) return `there is no WebSocket here: ${use}`;
  return `the option WebSocket is ${shown(given)}, which makes no sockets: expected a class like the browser's; ${use}`;
}

function isConstructor(value: unknown): boolean {
  try {
    // It is asked for without being called.
    Reflect.construct(Object, [], value as new () => unknown);
    return true;
  } catch {
    return false;
  }
}
