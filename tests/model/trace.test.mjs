/** The models allow what the real core may do, and no more: traces of either kind (README.md, "Traces"). */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { traceOf } from "./from-scenario.mjs";
import { MODELS } from "./spin.mjs";
import { whyRefused } from "./trace.mjs";

const TRACES = join(MODELS, "traces");

/** @type {Record<string, string>} Where and why each is refused. */
const REFUSED = {
  "refused-skips.txt": "places, line 8: outcome",
  "refused-crash.txt": "places, line 8: outcome",
  "refused-again.txt": "requests, line 6: outcome",
  "refused-epoch.txt": "places, line 6: outcome",
  "refused-message.txt": "inbox, line 5: outcome",
};

for (const file of readdirSync(TRACES)) {
  const why = REFUSED[file] ?? null;
  test(`the models ${why === null ? "allow" : "refuse"} the trace ${file}`, async () => {
    assert.equal(await whyRefused(readFileSync(join(TRACES, file), "utf8")), why);
  });
}

/** A story in the words of tests/scenarios, with what matters here. */
const STORY = `
connect2 1 laptop run=r1
  store epoch=1000 seq=0 #00000000
  send 1 {"type":"initial_state","epoch":1000,"seq":0}
frame 1 {"type":"broadcast","event":"e","id":"r1.1"}
  store begun=2000 seq=0 #00000000
  send_to_all {"type":"event","event":"e","from":"laptop","seq":1,"epoch":2000}
  send 1 {"type":"ack","id":"r1.1"}
connect2 2 phone 1000.0
  send 1 {"type":"device_connected","device":{"deviceId":"phone"},"seq":2}
  send 2 {"type":"initial_state","epoch":2000,"seq":2}
  send 2 {"type":"event","event":"e","from":"laptop","seq":1}
sleep
frame 1 {"type":"broadcast","event":"e","id":"r1.1","again":true}
  send 1 {"type":"ack","id":"r1.1","repeated":true}
disconnect 2
  send 1 {"type":"device_disconnected","deviceId":"phone","seq":3}
disconnect 1
  store epoch=2000 seq=3 #00000000
push {"type":"note"}
  store epoch=3000 seq=4 #00000000
connect2 2 phone 2000.2
  send 2 {"type":"initial_state","epoch":3000,"seq":4}
  send 2 {"type":"push","seq":4,"body":{"type":"note"}}
`;

test("a story of tests/scenarios is a trace, too", async () => {
  assert.equal(await whyRefused(traceOf(STORY)), null);
});

for (const [what, from, to] of [
  ["brings less", '  send 2 {"type":"push","seq":4,"body":{"type":"note"}}\n', ""],
  ["says no epoch", ',"epoch":2000}\n  send 1', "}\n  send 1"],
  ["writes no row before the first frame", "begun=2000 ", ""],
  ["does a request twice", ',"repeated":true', ""],
]) {
  test(`a story is refused in which the core ${what}`, async () => {
    const changed = STORY.replace(from, to);
    assert.notEqual(changed, STORY);
    assert.match(String(await whyRefused(traceOf(changed))), /outcome|done_once/);
  });
}
