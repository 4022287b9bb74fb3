/** Every format that was ever stored is still read, by every build of the module. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { SessionInstance } from "../../bindings/session-instance.js";
import { EffectKind, LogoutScope } from "../../bindings/wire.js";
import {
  GAMES, LAST_ACTIVE, LEGACY, LOGOUTS, LOGOUT_AT, NEWEST_LOGOUT, NEWEST_SNAPSHOT, SNAPSHOTS, WITH_LOGOUT, WITH_OLD_HASHES,
  readFormat,
} from "../support/formats.mjs";
import { NOTHING_STORED } from "./host-rows.mjs";
import { openRateLimits } from "./host.mjs";
import { builds } from "./modules.mjs";

/** @import { Effect, WokenEvent } from "../../bindings/wire.js" */

const TRUSTED = { issuedAt: -1, expiresAt: 0, isSignInTime: false, sessionId: "", tokenId: "" };

/**
 * Wakes an instance on what is stored.
 * @param {WebAssembly.Module} module
 * @param {Partial<WokenEvent>} stored
 */
function wake(module, stored) {
  const instance = new SessionInstance(module);
  const effects = instance.step({
    type: "Woken",
    userId: "alice",
    now: LAST_ACTIVE,
    ...NOTHING_STORED,
    connections: [],
    rateLimits: openRateLimits(),
    notBefore: 0,
    isMeasured: false,
    randomness: 0,
    ...stored,
  });
  return { instance, effects: effects.map(copyOf) };
}

/** @param {Effect} effect */
function copyOf({ kind, bytes }) {
  return { kind, bytes: bytes.slice() };
}

/** @param {SessionInstance} instance @param {number} [issuedAt] */
function stateOf(instance, issuedAt = TRUSTED.issuedAt) {
  const credential = { issuedAt, expiresAt: 0, isSignInTime: false, sessionId: "", tokenId: "" };
  const effects = instance.step({ type: "StateRequested", now: LAST_ACTIVE, heartbeat: 0, credential });
  const answer = effects.find(({ kind }) => kind === EffectKind.Answer);
  return { status: answer?.number, ...JSON.parse(String(answer?.text)) };
}

/** @param {SessionInstance} instance */
function assertRead(instance) {
  const { status, activeGames, lastActive } = stateOf(instance);
  assert.deepEqual({ status, activeGames, lastActive }, { status: 200, activeGames: GAMES, lastActive: LAST_ACTIVE });
}

/** @param {SessionInstance} instance */
function exportOf(instance) {
  const effects = instance.step({ type: "ExportRequested", now: LAST_ACTIVE, credential: TRUSTED });
  return JSON.parse(String(effects.find(({ kind }) => kind === EffectKind.Answer)?.text));
}

/** @param {SessionInstance} instance @param {number} [second] */
function assertLoggedOut(instance, second = LOGOUT_AT) {
  assert.equal(stateOf(instance, second).status, 401);
  assert.equal(stateOf(instance, second + 1).status, 200);
}

/**
 * What is stored by the effects of a step.
 * @param {{kind: number, bytes: Uint8Array}[]} effects
 * @param {number} kind
 */
function storedBy(effects, kind) {
  const effect = effects.find((one) => one.kind === kind);
  assert.ok(effect);
  return Buffer.from(effect.bytes);
}

