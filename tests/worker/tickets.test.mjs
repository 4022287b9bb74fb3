/**
 * Tickets: each lets in one socket of the user it was given for, once and soon, with the rights of the credential
 * that it was given for. Whoever makes one up gets nothing, and costs little.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, describe, test } from "node:test";

import { SECRET, SERVICE_TOKEN, ask, bearer, byTicket, secretToken, seconds, ticketOf } from "../support/auth.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { assertLoggedOut } from "../support/logout.mjs";
import { PREFIX, assertRefusal, requestAsWritten } from "../support/requests.mjs";
import { ROOT, startServer } from "../support/server.mjs";
import { PROTOCOL, V2Device, restOf } from "../support/v2-device.mjs";

/** @import { RawAnswer } from "../support/requests.mjs" */
/** @import { Server } from "../support/server.mjs" */

const VARS = { AUTH_MODE: "jwt", AUTH_JWT_SECRET: SECRET, SERVICE_TOKEN, ALLOWED_ORIGINS: "https://app.example" };
const FIXTURES = `${ROOT}tests/worker/fixtures`;
const DAY_MS = 86_400_000;

/** The Worker whose clock a test can set, and whose objects do not fall asleep. @type {Server} */
let server;
before(async () => {
  server = await startServer(`${FIXTURES}/awake.wrangler.jsonc`, VARS);
});
after(() => server?.close());

/** @param {number} ms */
const setAhead = (ms) => fetch(`${server.http}/test/ahead?ms=${ms}`);

/** A ticket that nobody was given. */
const madeUp = () => randomBytes(16).toString("hex");

/**
 * @param {string} userId
 * @param {Record<string, unknown>} [claims]
 */
const ticketFor = (userId, claims) => ticketOf(server, userId, bearer(secretToken(userId, claims)));

/**
 * @param {string} userId
 * @param {string} ticket
 * @param {Record<string, string>} [headers]
 */
const connect = (userId, ticket, headers) => ask(server, "connect", userId, { ...byTicket(ticket), ...headers }, "&deviceId=d");

/** @param {RawAnswer} answer */
function assertUnknown({ status, text, headers }) {
  assert.deepEqual([status, headers["cache-control"]], [401, "no-store"], text);
  assertRefusal(text, "ticket_unknown", /^ticket_unknown: /);
}

/**
 * Connects a page by a ticket, which is shown how it ends and not a status.
 * @param {string} userId
 * @param {string} ticket
 * @param {string[]} [protocols]
 */
function page(userId, ticket, protocols = [PROTOCOL]) {
  const url = `${server.ws}${PREFIX}?userId=${userId}&deviceId=page`;
  return new Device(url, { protocols: [...protocols, `ticket.${ticket}`], headers: { Origin: server.http } });
}

test("a ticket lets in one socket, of either version, and its subprotocol is not echoed", async () => {
  for (const [offered, agreed] of [
    [[PROTOCOL, "user-session.v1"], PROTOCOL],
    [["user-session.v1"], "user-session.v1"],
  ]) {
    const device = page("kim", await ticketFor("kim"), /** @type {string[]} */ (offered));
    assert.equal((await device.next()).userId, "kim");
    assert.equal(device.socket.protocol, agreed);
    await device.close();
  }
});

test("the answer gives a ticket of 128 random bits, and its life", async () => {
  const tickets = new Set();
  for (let at = 0; at < 3; at++) {
    const { status, headers, text } = await ask(server, "ticket", "kim", bearer(secretToken("kim")));
    assert.equal(status, 200);
    assert.deepEqual([headers["content-type"], headers["cache-control"]], ["application/json", "no-store"]);
    assert.match(text, /^\{"ticket":"[0-9a-f]{32}","expiresInMs":30000\}$/);
    tickets.add(JSON.parse(text).ticket);
  }
  assert.equal(tickets.size, 3);
});

