/** Mutants of what the client does with values, and with events of which only the newest counts. */

/** @import { Mutant } from "./mutant-table.mjs" */

/** @type {Mutant[]} */
export const VALUE_MUTANTS = [
  {
    name: "what a function makes is set whatever the value is by then",
    file: "client/src/values.ts",
    from: "request.text = written(request, value);",
    to: "request.text = JSON.stringify({ ...request.message, value });",
    caughtBy: "nothing-forgotten",
    seeds: 10,
  },
  {
    name: "what a function makes is made anew when nobody knows whether it was set",
    file: "client/src/values.ts",
    from: "  request.isDoubted = true;\n",
    to: "",
    caughtBy: "done-once",
    seeds: 1500,
  },
  {
    name: "a conflict of what nobody knows counts as done",
    file: "client/src/requests.ts",
    from: "isAsAsked(request, frame.value) ? DONE : this.#unknown()",
    to: "DONE",
    caughtBy: "told-truly",
    seeds: 10,
  },
  {
    name: "a conflict ends an addition",
    file: "client/src/requests.ts",
    from: "    if (isForGood) return this.settle(request, this.#refusal(frame.code, frame.message));\n",
    to: "    return this.settle(request, DONE);\n",
    caughtBy: "told-truly",
    seeds: 10,
  },
  {
    name: "a setting is made again when nobody knows whether it was, whatever the value is by then",
    file: "client/src/values.ts",
    from: "request.text = written(request, request.message[\"value\"]);",
    to: "request.text = JSON.stringify(request.message);",
    caughtBy: "done-once",
    seeds: 1500,
  },
  {
    name: "values that are gone stay after a new beginning",
    file: "client/src/values.ts",
    from: "  const next = Object.create(null);\n  for",
    to: "  const next = Object.assign(Object.create(null), known);\n  for",
    caughtBy: "agreement",
    seeds: 50,
  },
  {
    name: "a tab that joins is not told the values",
    file: "client/src/tab-state.ts",
    from: "values: Object.fromEntries(Object.entries(values).filter(([, { version }]) => version)),",
    to: "",
    caughtBy: "agreement",
    seeds: 50,
  },
  {
    name: "an event that has failed is repeated behind a newer one of which alone the newest counts",
    file: "client/src/requests.ts",
    from: "if (request.message[\"latest\"] && isOlder)",
    to: "if (request.message[\"never\"] && isOlder)",
    caughtBy: "once-in-order",
    seeds: 400,
  },
  {
    name: "a tab hears nothing of a value that the one that serves it had not heard of yet",
    file: "client/src/model.ts",
    from: "if (\"version\" in frame && frame.version !== undefined && frame.version > this.memory.valuesAt) {",
    to: "if (\"version\" in frame && frame.version !== undefined && (frame.seq ?? 0) > (this.memory.position?.seq ?? 0)) {",
    caughtBy: "agreement",
    seeds: 2000,
  },
];
