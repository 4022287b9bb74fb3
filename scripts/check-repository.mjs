/** Fails unless the package says where it comes from: npm runs this before it publishes. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { missingOrigin, REPOSITORY } from "./lib/repository.mjs";
import { Failure, main, root } from "./lib/run.mjs";

await main(async () => {
  const missing = missingOrigin(REPOSITORY, JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  if (missing) throw new Failure(missing);
});
