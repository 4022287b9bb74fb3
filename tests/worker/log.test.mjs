/** Text from strangers can harm neither the log nor the terminal that shows it. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { notice, printable, quoted, report, summary, summaryWithStack } from "../../worker/common/log.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const NASTY = [
  ["a line of its own", "a\nuser-session: b\r\u0085\u2028\u2029c"],
  ["a terminal's commands", "\u001b[2J\u009b31m\u0007\u0008\u007f"],
  ["another direction", "\u200e\u200f\u061c\u202a\u202e\u2066\u2069"],
  ["what is not seen", "\u0000\u00ad\u200b\u200d\u2060\ufeff\u{e0041}"],
  ["half a character", "\ud800x\udc00"],
];

for (const [what, text] of NASTY) {
  test(`a log line can't be given ${what}`, (t) => {
    const shown = printable(text);
    assert.match(shown, /^[ -~]*$/);
    assert.ok(shown.isWellFormed());
    /** @type {string[]} */
    const lines = [];
    for (const level of /** @type {const} */ (["error", "warn"])) {
      t.mock.method(console, level, (/** @type {string} */ line) => lines.push(line));
    }
    report(`user ${quoted(text)}`);
    notice(what, text);
    notice(what, `${text}!`, "warn");
    report(summary(new Error(text)));
    report(summaryWithStack(Object.assign(new Error(text), { stack: `Error\n at ${text}` })));
    assert.equal(lines.length, 5);
    for (const line of lines) assert.match(line, /^user-session: [ -~]+$/);
  });
}

test("what is quoted can't leave its quotes, and what needs none stays as it is", () => {
  assert.equal(quoted('a"b\\'), '"a\\"b\\\\"');
  assert.equal(quoted("\\u202e"), '"\\\\u202e"');
  assert.equal(quoted("Kim é 🎲 مرحبا"), '"Kim é 🎲 مرحبا"');
  assert.equal(quoted(undefined), '"undefined"');
  assert.equal(quoted("x".repeat(20), 3), '"xxx…"');
});

test("an error says what it is, and none quotes what it could not read", () => {
  assert.equal(summary(new RangeError("too far")), "RangeError: too far");
  assert.equal(summary(new SyntaxError("Unexpected token in SECRET")), "SyntaxError");
  assert.equal(summary("SECRET"), "not an Error");
  assert.ok(summary(new Error("x".repeat(100_000))).length < 400);
});

test("whoever makes up causes does not fill the log, and does not keep other causes out of it", (t) => {
  t.mock.timers.enable({ apis: ["Date"] });
  const error = t.mock.method(console, "error", () => {});
  const count = () => error.mock.callCount();
  for (let at = 0; at < 1_000; at++) notice("made up", `cause ${at}`);
  assert.ok(count() <= 16, `${count()} lines`);
  const before = count();
  for (let at = 0; at < 10; at++) notice("another", "the same");
  assert.equal(count(), before + 1);
  t.mock.timers.tick(600_000);
  notice("another", "the same");
  notice("made up", "cause 1");
  assert.equal(count(), before + 3);
});

test("nothing of ours goes to the log by another way", () => {
  const files = globSync(["worker-shim.js", "worker/**/*.js", "bindings/*.js"], { cwd: ROOT });
  assert.ok(files.length > 20);
  const callers = files.filter((file) => /\bconsole\b/.test(readFileSync(ROOT + file, "utf8")));
  assert.deepEqual(callers, ["worker/common/log.js"]);
});

test("every line that we write to the log is in the documentation", () => {
  const page = readFileSync(`${ROOT}docs/operating.md`, "utf8").replace(/\s+/g, " ");
  const files = globSync(["worker-shim.js", "worker/**/*.js", "bindings/*.js"], { cwd: ROOT });
  for (const file of files) {
    const calls = readFileSync(ROOT + file, "utf8").matchAll(/\b(?:report|notice)\(\s*(?:"[\w ]+",\s*)?`([^`]*)`/g);
    for (const [, text] of calls) {
      const parts = text.split(/\$\{[^}]*\}/).map((part) => part.replace(/^[\s:;,"]+|[\s:;,"]+$/g, ""));
      const [longest] = parts.toSorted((one, other) => other.length - one.length);
      if (longest.length > 2) assert.ok(page.includes(longest), `${file}: ${longest}`);
    }
  }
});
