/** The module's shape and size: what a Worker can load 16,000 times in a process. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { SessionInstance } from "../../bindings/session-instance.js";
import { EffectKind } from "../../bindings/wire.js";
import { NOTHING_STORED } from "./host-rows.mjs";
import { AS_VERSION_1, openRateLimits } from "./host.mjs";
import { builds } from "./modules.mjs";

const rateLimits = openRateLimits();

/** More than ten minutes after the beginning of time, so that no device of version 2 was there just now. */
const NOW = 1_000_000;
const credential = { issuedAt: -1, expiresAt: 0, isSignInTime: false, sessionId: "", tokenId: "" };

const PAGE_BYTES = 65_536;

/**
 * Just above what each build has, so that growth is noticed. The limit that users feel is that of the upload
 * (tests/worker/deploy.test.mjs).
 * @type {Record<string, number>}
 */
const MODULE_BYTES_MAX = { "dist/session.wasm": 99_000, "build/emscripten/session.wasm": 110_000 };

const EXPORTS = [
  "_initialize function",
  "memory memory",
  "session_input function",
  "session_step function",
];

for (const { path, bytes, module } of builds) {
  describe(path, () => {
    test("imports nothing, so that JavaScript can't be called in the middle of a step", () => {
      assert.deepEqual(WebAssembly.Module.imports(module), []);
    });

    test("exports what the boundary needs and nothing that could go around it", () => {
      const exports = WebAssembly.Module.exports(module).map(({ name, kind }) => `${name} ${kind}`);
      assert.deepEqual(exports.sort(), EXPORTS);
    });

    test("is small enough to load at every cold start", (context) => {
      context.diagnostic(`${path}: ${bytes.length} bytes, ${gzipSync(bytes).length} gzipped`);
      const max = MODULE_BYTES_MAX[path];
      assert.ok(bytes.length <= max, `${bytes.length} bytes are ${bytes.length - max} over the limit of ${max}`);
    });

    test("has no debug sections or names, which would only cost", () => {
      for (const name of ["name", "producers", "target_features", ".debug_info"]) {
        assert.deepEqual(WebAssembly.Module.customSections(module, name), [], name);
      }
    });

    test("a user with 10 devices and 50 games stays in the one page it starts with", () => {
      const instance = new SessionInstance(module);
      assert.equal(instance.memoryBytes, PAGE_BYTES);
      live(instance);
      assert.equal(instance.memoryBytes, PAGE_BYTES);
    });

    test("memory that a large frame took does not grow with every further one", () => {
      const instance = wake(module);
      instance.step({ type: "Connected", connection: 0, now: NOW, deviceId: "phone", credential, ...AS_VERSION_1 });
      const head = '{"type":"broadcast","event":"e","data":"';
      const content = `${head}${"x".repeat(65_536 - head.length - 2)}"}`;
      const frame = () =>
        instance.step({ type: "FrameReceived", connection: 0, now: NOW, content });
      for (let i = 0; i < 5; i++) frame();
      const grown = instance.memoryBytes;
      for (let i = 0; i < 50; i++) assert.equal(frame().length, 1);
      assert.equal(instance.memoryBytes, grown);
    });
  });
}

/** @param {WebAssembly.Module} module */
function wake(module) {
  const instance = new SessionInstance(module);
  instance.step(
    { type: "Woken", userId: "alice", now: 0, ...NOTHING_STORED, connections: [], rateLimits, notBefore: 0, isMeasured: false, randomness: 0 },
  );
  return instance;
}

/**
 * A long day with ten devices, 50 games and 1,000 frames.
 * @param {SessionInstance} instance
 */
function live(instance) {
  instance.step(
    { type: "Woken", userId: "alice", now: 0, ...NOTHING_STORED, connections: [], rateLimits, notBefore: 0, isMeasured: false, randomness: 0 },
  );
  const start = 1_795_383_198_465;
  for (let connection = 0; connection < 10; connection++) {
    const deviceId = `Mozilla/5.0 (X11; Li-${start + connection}`;
    instance.step({ type: "Connected", connection, now: start, deviceId, credential, ...AS_VERSION_1 });
  }
  for (let i = 0; i < 1000; i++) {
    const gameId = `game-${i % 50}-${"x".repeat(20)}`;
    const contents = [
      { type: "join_game", gameId },
      { type: "update_presence", presence: i % 2 ? "away" : "online" },
      { type: "broadcast", event: "move", data: { from: [1, 2], to: "e".repeat(200) } },
      { type: "sync_state" },
      { type: "nonsense" },
    ];
    // The first 50 frames fill the list, the others are of all kinds.
    const content = JSON.stringify(contents[i < 50 ? 0 : i % contents.length]);
    const now = start + i * 7000;
    const effects = instance.step({ type: "FrameReceived", connection: i % 10, now, content });
    if (i < 50) assert.equal(effects[0].kind, EffectKind.Store, "a game was joined");
  }
}
