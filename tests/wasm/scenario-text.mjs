/**
 * The text of scenario files, as tests/unit/scenario_text.cpp reads and writes it.
 * `tests/scenarios/README.md` describes it.
 */

/**
 * A command and the effects expected of it, one a line.
 * @typedef {object} ScenarioStep
 * @property {number} line
 * @property {string} command
 * @property {string[]} expected
 */

/**
 * @param {string} text The whole file.
 * @returns {ScenarioStep[]}
 */
export function parseScenario(text) {
  /** @type {ScenarioStep[]} */
  const steps = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("  ")) steps.at(-1)?.expected.push(line.slice(2));
    else if (line && !line.startsWith("#")) {
      steps.push({ line: index + 1, command: line, expected: [] });
    }
  }
  return steps;
}

/**
 * The bytes that a text in a command stands for: `<T*N>` is T written N times, `\xNN` a byte.
 * @param {string} text
 * @returns {Buffer<ArrayBuffer>}
 */
export function bytesOf(text) {
  const expanded = text.replace(/<([^<>]*)\*(\d+)>/g, (_, repeated, count) =>
    repeated.repeat(Number(count)));
  const bytes = expanded.replace(/\\(?:x([0-9a-f]{2})|.)/g, (escape, hex) =>
    hex ? String.fromCharCode(parseInt(hex, 16)) : escape);
  return Buffer.from(bytes, "latin1");
}

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @param {string} text
 * @returns {string}
 * @throws {TypeError} If it stands for bytes that are not UTF-8: no JavaScript string has them.
 */
export function stringOf(text) {
  return strictDecoder.decode(bytesOf(text));
}
