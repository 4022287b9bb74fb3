/**
 * The simulator's law of logouts, which says by the contract alone who has ended, and the shortest stories of what it
 * has found: each broke a property once.
 */
import assert from "node:assert/strict";
import { test } from "node:test";

import { root } from "../../scripts/lib/run.mjs";
import { loadRelease } from "../../tools/simulate/bundle.mjs";
import { Issuer } from "../../tools/simulate/issuer.mjs";
import { Law } from "../../tools/simulate/law.mjs";
import { runPlan } from "../../tools/simulate/run.mjs";

/** @import { Scope } from "../../tools/simulate/adapter-logouts.mjs" */
/** @import { Credential } from "../../tools/simulate/issuer.mjs" */
/** @import { Step } from "../../tools/simulate/plan.mjs" */

/** A law with a clock that the test sets, and credentials as it wants them. */
function lawAt(second = 1_000) {
  const now = { second };
  const issuer = new Issuer(1, () => now.second, false);
  const law = new Law(issuer, () => now.second);
  /** @param {string} id @param {Partial<Credential>} [fields] */
  const given = (id, fields) => {
    const credential = Object.assign(issuer.signIn(id), { sessionId: `s-${id}`, ...fields });
    issuer.newest = Math.max(issuer.newest, credential.issuedAt);
    return credential;
  };
  /** @param {Scope} scope @param {Credential | null} by @param {string} [id] @param {import("../../tools/simulate/law.mjs").Here[]} [here] */
  const logOut = (scope, by, id = "", here = []) =>
    law.loggedOut({ scope, id, endedAt: now.second, isComplete: true, isAnswered: true }, by, here, 0);
  /** The state of a credential, as far as it is sure. @param {Credential} credential */
  const fate = (credential) => (law.hasEnded(credential) ? "ended" : law.mayHaveEnded(credential) ? "open" : "stays");
  return { now, issuer, law, given, logOut, fate };
}

test("a logout of others ends all that was issued but the asker's session, whose renewals stay", () => {
  const { now, issuer, given, logOut, fate } = lawAt();
  const [owner, thief] = [given("owner"), given("thief")];
  const before = issuer.renew(owner);
  now.second = 1_010;
  logOut("others", owner);
  now.second = 1_011;
  const [after, later] = [issuer.renew(owner), given("later")];
  assert.deepEqual([owner, before, after, thief, later].map(fate), ["stays", "stays", "stays", "ended", "stays"]);
});

test("what a logout of others has ended stays ended when another spares it", () => {
  const { given, logOut, fate } = lawAt();
  const [one, two, three] = [given("one"), given("two"), given("three")];
  logOut("others", one);
  logOut("others", null, "s-two");
  assert.deepEqual([one, two, three].map(fate), ["ended", "ended", "ended"]);
});

test("a credential from the future ends if it was shown, and else that is open", () => {
  const { law, given, logOut, fate } = lawAt();
  const [shown, unseen] = [given("shown", { issuedAt: 1_003 }), given("unseen", { issuedAt: 1_006 })];
  const showing = law.shown(shown, { device: null, isRemembered: false }, 0);
  logOut("all", null);
  assert.deepEqual([shown, unseen].map(fate), ["ended", "open"]);
  law.drop(showing);
  logOut("all", null);
  assert.deepEqual([shown, unseen].map(fate), ["ended", "open"], "what has ended does not come back");
});

test("a logout of a device ends those who are there, and those known before if it says that it knew all", () => {
  const { law, given, logOut, fate } = lawAt();
  const [here, before, elsewhere] = [given("here"), given("before"), given("elsewhere")];
  law.shown(before, { device: "desk", isRemembered: true }, 0);
  law.shown(elsewhere, { device: "phone", isRemembered: true }, 0);
  const asker = given("asker");
  logOut("device", asker, "desk", [{ credential: here, device: "desk" }, { credential: asker, device: "desk" }]);
  assert.deepEqual([here, before, elsewhere, asker].map(fate), ["ended", "ended", "stays", "stays"]);
});

