/** An issuer's clock that is ahead of ours ends no credential: it is good at once, or as soon as our clock is there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { clockSkewSeconds, refuseFuture } from "../../worker/auth/clock-skew.js";
import { SECRET, bearer, seconds, secretToken, serve } from "../support/auth.mjs";
import { eventually } from "../support/eventually.mjs";
import { RawDevice } from "../support/raw-device.mjs";
import { PREFIX, UPGRADE, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { PROTOCOL } from "../support/v2-device.mjs";

/** @import { Server } from "../support/server.mjs" */

const DAY = 86_400;
const USUAL = 10;
const AHEAD = /^the issuer's clock is ahead of ours by (\d+) s, more than CLOCK_SKEW_SECONDS allows \((\d+)\): try again in (\d+) s$/;

/** The word of the app's sign-in on when the session began. @type {unknown} */
let createdAt;
/** @type {Awaited<ReturnType<typeof serve>>} */
let app;
/** @type {Server} */
let owner;
/** @type {Server} */
let introspecting;
before(async () => {
  app = await serve((_, response) => response.end(JSON.stringify({ user: { id: "kim" }, session: { id: "s", createdAt } })));
  owner = await startServer(`${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`, { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET });
  introspecting = await startServer(undefined, { AUTH_MODE: "session", AUTH_SESSION_URL: app.url });
});
after(async () => {
  await owner?.close();
  await introspecting?.close();
  app?.close();
});

/**
 * A way to say when a credential was issued.
 * @typedef {object} Way
 * @property {() => Server} server
 * @property {(second: number) => Record<string, string>} credential Makes the headers of one that is from a second.
 * @property {string} [more] More of the query.
 * @property {number} absurd What is answered if the time can't be one.
 */

/** @type {Record<string, Way>} */
const WAYS = {
  iat: { server: () => owner, credential: (iat) => bearer(secretToken("kim", { iat })), more: "&raw", absurd: 401 },
  auth_time: { server: () => owner, credential: (time) => bearer(secretToken("kim", { auth_time: time })), more: "&raw", absurd: 401 },
  "iat beside an older auth_time": {
    server: () => owner,
    credential: (iat) => bearer(secretToken("kim", { iat, auth_time: seconds() - 60 })),
    more: "&raw",
    absurd: 401,
  },
  nbf: { server: () => owner, credential: (nbf) => bearer(secretToken("kim", { nbf })), more: "&raw", absurd: 401 },
  "issuedAt of authenticate": {
    server: () => owner,
    credential: (issuedAt) => ({ "X-Identity": JSON.stringify({ userId: "kim", issuedAt }) }),
    absurd: 503,
  },
  "the beginning of a session": {
    server: () => introspecting,
    credential: (second) => {
      createdAt = new Date(second * 1_000);
      return { Cookie: "app=kim" };
    },
    absurd: 503,
  },
};

/** @param {Way} way @param {number} second */
async function answersTo({ server, credential, more = "" }, second) {
  const query = `?userId=kim&deviceId=d${more}`;
  const headers = credential(second);
  /** @param {string} path @param {object} [options] */
  const ask = (path, options) => requestAsWritten(server(), PREFIX + path + query, { headers, ...options });
  return [
    await ask("", { headers: { ...UPGRADE, ...headers } }),
    await ask("/state"),
    await ask("/export"),
    await ask("/clear", { method: "POST" }),
  ];
}

