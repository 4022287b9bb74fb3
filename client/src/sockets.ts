/** The WebSocket class to use, the app's own or the engine's, and how its sockets are closed. */
import { ProblemError } from "./problem.js";
import { type WarnOnce, shown } from "./warnings.js";

/** The states of a socket, as every WebSocket numbers them; not every class has them as statics. */
export const OPEN = 1;
const CLOSING = 2;
export const CLOSED = 3;

const NORMAL_CLOSE = 1000;

/** The part of a socket that a connection needs once it is open. */
export interface Socket {
  readonly readyState: number;
  send(text: string): void;
  close(code?: number): void;
}

/** Closes a socket that may be closed already. */
export function closeSocket(socket: Socket | null): void {
  if (socket && socket.readyState < CLOSING) socket.close(NORMAL_CLOSE);
}

/**
 * The class that makes the sockets.
 * @param given What the app or the engine gives as `WebSocket`.
 * @throws {ProblemError} If it makes none, with what to do about it, which the console is told, too.
 */
export function socketClass(given: unknown, warnings: WarnOnce): typeof WebSocket {
  if (isConstructor(given)) return given as typeof WebSocket;
  const whyNot = whyNoSocket(given);
  warnings.warn("WebSocket", whyNot);
  throw new ProblemError("unsupported_runtime", whyNot);
}

function whyNoSocket(given: unknown): string {
  const what = given === undefined || given === null ? "no WebSocket here" : `the option WebSocket is ${shown(given)}`;
  return `${what}: expected a class, as Node 22 has, or \`import WebSocket from 'ws'\` and pass it`;
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
