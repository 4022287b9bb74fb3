/**
 * A thief who has a credential of the user's, and every way in that he has found: by names that clients choose, by memories
 * that he fills, by what he has fetched before. A logout ends what he has, by whatever way it is asked for and however
 * users are known; who is spared stays; and the app is told what has ended.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { SERVICE_TOKEN, ask, bearer, byTicket, seconds, secretToken, ticketOf } from "../support/auth.mjs";
import { Case, EARLIER, closeModes, later, modes, startModes } from "../support/credential-modes.mjs";
import { Device } from "../support/device.mjs";
import { eventually } from "../support/eventually.mjs";
import { assertLoggedOut } from "../support/logout.mjs";
import { PREFIX, assertRefusal } from "../support/requests.mjs";
import { PROTOCOL, V2Device, restOf } from "../support/v2-device.mjs";

/** @import { RawAnswer } from "../support/requests.mjs" */
/** @import { Mode } from "../support/credential-modes.mjs" */

/** How many devices of version 2 are remembered, and more than these. */
const MORE_DEVICES = 66;

before(startModes);
after(closeModes);

/** The ways in of a thief before the owner, at a desk, logs all others out. @type {Record<string, (of: Case) => Promise<Device[]>>} */
const WAYS_IN = {
  "connects under the owner's device id": async (of) => [await of.open("desk", "stolen")],
  "came by version 1 and is away": async (of) => {
    const url = `${of.server.ws}${PREFIX}?userId=${of.userId}&deviceId=hook`;
    const device = new Device(url, { headers: of.headers("stolen") });
    await device.next();
    await device.close();
    return [];
  },
  "uses HTTP alone": async (of) => {
    assert.equal((await of.ask("state", "stolen")).status, 200);
    return [];
  },
  "has called clear": async (of) => {
    const device = await of.open("phone", "stolen");
    assert.equal((await of.ask("clear", "stolen")).status, 200);
    await restOf(device);
    return [device];
  },
  "has pushed his device out of memory by newer ones": async (of) => {
    await (await of.open("phone", "stolen")).close();
    const headers = { ...of.headers("stolen"), "Sec-WebSocket-Protocol": PROTOCOL };
    const connects = Array.from({ length: MORE_DEVICES }, (_, at) =>
      ask(of.server, "connect", of.userId, headers, `&deviceId=made-up-${at}`),
    );
    for (const { status } of await Promise.all(connects)) assert.equal(status, 101);
    // They have cut their sockets, of which the server learns by itself.
    const isAlone = async () => JSON.parse((await of.ask("state", "own")).text).connectedDevices === 1;
    await eventually("the owner to be alone", isAlone);
    return [];
  },
};

/** The ways in which the owner asks for it. @type {Record<string, (of: Case, desk: V2Device) => Promise<any>>} */
const LOGOUTS = {
  "by a frame": (_, desk) => desk.request({ type: "logout_others" }),
  "by HTTP, with the service token": async (of) => {
    const answer = await ask(of.server, "logout", of.userId, bearer(SERVICE_TOKEN), "&exceptCredentialId=own");
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text);
  },
  "by HTTP, with the user's own credential": async (of) => {
    const answer = await of.ask("logout", "own", "&exceptCredentialId=own");
    assert.equal(answer.status, 200, answer.text);
    return JSON.parse(answer.text);
  },
};

/** @param {string} modeName */
function comingIn(modeName) {
  for (const [at, [what, comesIn]] of Object.entries(WAYS_IN).entries()) {
    test(`${what} is out after a logout of all others, and its sender stays`, async () => {
      const of = new Case(modeName, `way-${at}`);
      const desk = await of.open("desk", "own");
      const thieves = await comesIn(of);
      const closings = thieves.map((thief) => thief.closed());
      await restOf(desk);
      const { ended } = await desk.request({ type: "logout_others" });
      assert.equal(ended.sockets, thieves.length);
      for (const closing of closings) assertLoggedOut(await closing);
      for (const thief of thieves) {
        assert.deepEqual(JSON.parse(String(thief.frames.at(-1))), { type: "logged_out", scope: "others" });
      }
      await restOf(desk);
      assert.equal(desk.ending, null);
      await of.assertForGood({ out: [["stolen"]], spared: ["own"] });
      await desk.close();
    });
  }
}

