import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { ask } from "../support/auth.mjs";
import { ROOT, startServer } from "../support/server.mjs";

test("a class that a tool was too old to declare is told to its owner with what to do", async (t) => {
  const server = await startServer(join(ROOT, "tests/worker/fixtures/undeclared.wrangler.jsonc"));
  t.after(() => server.close());
  for (const action of /** @type {const} */ (["state", "connect"])) {
    assert.ok((await ask(server, action, "kim")).status >= 500);
    const told = server.logs().filter((line) => line.includes("UserSessionDO has no SQLite storage here"));
    assert.ok(told.length > 0, server.logs().join("\n"));
    assert.match(String(told.at(-1)), /wrangler 4\.115 .* docs\/frameworks\.md/);
  }
});
