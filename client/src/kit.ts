/** Pieces of the first part of the client that the parts loaded later use. */
import { monotonicMs } from "./clock.js";
import { Deadline } from "./deadline.js";
import { attempt, isVisible, listen, page } from "./page.js";
import { HEARTBEAT } from "./protocol.js";
import { CLOSED, OPEN } from "./sockets.js";

/**
 * They are given it, and import nothing of the first part: a bundler makes of what two parts import one more, which
 * a page would load besides.
 */
export const KIT = { CLOSED, Deadline, HEARTBEAT, OPEN, attempt, isVisible, listen, monotonicMs, page };

export type Kit = typeof KIT;