/** @param {string} modeName */
function holdingTickets(modeName) {
  for (const [at, [how, logOut]] of Object.entries(LOGOUTS).entries()) {
    test(`has a ticket from before is not let in by it after a logout ${how}`, async () => {
      const of = new Case(modeName, `ticket-${at}`);
      const desk = await of.open("desk", "own");
      const thief = await of.open("phone", "stolen");
      const tickets = [];
      for (const name of ["stolen", "own"]) tickets.push(await ticketOf(of.server, of.userId, of.headers(name)));
      const closing = thief.closed();
      const { ended } = await logOut(of, desk);
      assert.deepEqual(ended, { sockets: 1, credentials: 1 });
      assertLoggedOut(await closing);
      const statuses = [];
      for (const ticket of tickets) {
        const headers = byTicket(ticket);
        statuses.push((await ask(of.server, "connect", of.userId, headers, "&deviceId=phone")).status);
      }
      assert.deepEqual(statuses, [401, 101]);
      await of.assertForGood({ out: [["stolen"]], spared: ["own"] });
      await desk.close();
    });
  }
}

/** @param {string} modeName */
function loggingOutOthers(modeName) {
  test("logs the owner out first is out when the owner, signed in anew, does the same", async () => {
    const of = new Case(modeName, "first");
    const desk = await of.open("desk", "own");
    const thief = await of.open("phone", "stolen");
    const closing = desk.closed();
    assert.deepEqual((await thief.request({ type: "logout_others" })).ended, { sockets: 1, credentials: 1 });
    assertLoggedOut(await closing);
    await of.assertOut("own");
    await of.assertIn("stolen");
    const anew = later();
    const back = await of.open("desk", "anew", anew);
    const { ended } = await back.request({ type: "logout_others" });
    assert.deepEqual(ended, { sockets: 1, credentials: 1 });
    assertLoggedOut(await thief.closed());
    await of.assertForGood({ out: [["stolen"], ["own"]], spared: ["anew", anew] });
    await back.close();
  });

  test("signs in between is out after a second logout of all others, and its sender stays through both", async () => {
    const of = new Case(modeName, "second");
    const desk = await of.open("desk", "own");
    const nobody = await desk.request({ type: "logout_others" });
    assert.deepEqual(nobody.ended, { sockets: 0, credentials: 0 });
    const between = later();
    const thief = await of.open("phone", "stolen", between);
    assert.deepEqual((await desk.request({ type: "logout_others" })).ended, { sockets: 1, credentials: 1 });
    assertLoggedOut(await thief.closed());
    await of.assertForGood({ out: [["stolen", between], ["earlier"]], spared: ["own"] });
    await desk.close();
  });
}

/** @param {string} modeName */
function beingOnDevices(modeName) {
  test("has one credential on two devices is out when one of them is logged out, and HTTP does not let him in", async () => {
    const of = new Case(modeName, "device");
    const desk = await of.open("desk", "own");
    const thieves = [await of.open("phone", "stolen"), await of.open("tablet", "stolen")];
    const closings = thieves.map((thief) => thief.closed());
    const { ended, credentialShared, complete } = await desk.request({ type: "logout_device", deviceId: "phone" });
    assert.deepEqual(ended, { sockets: 2, credentials: 1 });
    // Nobody knows the renewals of a token without a session.
    assert.deepEqual([credentialShared, complete], [undefined, of.mode.hasSessions ? undefined : false]);
    for (const closing of closings) assertLoggedOut(await closing);
    await of.assertForGood({ out: [["stolen"]], spared: ["own"] });
    await desk.close();
  });

  test("has cleared the session can still be logged out by the id of his device", async () => {
    const of = new Case(modeName, "device-cleared");
    const desk = await of.open("desk", "own");
    await (await of.open("phone", "stolen")).close();
    await eventually("the phone to be gone", async () =>
      (await restOf(desk)).some(({ type }) => type === "device_disconnected"),
    );
    assert.equal((await of.ask("clear", "stolen")).status, 200);
    await of.server.hibernate(of.userId);
    const { ended } = await desk.request({ type: "logout_device", deviceId: "phone" });
    assert.deepEqual(ended, { sockets: 0, credentials: 1 });
    await of.assertForGood({ out: [["stolen"]], spared: ["own"] });
    await desk.close();
  });

  test("calls himself as the owner does can't have the owner logged out by that name", async () => {
    const of = new Case(modeName, "same-name");
    const desk = await of.open("desk", "own");
    const thief = await of.open("desk", "stolen");
    const closings = [desk.closed(), thief.closed()];
    const { ended, credentialShared } = await desk.request({ type: "logout_device", deviceId: "desk" });
    assert.deepEqual([ended, credentialShared], [{ sockets: 2, credentials: 1 }, true]);
    for (const closing of closings) assertLoggedOut(await closing);
    await of.assertForGood({ out: [["stolen"]], spared: ["own"] });
  });
}

