/** The settings that the pages name, against those that the server reads. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { LIMITS } from "../../worker/object/rate-limits.js";
import { SKEW_EXPECTED, clockSkewSeconds } from "../../worker/auth/clock-skew.js";
import { SERVICE_TOKENS } from "../../worker/auth/service-tokens.js";
import { EVERYWHERE, MODES, MODE_NAMES } from "../../worker/auth/settings.js";
import { codeIn, tableOf, textOf } from "./markdown.mjs";

/** The settings as docs/deploying.md has them. */
const SETTINGS = tableOf("docs/deploying.md", "| name | mode | meaning |").flatMap(([names, mode, meaning]) =>
  codeIn(names).map((name) => ({ name, mode, meaning })),
);

/** Bindings, which are no variables, by what the table has in the place of the mode. */
const BINDINGS = { all: ["CONNECT_LIMITER"], "`session`": ["AUTH"] };

/** @param {string} mode */
function documented(mode) {
  return SETTINGS.filter((setting) => setting.mode === mode).map(({ name }) => name).sort();
}

test("docs/deploying.md has every variable of each mode, and none that is not read", () => {
  const modes = Object.entries(MODES).map(([mode, { variables }]) => [`\`${mode}\``, Object.keys(variables)]);
  // Where nobody is checked these have no effect.
  const checks = Object.keys(EVERYWHERE).filter((name) => !["ALLOWED_ORIGINS", "CLIENT_ADDRESS_HEADER"].includes(name));
  const others = Object.keys(EVERYWHERE).filter((name) => !checks.includes(name));
  /** @type {Record<string, string[]>} */
  const expected = {
    "": ["AUTH_MODE"],
    "all but `none`": checks,
    ...Object.fromEntries(modes),
  };
  expected.all = [...others, ...Object.keys(LIMITS)];
  for (const [mode, names] of Object.entries(BINDINGS)) expected[mode].push(...names);
  for (const [mode, names] of Object.entries(expected)) assert.deepEqual(documented(mode), names.sort(), mode);
  assert.deepEqual(SETTINGS.filter(({ mode }) => !(mode in expected)), []);
});

test("docs/deploying.md has every mode", () => {
  const { meaning } = SETTINGS.find(({ name }) => name === "AUTH_MODE") ?? { meaning: "" };
  assert.deepEqual(codeIn(meaning), [...MODE_NAMES, "none"]);
});

test("the pages and the configuration tell the limits as they are", () => {
  const configuration = textOf("wrangler.jsonc");
  const operating = tableOf("docs/operating.md", "| what | at most | what happens beyond |").map(([, limit]) => limit);
  for (const [name, { usual }] of Object.entries(LIMITS)) {
    const { meaning } = SETTINGS.find((setting) => setting.name === name) ?? { meaning: "" };
    assert.match(meaning, new RegExp(`\\b${usual}\\b`), name);
    assert.ok(configuration.includes(`"${name}": "${usual}"`), `wrangler.jsonc: ${name}`);
    const limit = operating.find((text) => codeIn(text).includes(name)) ?? "";
    assert.match(limit, new RegExp(`\\b${usual}\\b`), `docs/operating.md: ${name}`);
  }
});

test("docs/deploying.md says of every service token what it may do", () => {
  const rows = tableOf("docs/deploying.md", "| variable | may |").map(([variable]) => codeIn(variable)[0]);
  assert.deepEqual(rows.sort(), [...SERVICE_TOKENS].sort());
});

test("the pages and the configuration tell the skew of clocks as it is", () => {
  const { meaning } = SETTINGS.find(({ name }) => name === "CLOCK_SKEW_SECONDS") ?? { meaning: "" };
  const usual = clockSkewSeconds({});
  const [, least, most] = /(\d+) to (\d+)/.exec(SKEW_EXPECTED) ?? [];
  assert.ok(meaning.endsWith(`: ${usual}, and ${least} to ${most}`), meaning);
  assert.ok(textOf("wrangler.jsonc").includes(`"CLOCK_SKEW_SECONDS": "${usual}"`));
  for (const page of ["docs/deploys.md", "SECURITY.md"]) {
    assert.match(textOf(page), new RegExp(`CLOCK_SKEW_SECONDS\`[^.]*\\b${usual} if it is not set`), page);
  }
  assert.match(textOf("docs/operating.md"), new RegExp(`\`CLOCK_SKEW_SECONDS\` can be up to ${most}\\b`));
});