for (const { path, module } of builds) {
  describe(path, () => {
    for (const name of SNAPSHOTS) {
      test(`reads ${name}`, () => {
        const { instance, effects } = wake(module, { snapshot: readFormat(name) });
        assertRead(instance);
        const isMoved = WITH_LOGOUT.has(name);
        assert.deepEqual(effects.map(({ kind }) => kind), isMoved ? [EffectKind.StoreLogout] : []);
        if (!isMoved) return;
        assertLoggedOut(instance);
        assert.deepEqual(storedBy(effects, EffectKind.StoreLogout), Buffer.from(readFormat(NEWEST_LOGOUT)));
      });
    }

    for (const name of LOGOUTS) {
      test(`reads ${name}`, () => {
        const stored = { snapshot: readFormat(NEWEST_SNAPSHOT), logout: readFormat(name) };
        const { instance, effects } = wake(module, stored);
        // One of them has single credentials that can't be read, so everybody's are ended.
        const isRead = name !== WITH_OLD_HASHES;
        assert.deepEqual(effects.map(({ kind }) => kind), isRead ? [] : [EffectKind.StoreLogout, EffectKind.Log]);
        assertRead(instance);
        assertLoggedOut(instance, isRead ? LOGOUT_AT : Math.floor(LAST_ACTIVE / 1_000));
      });
    }

    test("writes the newest formats to the byte, from what the legacy server left as well", () => {
      const legacy = { games: /** @type {string[]} */ (LEGACY.activeGames), lastActive: Number(LEGACY.lastActive) };
      const { instance, effects } = wake(module, { legacy });
      assert.deepEqual(effects.map(({ kind }) => kind), [EffectKind.Erase, EffectKind.Store]);
      assert.deepEqual(storedBy(effects, EffectKind.Store), Buffer.from(readFormat(NEWEST_SNAPSHOT)));
      assertRead(instance);
      const logout = instance.step({
        type: "LogoutRequested", now: LOGOUT_AT * 1_000, credential: TRUSTED, scope: LogoutScope.All, id: "", endedAt: 0,
      });
      assert.deepEqual(storedBy(logout, EffectKind.StoreLogout), Buffer.from(readFormat(NEWEST_LOGOUT)));
    });

    test("keeps what a later version has added", () => {
      const snapshot = readFormat("snapshot-v3-extended.bin");
      const { instance } = wake(module, { snapshot });
      for (const type of /** @type {const} */ (["GameJoinRequested", "GameLeaveRequested"])) {
        const effects = instance.step({ type, now: LAST_ACTIVE, gameId: "chess" }).map(copyOf);
        if (type === "GameJoinRequested") continue;
        assert.deepEqual(storedBy(effects, EffectKind.Store), Buffer.from(snapshot));
      }
    });

    test("refuses every format cut short, anywhere but in front of what came later", () => {
      // The newest snapshot has one field more than the games, of no bytes, behind its length.
      const endOfGames = readFormat(NEWEST_SNAPSHOT).length - 4;
      for (const name of SNAPSHOTS) {
        const whole = readFormat(name);
        for (let size = 0; size < whole.length; size++) {
          if (name.includes("-v3") && size === endOfGames) continue;
          const { effects } = wake(module, { snapshot: whole.subarray(0, size) });
          assert.deepEqual(effects.map(({ kind }) => kind), [EffectKind.Quarantine, EffectKind.Log], `${name}, ${size} bytes`);
        }
      }
    });
  });
  describe(`${path}, of release 0.1.0`, () => {
    test("reads what release 0.1.0 has stored: pushes that wait become messages, and names stay", () => {
      const stored = { snapshot: readFormat("devices-v2.bin"), kept: readFormat("kept-v1.bin") };
      const { instance, effects } = wake(module, stored);
      const { StoreInbox, StoreMessage } = EffectKind;
      assert.deepEqual(effects.map(({ kind }) => kind), [StoreMessage, StoreMessage, StoreInbox]);
      assertRead(instance);
      const { devices, inbox } = exportOf(instance);
      assert.deepEqual([devices[0].deviceId, devices[0].name], ["desk", "Desk"]);
      const bodies = inbox.messages.map((/** @type {any} */ { body }) => body);
      assert.deepEqual(bodies, [1, 2].map((n) => ({ type: "news", n })));
      assert.deepEqual([inbox.last, inbox.read], [2, 0]);
    });

    test("reads what release 0.1.0 has attached, and closes nobody", () => {
      const attachments = [3, 5, 6].map((format) => readFormat(`0.1.0-attachment-${format}.bin`));
      const connections = attachments.map((attachment, connection) => ({ connection, attachment, heartbeat: 0 }));
      const { instance, effects } = wake(module, { connections });
      assert.deepEqual(effects, []);
      const { connectedDevices, presence, devices } = exportOf(instance);
      assert.deepEqual([connectedDevices, presence], [3, "away"]);
      const seen = devices.map((/** @type {any} */ { deviceId, presence: own, tabs }) => [deviceId, own, tabs]);
      assert.deepEqual(seen, [
        ["Mozilla/5.0 (X11; Li-1795383198465", "online", 1],
        ["hook with a session", "online", 1],
        ["laptop", "away", 1],
      ]);
    });
  });
}