/** @param {string} modeName */
function beingNamed(modeName) {
  for (const [at, [how, wasSeen]] of Object.entries({ "was there": true, "was never there": false }).entries()) {
    test(`${how} is out when his credential is ended by its id`, async () => {
      const of = new Case(modeName, `credential-${at}`);
      const desk = await of.open("desk", "own");
      const thief = wasSeen ? await of.open("phone", "stolen") : null;
      const closing = thief?.closed();
      const { ended } = await desk.request({ type: "logout_credential", credentialId: "stolen" });
      assert.deepEqual(ended, { sockets: wasSeen ? 1 : 0, credentials: 1 });
      if (closing) assertLoggedOut(await closing);
      const again = await desk.request({ type: "logout_credential", credentialId: "stolen" });
      assert.deepEqual(again.ended, { sockets: 0, credentials: 0 });
      await of.assertForGood({ out: [["stolen"], ["stolen", later()]], spared: ["own"] });
      await desk.close();
    });
  }

  test("is there at a logout of everything is out like everybody, and who signs in later is in", async () => {
    const of = new Case(modeName, "all");
    const desk = await of.open("desk", "own");
    const thief = await of.open("desk", "stolen");
    const closings = [desk.closed(), thief.closed()];
    const answer = await ask(of.server, "logout", of.userId, bearer(SERVICE_TOKEN));
    assert.deepEqual(JSON.parse(answer.text), { success: true, ended: { sockets: 2, credentials: 2 } });
    for (const closing of closings) assertLoggedOut(await closing);
    await of.assertForGood({ out: [["stolen"], ["own"], ["never seen"]], spared: ["anew", later()] });
  });
}

