/** The arguments of `npm test`: a slip must not look like a success. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { toolEnv } from "../../scripts/lib/npm-tools.mjs";
import { steps } from "../../scripts/lib/steps.mjs";
import { asPattern, testFiles } from "../../scripts/lib/test-files.mjs";
import { ROOT } from "../support/server.mjs";

const FILE = "tests/tools/bill.test.mjs";

/** A test of this file must not take the tests of that one for its own. */
const env = { ...toolEnv(), NODE_TEST_CONTEXT: undefined };

/** @param {string[]} patterns */
function runNamed(patterns) {
  return steps.find(({ name }) => name === "node")?.check(env, { files: [FILE], patterns });
}

/** @param {string[]} args */
function chosen(args) {
  return promisify(execFile)(process.execPath, [join(ROOT, "scripts/test.mjs"), ...args], { env });
}

test("one test of a file can be run by a part of its name", async () => {
  assert.equal(await runNamed([asPattern("a hair above a whole unit")]), 1);
});

test("a name that no test has is a failure that tells it, and not a success of no tests", async () => {
  await assert.rejects(async () => runNamed([asPattern("(no such test)")]), ({ message }) =>
    message.startsWith(`no test in ${FILE} has a name with`),
  );
});

test("a name is taken as it is written, whatever it means in a regular expression", () => {
  const name = "what (a+b)* [is] a|b? costs 5$.";
  assert.match(name, new RegExp(`^${asPattern(name)}$`));
  assert.doesNotMatch("axb", new RegExp(asPattern("a.b")));
});

for (const [what, args, told] of /** @type {[string, string[], RegExp][]} */ ([
  ["a path that is not there", ["tests/no-such.test.mjs"], /there is no test in tests\/no-such\.test\.mjs/],
  ["a file that has no tests", ["tests/support/device.mjs"], /there is no test in tests\/support/],
  ["a file outside of the project", ["../x.test.mjs"], /there is no test in \.\.\/x/],
  ["a file of C++ tests", ["tests/unit/kept_test.cpp"], /npm run test:native -- --name/],
  ["an option that is none", ["--nmae", "x"], /Unknown option '--nmae'[^]*--name <text>/],
  ["a name for steps without tests", ["format", "--name", "x"], /only the steps native and node/],
])) {
  test(`${what} is refused before anything is built, in a sentence`, async () => {
    await assert.rejects(chosen(args), ({ code, stderr }) => code === 1 && told.test(stderr));
  });
}

test("all tests are found, each file once, and none of other people's", () => {
  const files = testFiles([]);
  assert.ok(files.includes(FILE) && files.includes("client/tests/tabs.test.mjs"));
  assert.deepEqual(testFiles([FILE, "tests", "client/tests"]).sort(), files.toSorted());
  assert.ok(!files.some((file) => file.includes("node_modules")));
});
