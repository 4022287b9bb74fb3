/**
 * What version 2 promises, checked over every order of steps and faults within the bounds of models.mjs. Each
 * mutant takes one thing away that the mechanism does, and the property that it is for must find that.
 */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { suite, test } from "node:test";

import { CHECKS, MUTANTS, STRAY_CLIENTS } from "./models.mjs";
import { verify } from "./spin.mjs";

suite("the models", { concurrency: availableParallelism() }, () => {
  for (const check of [...CHECKS, ...STRAY_CLIENTS]) {
    test(`nothing breaks what is promised: ${check.title}`, async () => {
      const { broken, errors, isComplete, states } = await verify(check);
      assert.deepEqual({ broken, errors, isComplete }, { broken: null, errors: 0, isComplete: true });
      assert.ok(states > 0);
    });
  }

  for (const mutant of MUTANTS) {
    test(`${mutant.finds} finds the mutant of ${mutant.model} ${mutant.name}`, async () => {
      const { broken, errors } = await verify(mutant);
      assert.deepEqual({ broken, errors }, { broken: mutant.finds, errors: 1 });
    });
  }
});
