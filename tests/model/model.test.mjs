/**
 * The promises of version 2, checked over every order of steps and faults within the bounds of models.mjs. Each
 * mutant takes one thing away that the mechanism does, and the property that it is for must find that.
 */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { suite, test } from "node:test";

import { CHECKS, MUTANTS, STRAY_CLIENTS } from "./models.mjs";
import { verify } from "./spin.mjs";

/** For each model, what no check of it has reached. @type {Map<string, string[]>} */
const unreached = new Map();

suite("within their bounds", { concurrency: availableParallelism() }, () => {
  for (const check of [...CHECKS, ...STRAY_CLIENTS]) {
    test(`nothing breaks what is promised: ${check.title}`, async () => {
      const outcome = await verify(check);
      const { broken, errors, isComplete, states } = outcome;
      assert.deepEqual({ broken, errors, isComplete }, { broken: null, errors: 0, isComplete: true });
      assert.ok(states > 0);
      const before = unreached.get(check.model) ?? outcome.unreached;
      unreached.set(check.model, before.filter((place) => outcome.unreached.includes(place)));
    });
  }
});

test("every step of the models is taken in one check or another", () => {
  assert.deepEqual([...unreached.values()].flat(), []);
});

suite("a mutant is found", { concurrency: availableParallelism() }, () => {
  for (const mutant of MUTANTS) {
    test(`by ${mutant.finds}: ${mutant.model} ${mutant.name}`, async () => {
      const { broken, errors } = await verify(mutant);
      assert.deepEqual({ broken, errors }, { broken: mutant.finds, errors: 1 });
    });
  }
});
