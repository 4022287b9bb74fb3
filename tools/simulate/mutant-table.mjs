/**
 * Mutants: small mistakes, each in one place of the code, and the property that has to notice it. A mutant that no
 * property notices shows what the simulator does not look at.
 */

import { LOGOUT_MUTANTS } from "./logout-mutants.mjs";
import { MODULE_MUTANTS } from "./module-mutants.mjs";
import { TAB_MUTANTS } from "./tab-mutants.mjs";
import { VALUE_MUTANTS } from "./value-mutants.mjs";

/**
 * @typedef {object} Mutant
 * @property {string} name What the mistake is.
 * @property {string} file Of worker/, bindings/, client/src/ or src/.
 * @property {string} from Stands once in the file.
 * @property {string} to In a file of the module `WRONG` is true if this mutant is wanted.
 * @property {string} caughtBy The property that notices it first, as a rule.
 * @property {number} seeds Within so many seeds.
 */

/** @type {Mutant[]} */
const SCRIPT_MUTANTS = [
  {
    name: "a repeated request gets another number",
    file: "client/src/requests.ts",
    from: "const id = request.id ?? `${this.#run}.${this.#next}`;",
    to: "const id = `${this.#run}.${request.id === null ? this.#next : this.#next++}`;",
    caughtBy: "recovers",
    seeds: 5,
  },
  {
    name: "a repetition does not say that it is one",
    file: "client/src/requests.ts",
    from: "isAgain ? '\"again\":true,' : \"\"",
    to: "\"\"",
    caughtBy: "told-truly",
    seeds: 5,
  },
  {
    name: "what nobody can find out counts as done",
    file: "client/src/requests.ts",
    from: "        this.forget(request);\n        return this.flush();",
    to: "        return this.settle(request, DONE);",
    caughtBy: "told-truly",
    seeds: 5,
  },
  {
    name: "an event is asked for anew when nobody knows whether it was done",
    file: "client/src/requests.ts",
    from: "    if (request.subject === null) this.settle(request, this.#unknown());\n",
    to: "",
    caughtBy: "done-once",
    seeds: 50,
  },
  {
    name: "what was in flight when a connection broke counts as done",
    file: "client/src/requests.ts",
    from: "for (const request of this.pending) request.frame = null;",
    to: "for (const request of [...this.pending]) if (request.frame !== null) this.settle(request, DONE);",
    caughtBy: "told-truly",
    seeds: 5,
  },
  {
    name: "what was in flight is never sent again",
    file: "client/src/requests.ts",
    from: "for (const request of this.pending) request.frame = null;",
    to: "",
    caughtBy: "recovers",
    seeds: 5,
  },
  {
    name: "a client says that it has seen one frame more",
    file: "client/src/core.ts",
    from: "&since=${position.epoch}.${position.seq}`",
    to: "&since=${position.epoch}.${position.seq + 1}`",
    caughtBy: "missed-in-silence",
    seeds: 5,
  },
  {
    name: "a reset is not told to the app",
    file: "client/src/model.ts",
    from: "isReset ? [{ type: \"reset\" }] : [];",
    to: "[];",
    caughtBy: "missed-in-silence",
    seeds: 5,
  },
  {
    name: "a client keeps its number after a reset",
    file: "client/src/model.ts",
    from: "seq: (resumed ?? place).seq",
    to: "seq: (this.#asked ?? place).seq",
    caughtBy: "missed-in-silence",
    seeds: 5,
  },
  {
    name: "a client ignores the epoch that a frame begins",
    file: "client/src/model.ts",
    from: "const { epoch = position.epoch } = frame;",
    to: "const { epoch } = position;",
    caughtBy: "no-needless-reset",
    seeds: 5,
  },
  {
    name: "a client says that it has all messages that it knows of",
    file: "client/src/model.ts",
    from: "return { position, inbox: inbox?.place ?? null };",
    to: "return { position, inbox: inbox?.last ?? null };",
    caughtBy: "inbox-complete",
    seeds: 200,
  },
  {
    name: "an event is told to the app twice",
    file: "client/src/model.ts",
    from: "return [eventOf(frame)];",
    to: "return [eventOf(frame), eventOf(frame)];",
    caughtBy: "once-in-order",
    seeds: 5,
  },
  {
    name: "a device forgets which messages it has told",
    file: "client/src/told-mark.ts",
    from: "this.#store.write(this.#key, String(n));",
    to: "",
    caughtBy: "inbox-once",
    seeds: 5,
  },
  {
    name: "a pong that does not come is not missed",
    file: "client/src/pulse.ts",
    from: "    this.expectAnswer(patienceMs);\n",
    to: "",
    caughtBy: "missed-in-silence",
    seeds: 5,
  },
  {
    name: "pauses between tries grow without end",
    file: "client/src/backoff.ts",
    from: "const LONGEST_MS = 30_000;",
    to: "const LONGEST_MS = 30_000_000;",
    caughtBy: "recovers",
    seeds: 400,
  },
  {
    name: "a row is written after what it is about was told",
    file: "worker/object/storage.js",
    from: "      kv.put(ROW_KEYS[kind], this.copyOut(bytes));",
    to: "      const copy = bytes.slice();\n      setTimeout(() => kv.put(ROW_KEYS[kind], copy), 40);",
    caughtBy: "nothing-forgotten",
    seeds: 10,
  },
  {
    name: "an instance lives on after a write of it has failed",
    file: "worker/object/session-host.js",
    from: "  #failure(event, error) {\n    this.#instance = null;",
    to: "  #failure(event, error) {",
    caughtBy: "missed-in-silence",
    seeds: 5,
  },
  {
    name: "what is to be attached to a socket is not",
    file: "worker/object/effect-runner.js",
    from: "sockets.socketOf(connection)?.serializeAttachment(storage.copyOut(bytes));",
    to: "",
    caughtBy: "deploys-unnoticed",
    seeds: 100,
  },
  {
    name: "a credential that was ended is let in",
    file: "worker/auth/identity.js",
    from: "return { issuedAt, expiresAt, isSignInTime, sessionId: credentialId, tokenId };",
    to: "return { issuedAt: issuedAt && -1, expiresAt, isSignInTime, sessionId: credentialId, tokenId };",
    caughtBy: "silence-after-logout",
    seeds: 5,
  },
  {
    name: "the leaving of a device is not told to the session",
    file: "worker/object/session-host.js",
    from: "    this.#run({ type: \"Disconnected\", connection, now: Date.now(), heartbeat: this.#heartbeats.of(socket) });",
    to: "",
    caughtBy: "recovers",
    seeds: 5,
  },
  {
    name: "a clear erases what logouts have ended",
    file: "worker/object/storage.js",
    from: "return key === LOGOUT_KEY || key.startsWith(REPORT_KEY);",
    to: "return key.startsWith(REPORT_KEY);",
    caughtBy: "silence-after-logout",
    seeds: 100,
  },
  {
    name: "a ticket lets in whatever became of its credential",
    file: "worker/object/request-handler.js",
    from: "tickets.take(given.ticket, Date.now()) : given;",
    to: "tickets.take(given.ticket, Date.now()) && TRUSTED_ACCESS : given;",
    caughtBy: "silence-after-logout",
    seeds: 50,
  },
];

export const MUTANTS = [...SCRIPT_MUTANTS, ...VALUE_MUTANTS, ...TAB_MUTANTS, ...LOGOUT_MUTANTS, ...MODULE_MUTANTS];
