/** The code in the terminal: a phone must read it, whatever colours its user has chosen. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { Entrance } from "../../scripts/lib/lan/entrance.mjs";
import { qrCode } from "../../scripts/lib/lan/qr-code.mjs";
import { THEMES, codesIn } from "../support/terminal.mjs";

for (const [name, theme] of Object.entries(THEMES)) {
  test(`a scanner reads the code in a ${name} terminal`, async () => {
    for (const host of ["10.0.0.1:1", "192.168.100.100:65535"]) {
      const url = `http://${host}/#${new Entrance().secret}`;
      assert.deepEqual(codesIn(await qrCode(url), theme), [url]);
    }
  });
}

test("the code of the longest address fits in a terminal of 80 columns and 24 lines, its light frame included", async () => {
  const lines = (await qrCode(`http://192.168.100.100:65535/#${new Entrance().secret}`)).split("\n");
  const drawn = lines.map((line) => line.replace(/^[^m]*m/, "").replace(/\p{Cc}.*$/u, ""));
  assert.equal(drawn.length, 19);
  for (const line of drawn) assert.match(line, /^ {4}.{29} {4}$/u);
  for (const line of [...drawn.slice(0, 2), ...drawn.slice(-2)]) assert.match(line, /^ {37}$/);
});
