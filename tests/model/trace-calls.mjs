/** Makes the calls of all traces one process for Spin, which reads a trace from a file. */

/** @import { Step } from "./trace.mjs" */

/** The file that has the trace, and the arguments that a call has at most. */
const [FILE, ARGUMENTS] = ["trace", ["given0", "given1", "given2", "given3"]];

export class Calls {
  /** Each call with its arguments left out, and its number. @type {Map<string, number>} */
  #known = new Map();

  /**
   * @param {Step} step
   * @returns {string[]} For each call the line that it is for, its number, and the arguments.
   */
  numbersOf({ line, text }) {
    return [...text.split("; "), "check()"].map((call) => {
      /** @type {number[]} */
      const given = [];
      const called = call.replace(/\b(?:\d+|true|false)\b/g, (word) => ARGUMENTS[given.push(Number(JSON.parse(word))) - 1]);
      const known = this.#known.get(called) ?? this.#known.size;
      this.#known.set(called, known);
      return [line, known, ...ARGUMENTS.map((_, index) => given[index] ?? 0)].join(" ");
    });
  }

  /** All is one step for Spin, so that no state is kept: there is but one way to go. */
  story() {
    const choices = [...this.#known].map(([call, number]) => `       :: called == ${number} -> ${call}`);
    return `
hidden int called;
${ARGUMENTS.map((name) => `hidden int ${name};`).join("\n")}

active proctype story() {
  d_step {
    do
    :: c_code {
         static FILE *file;
         static int before;
         int line;
         if (!file && !(file = fopen("${FILE}", "r"))) exit(1);
         if (fscanf(file, "%d %d${" %d".repeat(ARGUMENTS.length)}", &line, &called, &${ARGUMENTS.join(", &")}) != ${2 + ARGUMENTS.length}) called = -1;
         else if (line != before) printf("line %d\\n", before = line);
       };
       if
       :: called == -1 -> break
${choices.join("\n")}
       fi
    od;
    c_code { printf("the trace has ended\\n"); }
  }
}
`;
  }
}