/** @param {string} modeName */
function asking(modeName) {
  test("has a page elsewhere can't log the user out by it, and the user's own page can", async () => {
    const of = new Case(modeName, "page");
    const desk = await of.open("desk", "own");
    const thief = await of.open("phone", "stolen");
    /** @param {string} origin @returns {Promise<RawAnswer>} */
    const logoutFrom = (origin) => {
      const headers = { ...of.headers("own"), Origin: origin };
      return ask(of.server, "logout", of.userId, headers, "&exceptCredentialId=own");
    };
    for (const origin of ["https://evil.example", "null"]) assert.equal((await logoutFrom(origin)).status, 403);
    assert.deepEqual([(await restOf(thief)).length, thief.ending], [0, null]);
    await of.assertIn("stolen");
    const closing = thief.closed();
    const { status, text } = await logoutFrom(of.server.http);
    assert.deepEqual([status, JSON.parse(text)], [200, { success: true, ended: { sockets: 1, credentials: 1 } }]);
    assertLoggedOut(await closing);
    await of.assertForGood({ out: [["stolen"]], spared: ["own"] });
    await desk.close();
  });

  test("asks for a logout that means nothing gets a 400, and nobody is logged out", async () => {
    const of = new Case(modeName, "nothing");
    const desk = await of.open("desk", "own");
    const none = ["&deviceId=", "&credentialId=", "&exceptCredentialId=", "&deviceId=nobody"];
    const several = ["&deviceId=desk&credentialId=own", "&credentialId=own&credentialId=stolen"];
    const long = [`&credentialId=${"x".repeat(257)}`, `&exceptCredentialId=${encodeURIComponent("é".repeat(129))}`];
    const misspelled = ["&credentialID=own", "&credential_id=own", "&device=desk", "&exceptCredentialId=own&deviceID=desk"];
    for (const more of [...none, ...several, ...long, ...misspelled]) {
      for (const headers of [of.headers("stolen"), bearer(SERVICE_TOKEN)]) {
        const { status, text } = await ask(of.server, "logout", of.userId, headers, more);
        assert.equal(status, 400, `${more}: ${text}`);
        if (long.includes(more)) assertRefusal(text, "limit_reached", /^a credential's id is too long: expected at most 256 bytes/);
      }
    }
    const url = `${of.server.http}${PREFIX}/logout?userId=${of.userId}`;
    for (const body of [JSON.stringify({ credentialId: "stolen" }), new URLSearchParams({ credentialId: "stolen" }), new Blob(["x"]).stream()]) {
      const init = /** @type {RequestInit} */ ({ method: "POST", headers: bearer(SERVICE_TOKEN), body, duplex: "half" });
      assert.equal((await fetch(url, init)).status, 400, "a body");
    }
    assert.deepEqual([await restOf(desk), desk.ending], [[], null]);
    await of.assertIn("own");
    await desk.close();
  });
}

for (const modeName of ["tokens with sid", "tokens with jti alone", "a session service", "authenticate"]) {
  describe(`with ${modeName}, a thief who`, () => {
    for (const tests of [comingIn, holdingTickets, loggingOutOthers, beingOnDevices, beingNamed, asking]) tests(modeName);
  });
}

test("what is renewed from a sign-in is ended and spared with it, by its time where there is no session", async () => {
  const { server } = /** @type {Mode} */ (modes["tokens with sid"]);
  const user = "renewed";
  let token = 0;
  /** @param {number} signedInAt */
  const renewed = (signedInAt) => secretToken(user, { jti: `t${token++}`, auth_time: signedInAt, iat: seconds() });
  const [own, stolen] = [EARLIER, EARLIER - 1];
  const desk = await V2Device.open(server, user, "desk", { token: renewed(own) });
  const phone = await V2Device.open(server, user, "phone", { token: renewed(stolen) });
  await restOf(phone);
  const { ended, complete } = await desk.request({ type: "logout_device", deviceId: "phone" });
  assert.deepEqual([ended, complete], [{ sockets: 1, credentials: 1 }, undefined]);
  assertLoggedOut(await phone.closed());
  const statusOf = async (/** @type {string} */ given) => (await ask(server, "state", user, bearer(given))).status;
  assert.deepEqual([await statusOf(renewed(stolen)), await statusOf(renewed(own))], [401, 200]);
  await desk.request({ type: "logout_others" });
  assert.deepEqual([await statusOf(renewed(stolen)), await statusOf(renewed(own))], [401, 200]);
  assert.equal(await statusOf(renewed(EARLIER + 1)), 401, "one that was never seen");
  await desk.close();
});

describe("the app is told of every logout what has ended:", () => {
  /** @param {string} userId @param {string} path */
  const testCall = async (userId, path) => {
    const { server } = /** @type {Mode} */ (modes["authenticate"]);
    return (await fetch(`${server.http}/test/${path}userId=${userId}`)).json();
  };

  /** @type {{what: string, scope: string, logOut: (of: Case, desk: V2Device) => Promise<unknown>, expected: object}[]} */
  const scopes = [
    {
      ...{ what: "everything", scope: "all", expected: { credentialIds: ["own", "stolen"] } },
      logOut: (of) => ask(of.server, "logout", of.userId, bearer(SERVICE_TOKEN)),
    },
    {
      ...{ what: "all others", scope: "others", expected: { credentialIds: ["stolen"], exceptCredentialId: "own" } },
      logOut: (_, desk) => desk.request({ type: "logout_others" }),
    },
    {
      ...{ what: "all others, by a call", scope: "others", expected: { credentialIds: ["stolen"], exceptCredentialId: "own" } },
      logOut: (of) => testCall(of.userId, "call?method=logoutOthers&argument=own&"),
    },
    {
      ...{ what: "a device", scope: "device", expected: { credentialIds: ["stolen"] } },
      logOut: (_, desk) => desk.request({ type: "logout_device", deviceId: "phone" }),
    },
    {
      ...{ what: "a credential", scope: "credential", expected: { credentialIds: ["stolen"] } },
      logOut: (of) => of.ask("logout", "own", "&credentialId=stolen"),
    },
    {
      ...{ what: "a credential that was never seen, by a call", scope: "credential", expected: { credentialIds: ["unseen"] } },
      logOut: (of) => testCall(of.userId, "call?method=logoutCredential&argument=unseen&"),
    },
  ];

  for (const [at, { what, scope, logOut, expected }] of scopes.entries()) {
    test(what, async () => {
      const of = new Case("authenticate", `told-${at}`);
      const desk = await of.open("desk", "own");
      await of.open("phone", "stolen");
      const before = Date.now();
      await logOut(of, desk);
      await eventually("onLogout", async () => (await testCall(of.userId, "logouts?")).told.length > 0);
      const { told } = await testCall(of.userId, "logouts?");
      assert.equal(told.length, 1);
      const { at: time, issuedUntil, ...rest } = told[0];
      assert.ok(time >= before - 1 && time <= Date.now(), "it says when");
      const isMoment = scope === "all" || scope === "others";
      assert.equal(issuedUntil, isMoment ? Math.floor(time / 1_000) : undefined);
      assert.deepEqual({ ...rest, credentialIds: rest.credentialIds.toSorted() }, { scope, ...expected });
    });
  }
});