for (const [what, way] of Object.entries(WAYS)) {
  test(`${what} that is ahead by no more than is allowed is good at once`, async () => {
    for (const ahead of [-1, 1, USUAL]) {
      const answers = await answersTo(way, seconds() + ahead);
      assert.deepEqual(answers.map(({ status }) => status), [101, 200, 200, 200], `${ahead} s`);
    }
  });

  test(`${what} from further ahead is told how long to wait, by every way in`, async () => {
    for (const ahead of [200, 3_600, DAY - 200]) {
      const second = seconds() + ahead;
      const answers = await answersTo(way, second);
      for (const { status, text, headers } of answers) {
        assert.equal(status, 503, text);
        assertRefusal(text, "unavailable", AHEAD);
        const [, by, allowed, wait] = AHEAD.exec(JSON.parse(text).error.message) ?? [];
        assert.deepEqual([Number(allowed), Number(by) - Number(wait)], [USUAL, USUAL]);
        assert.ok(Number(by) <= ahead && Number(by) >= second - seconds() - 1, by);
        assert.equal(headers["retry-after"], wait);
      }
    }
  });

  test(`a page whose credential has ${what} from further ahead is to come back, and its close says whose clock it is`, async () => {
    const { server, credential, more = "" } = way;
    const headers = { ...credential(seconds() + 3_600), Origin: server().http, "Sec-WebSocket-Protocol": PROTOCOL };
    const page = await RawDevice.open(server(), `${PREFIX}?userId=kim&deviceId=d${more}`, headers);
    await page.until(() => page.closeFrame !== null);
    page.destroy();
    assert.deepEqual([page.texts, page.closeFrame?.code], [[], 1013]);
    assert.match(String(page.closeFrame?.reason), AHEAD);
    await eventually("a line", () => server().logs().some((line) => /^user-session: refused with 503: the issuer's clock is ahead/.test(line)));
  });

  test(`${what} from far ahead is rather in another unit, and nothing to wait for`, async () => {
    for (const second of [seconds() + DAY + 600, seconds() * 1_000]) {
      if (what.startsWith("the beginning") && second > 2 * seconds()) continue;
      for (const { status, text, headers } of await answersTo(way, second)) {
        assert.equal(status, way.absurd, text);
        assert.doesNotMatch(text, /clock/);
        if (status === 503) assert.equal(headers["retry-after"], "5");
      }
    }
  });
}

test("a credential from ahead is good when its time has come, and its end is never put off", async (t) => {
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  const server = await startServer(`${ROOT}tests/worker/fixtures/ahead.wrangler.jsonc`, vars);
  t.after(() => server.close());
  const iat = seconds() + 600;
  const headers = bearer(secretToken("kim", { iat, exp: iat + 60 }));
  const state = () => requestAsWritten(server, `${PREFIX}/state?userId=kim`, { headers });
  const later = (/** @type {number} */ ms) => fetch(`${server.http}/test/ahead?ms=${ms}`);
  const early = await state();
  assert.equal(early.status, 503);
  await later(Number(early.headers["retry-after"]) * 1_000);
  assert.equal((await state()).status, 200);
  await later((USUAL + 60) * 1_000);
  assert.equal((await state()).status, 401);
});

for (const allowed of [0, 60]) {
  test(`whoever allows ${allowed} s has them`, async (t) => {
    const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, CLOCK_SKEW_SECONDS: String(allowed) };
    const server = await startServer(undefined, vars);
    t.after(() => server.close());
    /** @param {Record<string, unknown>} claims */
    const state = (claims) => requestAsWritten(server, `${PREFIX}/state?userId=kim`, { headers: bearer(secretToken("kim", claims)) });
    assert.equal((await state({ iat: seconds() + allowed, nbf: seconds() + allowed })).status, 200);
    for (const claim of ["iat", "auth_time", "nbf"]) {
      const { status, text } = await state({ [claim]: seconds() + allowed + 600 });
      assert.equal(status, 503);
      assertRefusal(text, "unavailable", new RegExp(`more than CLOCK_SKEW_SECONDS allows \\(${allowed}\\)`));
    }
    assert.equal((await state({ exp: seconds() })).status, 401);
  });
}

test("a credential waits to the second, and at least one", async (t) => {
  t.mock.method(console, "error", () => {});
  const now = 1_800_000_000_250;
  const second = now / 1_000;
  /** @type {[times: number[], by: string | null, wait: string | null][]} */
  const cases = [
    [[second], null, null],
    [[second - DAY, 0], null, null],
    [[0, second + 10], null, null],
    [[second + 10.25], "11", "1"],
    [[second + 11], "11", "1"],
    [[second, second + 11.5, 0], "12", "2"],
    [[second + 3_600, second + 20], "3600", "3590"],
  ];
  for (const [times, by, wait] of cases) {
    const refusal = refuseFuture(times, {}, now);
    const text = (await refusal?.text()) ?? "";
    const message = text && JSON.parse(text).error.message;
    assert.deepEqual([AHEAD.exec(message)?.[1] ?? null, refusal?.headers.get("Retry-After") ?? null], [by, wait], String(times));
  }
});

test("the session is told what is allowed, and the usual if nobody can read it", () => {
  for (const [text, expected] of [["0", 0], ["7", 7], ["60", 60]]) {
    assert.equal(clockSkewSeconds({ CLOCK_SKEW_SECONDS: text }), expected);
  }
  for (const text of [undefined, null, "", "61", "-1", "1.5", " 5", "05", "1e1", "0x1", 7, true]) {
    assert.equal(clockSkewSeconds({ CLOCK_SKEW_SECONDS: text }), USUAL, String(text));
  }
});
