/** Another site's page reads and changes nothing, and costs its visitor nothing: not a request, not a question to the sign-in. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { SECRET, SERVICE_TOKEN, bearer, seconds, secretToken, serve } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { PREFIX, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { OPEN, ROOT, startServer } from "../support/server.mjs";

/** @import { Server } from "../support/server.mjs" */

const LISTED = "https://app.example";
const READS = ["state", "export", "metrics"];
const VALUE_METHODS = ["GET", "PUT", "DELETE"];

/** How often the sign-in was asked. */
let asked = 0;
/** @type {Awaited<ReturnType<typeof serve>>} */
let app;
/** The servers by the way in which users are known. @type {Record<string, Server>} */
const servers = {};
before(async () => {
  const session = { id: "s", createdAt: new Date(Date.now() - 1_000) };
  app = await serve((_, response) => {
    asked++;
    response.end(JSON.stringify({ user: { id: "kim" }, session }));
  });
  const all = { SERVICE_TOKEN, ALLOWED_ORIGINS: LISTED };
  const signed = { ...all, AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET };
  servers.jwt = await startServer(undefined, signed);
  servers.session = await startServer(undefined, { ...all, AUTH_MODE: "session", AUTH_SESSION_URL: app.url });
  servers.authenticate = await startServer(`${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`, signed);
  servers.none = await startServer(undefined, { ...OPEN, ALLOWED_ORIGINS: LISTED });
});
after(async () => {
  for (const server of Object.values(servers)) await server.close();
  app?.close();
});

const KIM = {
  Cookie: `session=${secretToken("kim")}`,
  "X-Identity": JSON.stringify({ userId: "kim", issuedAt: seconds() }),
};

/** The headers by which browsers tell a page of another site. @type {[string, Record<string, string>][]} */
const FOREIGN = [
  ["by a script", { Origin: "https://evil.example", "Sec-Fetch-Site": "cross-site" }],
  ["by a script, in an old browser", { Origin: "https://evil.example" }],
  ["from a sandboxed frame", { Origin: "null" }],
  ["as a picture", { "Sec-Fetch-Site": "cross-site" }],
  ["from a neighbour's host", { "Sec-Fetch-Site": "same-site" }],
  ["by a link where browsers send no Sec-Fetch-Site", { Referer: "https://evil.example/page" }],
  ["as a look-alike of a listed page", { Origin: `${LISTED}.evil.example` }],
];

/** The ways in, with what is added to the query. */
const WAYS = [["jwt"], ["session"], ["authenticate"], ["authenticate", "&raw"], ["none"]];

/** @param {Server} server @param {string} read @param {Record<string, string>} headers @param {string} [more] */
function reading(server, read, headers, more = "") {
  return requestAsWritten(server, `${PREFIX}/${read}?userId=kim${more}`, { headers });
}

for (const [mode, more] of WAYS) {
  test(`${mode}${more ?? ""}: whatever a foreign page reads is refused, with a user's credential and without`, async () => {
    asked = 0;
    for (const read of READS) {
      for (const [what, headers] of FOREIGN) {
        for (const who of [KIM, bearer(SERVICE_TOKEN), {}]) {
          const { status, text, headers: answered } = await reading(servers[mode], read, { ...who, ...headers }, more);
          assert.equal(status, 403, `${read} ${what}`);
          assertRefusal(text, "forbidden", headers.Origin ? /^Origin "/ : /^(?:Sec-Fetch-Site|Referer): another site's page/);
          assert.equal(answered["access-control-allow-origin"], undefined);
        }
      }
    }
    assert.equal(asked, 0);
  });

  test(`${mode}${more ?? ""}: a foreign page neither reads nor changes a value by its visitor's credential, and a listed one does`, async () => {
    asked = 0;
    /** @param {string} method @param {Record<string, string>} headers */
    const answer = (method, headers) =>
      requestAsWritten(servers[mode], `${PREFIX}/values?userId=kim&key=k`, { method, headers: { ...KIM, ...(more && { "Hand-On": "1" }), ...headers }, chunks: method === "PUT" ? ["1"] : [] });
    for (const method of VALUE_METHODS) {
      for (const [what, headers] of FOREIGN) assert.equal((await answer(method, headers)).status, 403, `${method} ${what}`);
    }
    assert.equal(asked, 0);
    for (const method of VALUE_METHODS) {
      const asking = { Origin: LISTED, "Access-Control-Request-Method": method };
      const { headers: allowed } = await requestAsWritten(servers[mode], `${PREFIX}/values?userId=kim&key=k`, { method: "OPTIONS", headers: asking });
      assert.ok(allowed["access-control-allow-methods"]?.split(", ").includes(method), method);
      const { status, headers } = await answer(method, { Origin: LISTED, "Sec-Fetch-Site": "cross-site" });
      assert.deepEqual([status, headers["access-control-allow-origin"]], [200, LISTED]);
    }
  });

  test(`${mode}${more ?? ""}: whoever is no foreign page reads as ever`, async () => {
    const server = servers[mode];
    const { host } = new URL(server.http);
    /** @type {Record<string, string>[]} */
    const readers = [
      {},
      { "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate" },
      { "Sec-Fetch-Site": "same-origin" },
      { Referer: `${server.http}/page` },
      { Referer: "about:blank" },
      { "Sec-Fetch-Site": "none", Referer: "https://evil.example/" },
      { Origin: server.http, "Sec-Fetch-Site": "same-origin" },
      { Origin: `https://${host}` },
      { Origin: LISTED, "Sec-Fetch-Site": "cross-site" },
    ];
    for (const headers of readers) {
      for (const read of READS) {
        const who = read === "metrics" ? bearer(SERVICE_TOKEN) : KIM;
        const { status, text, headers: answered } = await reading(server, read, { ...who, ...headers }, more);
        assert.equal(status, 200, text);
        assert.equal(JSON.parse(text).userId, "kim");
        assert.equal(answered["access-control-allow-origin"], headers.Origin === LISTED ? LISTED : undefined);
      }
    }
  });
}

test("what foreign pages read is not counted as the user's, and does not use up the user's limit", async (t) => {
  const limits = { FRAMES_PER_SECOND: "1", FRAME_BURST: "1" };
  const vars = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN, ...limits };
  const server = await startServer(`${ROOT}tests/worker/fixtures/owner.wrangler.jsonc`, vars);
  t.after(() => server.close());
  const device = new Device(`${server.ws}${PREFIX}?userId=kim`, { headers: KIM });
  await device.next();
  const requests = async () => {
    const { text } = await reading(server, "metrics", bearer(SERVICE_TOKEN));
    return JSON.parse(text).requests;
  };
  // The question itself is counted, too.
  const before = (await requests()) + 1;
  for (let times = 0; times < 20; times++) {
    for (const more of ["", "&raw"]) {
      for (const read of READS) await reading(server, read, { ...KIM, ...FOREIGN[0][1] }, more);
    }
  }
  assert.equal(await requests(), before);
  // All of a user's connections may do ten times as much at once as one.
  const burst = Array.from({ length: 10 }, () => reading(server, "state", KIM));
  assert.deepEqual((await Promise.all(burst)).map(({ status }) => status), Array.from({ length: 10 }, () => 200));
  assert.equal(await requests(), before + 11);
  await device.close();
});
