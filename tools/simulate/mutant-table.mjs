/**
 * Mutants: small mistakes, each in one place of the code, and the property that has to notice it. A mutant that no
 * property notices shows what the simulator does not look at.
 */

/**
 * @typedef {object} Mutant
 * @property {string} name What the mistake is.
 * @property {string} file Of worker/, bindings/, client/src/ or src/.
 * @property {string} from Stands once in the file.
 * @property {string} to
 * @property {string} caughtBy The property that notices it first, as a rule.
 * @property {number} seeds Within so many seeds.
 */

/** @type {Mutant[]} */
export const MUTANTS = [
  {
    name: "a repeated request gets another id",
    file: "client/src/requests.ts",
    from: "const { message, text, id, sentAt } = request;",
    to: 'if (request.lastSentAt !== null) request.id += "r"; const { message, text, id, sentAt } = request;',
    caughtBy: "done-once",
    seeds: 40,
  },
  {
    name: "what was in flight when a connection broke counts as done",
    file: "client/src/requests.ts",
    from: "for (const request of this.#pending) request.isInFlight = false;",
    to: "for (const request of [...this.#pending]) if (request.isInFlight) this.settle(request, DONE);",
    caughtBy: "told-truly",
    seeds: 60,
  },
  {
    name: "what was in flight is never sent again",
    file: "client/src/requests.ts",
    from: "for (const request of this.#pending) request.isInFlight = false;",
    to: "",
    caughtBy: "recovers",
    seeds: 40,
  },
  {
    name: "a client says that it has seen one frame more",
    file: "client/src/model.ts",
    from: "return position && `${position.epoch}.${position.seq}`;",
    to: "return position && `${position.epoch}.${position.seq + 1}`;",
    caughtBy: "missed-in-silence",
    seeds: 20,
  },
  {
    name: "a reset is not told to the app",
    file: "client/src/model.ts",
    from: 'isResumed ? [] : [{ type: "reset" }]',
    to: "[]",
    caughtBy: "missed-in-silence",
    seeds: 100,
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
    name: "a pong that does not come is not missed",
    file: "client/src/connection.ts",
    from: "this.#pingedAt ??= monotonicMs();\n    this.#expectAnswer(patienceMs);",
    to: "this.#pingedAt ??= monotonicMs();",
    caughtBy: "recovers",
    seeds: 40,
  },
  {
    name: "pauses between tries grow without end",
    file: "client/src/backoff.ts",
    from: "const LONGEST_MS = 30_000;",
    to: "const LONGEST_MS = 30_000_000;",
    caughtBy: "recovers",
    seeds: 100,
  },
  {
    name: "a row is written after what it is about was told",
    file: "worker/object/storage.js",
    from: "if (isRow(kind)) return kv.put(ROW_KEYS[kind], this.copyOut(bytes));",
    to: "if (isRow(kind)) { const copy = bytes.slice(); return void setTimeout(() => kv.put(ROW_KEYS[kind], copy), 40); }",
    caughtBy: "inbox-complete",
    seeds: 60,
  },
  {
    name: "an instance lives on after a write of it has failed",
    file: "worker/object/session-host.js",
    from: "  #failure(event, error) {\n    this.#instance = null;",
    to: "  #failure(event, error) {",
    caughtBy: "no-complaints",
    seeds: 40,
  },
  {
    name: "what is to be attached to a socket is not",
    file: "worker/object/session-host.js",
    from: "this.#sockets.socketOf(connection)?.serializeAttachment(this.#storage.copyOut(bytes));",
    to: "",
    caughtBy: "no-needless-reset",
    seeds: 20,
  },
  {
    name: "a credential that was ended is let in",
    file: "worker/auth/identity.js",
    from: "return { issuedAt, expiresAt, id: credentialId };",
    to: "return { issuedAt: issuedAt && -1, expiresAt, id: credentialId };",
    caughtBy: "silence-after-logout",
    seeds: 200,
  },
  {
    name: "the leaving of a device is not told to the session",
    file: "worker/object/session-host.js",
    from: "    this.#run({ type: \"Disconnected\", connection, heartbeat: this.#heartbeats.of(socket) });",
    to: "",
    caughtBy: "no-complaints",
    seeds: 20,
  },
  {
    name: "only the newest frames are remembered",
    file: "src/limits.h",
    from: "kJournalFramesMax = 256;",
    to: "kJournalFramesMax = 2;",
    caughtBy: "no-needless-reset",
    seeds: 20,
  },
];