test("one token ends by its own id, a session by its id with all that is renewed from it", () => {
  const { issuer, given, logOut, fate } = lawAt();
  const token = given("a", { ownId: "t-a" });
  const other = Object.assign(issuer.renew(token), { ownId: "t-b" });
  logOut("credential", null, "t-a");
  assert.deepEqual([token, other].map(fate), ["ended", "stays"]);
  logOut("credential", null, "s-a");
  assert.deepEqual([token, other].map(fate), ["ended", "ended"]);
});

test("when more single credentials were ended than are kept it is open who is ended by that, and none comes back", () => {
  const { now, given, logOut, fate } = lawAt();
  const [ended, owner] = [given("ended"), given("owner")];
  logOut("credential", null, "s-ended");
  for (let at = 0; at < 256; at++) logOut("credential", null, `none-${at}`);
  assert.deepEqual([ended, owner].map(fate), ["ended", "open"]);
  now.second = 1_100;
  assert.equal(fate(given("new")), "stays");
});

test("a restored backup undoes a logout, and so does a crash that has lost it", () => {
  const { law, given, logOut, fate } = lawAt();
  const owner = given("owner");
  const mark = law.mark();
  logOut("all", null);
  law.restored(mark);
  assert.equal(fate(owner), "open");
  const ending = logOut("all", null);
  assert.equal(fate(owner), "ended");
  law.drop(ending);
  assert.equal(fate(owner), "open");
});

/** The faults that the simulator has found, each with a seed in which its credentials are such that it happens. @type {Record<string, {seed: number, steps: Step[]}>} */
const FOUND = {
  "a device that was forgotten for many others does not say, when it is back, that all of its credentials are known": {
    seed: 3,
    steps: [
      { at: 0, kind: "load", tab: "a1" },
      { at: 2_000, kind: "thief-signs-in", thief: "t1", pick: 0 },
      { at: 2_100, kind: "thief-signs-in", thief: "t1", pick: 0 },
      { at: 3_000, kind: "thief-connects", thief: "t1", pick: 0, version: 2 },
      { at: 3_500, kind: "thief-leaves", thief: "t1" },
      { at: 4_500, kind: "thief-floods", thief: "t1", pick: 1, what: "devices", count: 66, version: 2 },
      { at: 14_000, kind: "thief-connects", thief: "t1", pick: 1, version: 2 },
      { at: 15_000, kind: "log-out", tab: "a1", target: "t1", pick: 0, via: "rpc", scope: "device" },
      { at: 16_000, kind: "thief-tries", thief: "t1", pick: 0, version: 2 },
    ],
  },
  "what an issuer has ended up to some second does not make up for what a device has forgotten": {
    seed: 4,
    steps: [
      { at: 0, kind: "load", tab: "a1" },
      { at: 2_000, kind: "thief-signs-in", thief: "t1", pick: 0 },
      { at: 3_000, kind: "thief-connects", thief: "t1", pick: 0, version: 2 },
      { at: 3_500, kind: "thief-floods", thief: "t1", pick: 0, what: "credentials", count: 18, version: 2 },
      { at: 6_500, kind: "issuer-logs-out", target: "t1", pick: 0, isKnown: false, agoS: 60 },
      { at: 7_000, kind: "log-out", tab: "a1", target: "t1", pick: 0, via: "rpc", scope: "device" },
      { at: 9_000, kind: "thief-tries", thief: "t1", pick: 0, version: 2 },
    ],
  },
};

for (const [what, { seed, steps }] of Object.entries(FOUND)) {
  test(what, async () => {
    const plan = { seed, profiles: { a: { shareTabs: false } }, steps, hasThieves: true };
    const { violations } = await runPlan(plan, [await loadRelease(root)]);
    assert.deepEqual(violations, []);
  });
}
