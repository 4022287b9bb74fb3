import assert from "node:assert/strict";
import { test } from "node:test";

import { cookieValue } from "../../worker/http/credentials.js";

/** @param {string} cookie */
function requestWith(cookie) {
  return /** @type {Request} */ (/** @type {unknown} */ ({ headers: { get: () => cookie } }));
}

test("a cookie's name is its name to the letter, whatever some take for space", () => {
  for (const space of ["\u2000", "\u00a0", "\ufeff", "\v", "\f", "\n"]) {
    const planted = requestWith(`${space}__Host-session=planted; __Host-session=own`);
    assert.equal(cookieValue(planted, "__Host-session"), "own", JSON.stringify(space));
  }
  assert.equal(cookieValue(requestWith(' a=1;\tsession = "token" ;b=2'), "session"), "token");
  assert.equal(cookieValue(requestWith("sessions=1; xsession=2; session"), "session"), null);
  assert.equal(cookieValue(requestWith("session=a=b=c"), "session"), "a=b=c");
});