test("a ticket is good once: one used, one made up and one of another user are refused, and pages see why", async () => {
  const ticket = await ticketFor("once");
  assert.equal((await connect("once", ticket)).status, 101);
  const others = await ticketFor("other");
  for (const unknown of [ticket, others, madeUp(), ticket.toUpperCase(), "0".repeat(32)]) {
    assertUnknown(await connect("once", unknown));
    const { code, reason } = await page("once", unknown).closed();
    assert.equal(code, 4401);
    assert.match(reason, /^ticket_unknown: /);
  }
  assert.equal((await connect("other", others)).status, 101, "the attempts did not use it up");
});

test("of sockets that come at once with one ticket one is let in", async () => {
  for (let round = 0; round < 5; round++) {
    const ticket = await ticketFor("race");
    const answers = await Promise.all(Array.from({ length: 6 }, () => connect("race", ticket)));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [101, 401, 401, 401, 401, 401]);
  }
});

test("a ticket is good for 30 s, and a clock that is set back makes it no longer", async () => {
  const user = "clock";
  const soon = await ticketFor(user);
  await setAhead(20_000);
  assert.equal((await connect(user, soon)).status, 101);
  const late = await ticketFor(user);
  await setAhead(30_000);
  assertUnknown(await connect(user, late));
  const early = await ticketFor(user);
  await setAhead(-DAY_MS);
  assertUnknown(await connect(user, early));
  const again = await ticketFor(user, { iat: seconds() - 2 * DAY_MS });
  await setAhead(DAY_MS - 50_000);
  assertUnknown(await connect(user, again));
});

test("16 tickets of a user are good at a time, and a 17th drops the oldest alone", async () => {
  const tickets = [];
  for (let at = 0; at < 17; at++) tickets.push(await ticketFor("many", { jti: String(at) }));
  const [oldest, ...others] = tickets;
  assertUnknown(await connect("many", oldest));
  for (const ticket of others) assert.equal((await connect("many", ticket)).status, 101);
});

test("a ticket is in memory alone: after a sleep or a restart another is asked for", async (t) => {
  const sleepy = await startServer(undefined, VARS);
  t.after(() => sleepy.close());
  for (const sleep of /** @type {const} */ (["hibernate", "restart"])) {
    const ticket = await ticketOf(sleepy, "memory", bearer(secretToken("memory")));
    await sleepy[sleep]("memory");
    assertUnknown(await ask(sleepy, "connect", "memory", byTicket(ticket), "&deviceId=d"));
  }
});

describe("a ticket has the rights of its credential", () => {
  test("who was logged out after it was given is not let in by it", async () => {
    const claims = (/** @type {string} */ jti) => ({ jti, iat: seconds() - 5 });
    const open = async (/** @type {string} */ user, /** @type {string} */ jti) => {
      const device = await V2Device.open(server, user, jti, { token: secretToken(user, claims(jti)) });
      // One that has said nothing hears of its close when its object falls asleep, which forgets the tickets.
      await restOf(device);
      return device;
    };
    /** The logouts that end the credential of the phone. @type {[(desk: V2Device) => Promise<unknown>, boolean][]} */
    const logouts = [
      [(desk) => desk.request({ type: "logout_device", deviceId: "phone" }), true],
      [(desk) => desk.request({ type: "logout_credential", credentialId: "phone" }), true],
      [(desk) => desk.request({ type: "logout_others" }), true],
      [async (desk) => assertLoggedOut((desk.sendRequest({ type: "logout_all" }), await desk.closed())), false],
    ];
    for (const [at, [logout, isSpared]] of logouts.entries()) {
      const user = `logout-${at}`;
      const desk = await open(user, "desk");
      const phone = await open(user, "phone");
      const [ofDesk, ofPhone] = [await ticketFor(user, claims("desk")), await ticketFor(user, claims("phone"))];
      await logout(desk);
      await phone.closed();
      const refused = await connect(user, ofPhone);
      assert.equal(refused.status, 401);
      assertRefusal(refused.text, "unauthorized", /logged out|ended/);
      assert.equal((await connect(user, ofDesk)).status, isSpared ? 101 : 401);
      await desk.close();
    }
  });

  test("one whose credential has expired meanwhile is refused, and a socket that it let in ends with it", async () => {
    const user = "expiry";
    const exp = seconds() + 25;
    const device = page(user, await ticketFor(user, { exp }));
    await device.next();
    await restOf(device);
    const ticket = await ticketFor(user, { exp });
    await setAhead(26_000);
    assertRefusal((await connect(user, ticket)).text, "unauthorized", /expired/);
    assert.deepEqual([(await device.closed()).code, device.ending?.reason], [4401, "the credential has expired"]);
    await setAhead(-26_000);
  });

  test("the socket's credential is the one that it was given for: a logout of its name ends it, and a logout of others spares it", async () => {
    const user = "name";
    const claims = { sid: "s1", iat: seconds() - 5 };
    const url = `${server.ws}${PREFIX}?userId=${user}&deviceId=desk&run=${"r".repeat(20)}`;
    const desk = new Device(url, { protocols: [PROTOCOL, `ticket.${await ticketFor(user, claims)}`] });
    await desk.next();
    desk.send({ type: "logout_others", id: `${"r".repeat(20)}.1` });
    assert.equal((await desk.next()).type, "ack");
    const mine = bearer(secretToken(user, { ...claims, jti: "renewed" }));
    assert.equal((await ask(server, "state", user, mine)).status, 200);
    await desk.close();
  });
});

