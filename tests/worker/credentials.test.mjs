import assert from "node:assert/strict";
import { test } from "node:test";

import { cookieValue, possibleTokens } from "../../worker/http/credentials.js";
import { parseRequest } from "../../worker/http/parsed-request.js";

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

/** Every way to write a token into the header, or beside it. @type {((token: string) => Record<string, string>)[]} */
const PLACES = [
  (token) => ({ Authorization: token }),
  (token) => ({ Authorization: `Bearer ${token}` }),
  (token) => ({ Authorization: `Bearer Bearer  ${token}` }),
  (token) => ({ Authorization: `Token ${token}` }),
  (token) => ({ Authorization: `Token token=${token}` }),
  (token) => ({ Authorization: `Digest a="b", token="${token}"` }),
  (token) => ({ Authorization: `Basic ${btoa(`kim:${token}`)}` }),
  (token) => ({ Authorization: `basic ${btoa(`:${token}`)}` }),
  (token) => ({ Authorization: `Basic ${btoa(token)}` }),
  (token) => ({ Authorization: `a b c d e f g h i j ${token}` }),
];
const TOKENS = ["plain-token-of-a-server", "bGlrZSBiYXNlNjQgb2YgMzIgYnl0ZXM=", "bGlrZSBiYXNlNjQgb2Yg==", "words, commas and = signs", "a:b:c", 'quote"d'];

for (const token of TOKENS) {
  test(`a token like ${token} is found wherever it stands`, () => {
    const url = new URL("https://app.example/__user-session?userId=kim");
    for (const [at, place] of PLACES.entries()) {
      const request = new Request(url, { headers: place(token) });
      const texts = possibleTokens(parseRequest(request, url));
      assert.ok(texts.includes(token), `place ${at}: ${texts.join(" | ")}`);
      assert.ok(texts.length < 40);
    }
  });
}

test("a header of a thousand words makes no thousand tokens", () => {
  const url = new URL("https://app.example/__user-session?userId=kim");
  const headers = { Authorization: `Basic ${btoa("a:".repeat(1_000))}` };
  assert.ok(possibleTokens(parseRequest(new Request(url, { headers }), url)).length < 40);
  const words = { Authorization: "ab ".repeat(1_000) };
  assert.ok(possibleTokens(parseRequest(new Request(url, { headers: words }), url)).length < 40);
});