describe("a ticket is asked for as any right is", () => {
  test("with a header, a cookie or a subprotocol, and not without a credential or for another user", async () => {
    const token = secretToken("kim");
    for (const headers of [bearer(token), { Cookie: `session=${token}` }]) {
      assert.equal((await ask(server, "ticket", "kim", headers)).status, 200);
      assert.equal((await ask(server, "ticket", "lee", headers)).status, 403);
    }
    for (const headers of [{}, bearer("x"), bearer(secretToken("kim", { exp: 1 })), byTicket(await ticketFor("kim"))]) {
      assertRefusal((await ask(server, "ticket", "kim", headers)).text, "unauthorized", /./);
    }
  });

  test("the service token gets none, as it gets no socket", async () => {
    const answer = await ask(server, "ticket", "kim", bearer(SERVICE_TOKEN));
    assert.equal(answer.status, 403);
    assertRefusal(answer.text, "forbidden", /^SERVICE_TOKEN is for servers/);
  });

  test("a page of another origin gets none, and one that is listed does", async () => {
    const cookie = { Cookie: `session=${secretToken("kim")}` };
    const foreign = await ask(server, "ticket", "kim", { ...cookie, Origin: "https://evil.example" });
    assert.equal(foreign.status, 403);
    assert.equal((await ask(server, "ticket", "kim", { ...cookie, "Sec-Fetch-Site": "cross-site" })).status, 403);
    const listed = { Origin: "https://app.example" };
    const given = await ask(server, "ticket", "kim", { ...cookie, ...listed });
    assert.deepEqual([given.status, given.headers["access-control-allow-origin"]], [200, "https://app.example"]);
    const asked = { ...listed, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization" };
    const preflight = await requestAsWritten(server, `${PREFIX}/ticket?userId=kim`, { method: "OPTIONS", headers: asked });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-methods"]], [204, "POST"]);
    const elsewhere = { ...byTicket(JSON.parse(given.text).ticket, "user-session.v1"), Origin: "https://evil.example" };
    assert.equal((await ask(server, "connect", "kim", elsewhere)).status, 403);
  });

  test("by POST alone, and with one user", async () => {
    const headers = bearer(secretToken("kim"));
    for (const method of ["GET", "PUT", "DELETE"]) {
      const { status, headers: answered } = await requestAsWritten(server, `${PREFIX}/ticket?userId=kim`, { method, headers });
      assert.deepEqual([status, answered.allow], [405, "POST"]);
    }
    for (const query of ["", "?userId=", "?userId=kim&userId=kim"]) {
      const { status } = await requestAsWritten(server, `${PREFIX}/ticket${query}`, { method: "POST", headers });
      assert.equal(status, 400);
    }
  });

  test("an ended credential gets none", async () => {
    const token = secretToken("ended");
    const device = new Device(`${server.ws}${PREFIX}?userId=ended`, { headers: bearer(token) });
    await device.next();
    device.send({ type: "logout_all" });
    await device.closed();
    const { status, text } = await ask(server, "ticket", "ended", bearer(token));
    assert.equal(status, 401);
    assertRefusal(text, "unauthorized", /logged out/);
  });
});

test("two credentials in one handshake are refused, since nobody can tell which is meant", async () => {
  const token = secretToken("kim");
  const [one, other] = [await ticketFor("kim"), await ticketFor("kim")];
  for (const more of [`ticket.${other}`, `ticket.${one}`, "ticket.", `bearer.${token}`, "bearer."]) {
    const { status, text } = await ask(server, "connect", "kim", byTicket(one, `${PROTOCOL}, ${more}`), "&deviceId=d");
    assert.equal(status, 400, more);
    assertRefusal(text, "invalid_request", /^Sec-WebSocket-Protocol has several credentials/);
  }
  assert.equal((await connect("kim", one)).status, 101);
});

test("a ticket alone decides: neither a cookie nor a header beside it mends or spoils it", async () => {
  const own = { Cookie: `session=${secretToken("kim")}`, ...bearer(secretToken("kim")) };
  assertUnknown(await connect("kim", madeUp(), own));
  const others = { Cookie: `session=${secretToken("lee")}`, ...bearer("x") };
  assert.equal((await connect("kim", await ticketFor("kim"), others)).status, 101);
});

test("what can be no ticket is refused before the user's object is asked, and what strangers make up wakes nothing", async (t) => {
  const scarce = await startServer(`${FIXTURES}/scarce.wrangler.jsonc`);
  t.after(() => scarce.close());
  // Without room for an instance whoever wakes a session is told to come back.
  await fetch(`${scarce.http}/test/instances?room=0`, { method: "POST" });
  assert.equal((await ask(scarce, "state", "kim")).status, 503);
  const malformed = ["", "x", "0".repeat(21), "0".repeat(65), `${"0".repeat(31)}.`, `${"0".repeat(31)}~`, SERVICE_TOKEN];
  for (const ticket of [...malformed, madeUp(), "A_-z".repeat(8)]) {
    assertUnknown(await ask(scarce, "connect", "kim", byTicket(ticket), "&deviceId=d"));
  }
  assert.deepEqual(await (await fetch(`${scarce.http}/test/instances`)).json(), { made: 0 });
});

test("a malformed ticket reaches no object", async (t) => {
  const owner = await startServer(`${FIXTURES}/owner.wrangler.jsonc`, VARS);
  t.after(() => owner.close());
  const starts = async () => (await (await fetch(`${owner.http}/test/starts?userId=kim`)).json()).count;
  assertUnknown(await ask(owner, "connect", "kim", byTicket("0".repeat(21)), "&deviceId=d"));
  assert.equal(await starts(), 0);
  assertUnknown(await ask(owner, "connect", "kim", byTicket(madeUp()), "&deviceId=d"));
  assert.equal(await starts(), 1);
});

test("tickets work in requests that an owner hands on raw, and where an owner's own function says who is asking", async (t) => {
  const owner = await startServer(`${FIXTURES}/owner.wrangler.jsonc`, VARS);
  t.after(() => owner.close());
  const identity = { "X-Identity": JSON.stringify({ userId: "kim", issuedAt: seconds(), credentialId: "c" }) };
  /** @type {[Record<string, string>, string][]} */
  const ways = [
    [identity, ""],
    [bearer(secretToken("kim")), "&raw"],
  ];
  for (const [headers, more] of ways) {
    for (const usedBy of ["", "&raw"]) {
      const ticket = await ticketOf(owner, "kim", headers, more);
      const use = () => ask(owner, "connect", "kim", byTicket(ticket), `&deviceId=d${usedBy}`);
      assert.equal((await use()).status, 101);
      assertUnknown(await use());
    }
    assert.equal((await ask(owner, "ticket", "kim", {}, more)).status, 401);
  }
  // A development server lets clients write `cf`, which is not believed.
  const smuggled = { outlivesRestart: true, userSessionAccess: { kind: "ticket", ticket: await ticketOf(owner, "kim", identity) } };
  const cf = { "MF-CF-Blob": JSON.stringify(smuggled) };
  assert.equal((await ask(owner, "connect", "kim", cf, "&deviceId=d&raw")).status, 401);
});

test("where nobody is checked a ticket is good once, too, and from this machine alone", async (t) => {
  const open = await startServer();
  t.after(() => open.close());
  const ticket = await ticketOf(open, "kim");
  const from = (/** @type {Record<string, string>} */ headers) =>
    ask(open, "connect", "kim", { ...byTicket(ticket), ...headers }, "&deviceId=d");
  assert.equal((await from({ Via: "1.1 proxy" })).status, 403);
  assert.equal((await from({})).status, 101);
  assertUnknown(await from({}));
  assert.equal((await ask(open, "ticket", "kim", { Via: "1.1 proxy" })).status, 403);
});

test("where nobody can be let in there are no tickets either", async (t) => {
  const closed = await startServer(undefined, {});
  t.after(() => closed.close());
  for (const answer of [await ask(closed, "ticket", "kim"), await ask(closed, "connect", "kim", byTicket(madeUp()), "&deviceId=d")]) {
    assertRefusal(answer.text, "not_configured", /AUTH_MODE/);
  }
});

test("a stranger who tries tickets is held back by CONNECT_LIMITER, and keeps no other address of the user out", async (t) => {
  const limited = await startServer(undefined, VARS);
  t.after(() => limited.close());
  let refused = await ask(limited, "connect", "kim", byTicket(madeUp()), "&deviceId=d");
  for (let at = 0; at < 400 && refused.status === 401; at++) {
    refused = await ask(limited, "connect", "kim", byTicket(madeUp()), "&deviceId=d");
  }
  assert.deepEqual([refused.status, refused.headers["retry-after"]], [429, "10"]);
  // The user's own credential counts by itself, and so does another user.
  assert.equal((await ask(limited, "connect", "kim", bearer(secretToken("kim")), "&deviceId=d")).status, 101);
  assert.equal((await ask(limited, "connect", "lee", byTicket(await ticketOf(limited, "lee", bearer(secretToken("lee")))), "&deviceId=d")).status, 101);
});

test("who asks for tickets draws on the user's own limits", async (t) => {
  const slow = await startServer(undefined, { ...VARS, FRAMES_PER_SECOND: "1", FRAME_BURST: "2" });
  t.after(() => slow.close());
  const headers = bearer(secretToken("kim"));
  let answer = await ask(slow, "ticket", "kim", headers);
  for (let at = 0; at < 400 && answer.status === 200; at++) answer = await ask(slow, "ticket", "kim", headers);
  assert.deepEqual([answer.status, answer.headers["retry-after"]], [429, "1"]);
  assertRefusal(answer.text, "rate_limited", /too many requests/);
});

test("nothing is stored for a ticket, nor for one that a stranger makes up", async (t) => {
  const watched = await startServer(`${FIXTURES}/watched.wrangler.jsonc`, VARS);
  t.after(() => watched.close());
  for (let at = 0; at < 20; at++) await ticketOf(watched, "kim", bearer(secretToken("kim", { jti: String(at) })));
  for (let at = 0; at < 20; at++) assertUnknown(await ask(watched, "connect", "kim", byTicket(madeUp()), "&deviceId=d"));
  const { puts, deletes, others } = await (await fetch(`${watched.http}/test/counts?userId=kim`)).json();
  assert.deepEqual({ puts, deletes, others }, { puts: 0, deletes: 0, others: 0 });
});

test("no ticket is in the log", async () => {
  const given = await ticketFor("log");
  const made = madeUp();
  assert.equal((await connect("log", given)).status, 101);
  for (const ticket of [given, made, `x${made}`.repeat(3)]) assertUnknown(await connect("log", ticket));
  const line = "user-session: refused with 401: ticket_unknown: the ticket was used, has expired or was never given: ask for another, once";
  await eventually(line, () => server.logs().includes(line));
  const logged = server.logs().join("\n");
  for (const secret of [given, made, "ticket."]) assert.ok(!logged.includes(secret));
});
