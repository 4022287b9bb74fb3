/**
 * A request that is repeated and known as done is acknowledged and not done again. Each type of message is tried as
 * the first scenario sends it, so that a handler that forgets to note its request is found. The repetition asks for
 * something else, since doing the same twice often cannot be told from doing it once.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

import { MESSAGE_TYPES } from "../../worker/object/failures.js";
import { EffectKind } from "../../bindings/wire.js";
import { Host } from "./host.mjs";
import { builds, root } from "./modules.mjs";
import { parseScenario } from "./scenario-text.mjs";

/** @import { Effect } from "../../bindings/wire.js" */

const folder = join(root, "tests/scenarios");

/** A logout of all closes whoever could repeat it. */
const NOT_REPEATED = ["logout_all"];

/** The effects by which something is stored or told, so that doing it twice would show. */
const VISIBLE = /** @type {number[]} */ ([
  ...[EffectKind.Store, EffectKind.StoreLogout, EffectKind.StoreInbox, EffectKind.StoreMessage, EffectKind.Erase],
  ...[EffectKind.Send, EffectKind.SendToAll, EffectKind.Close, EffectKind.CloseAll, EffectKind.Expel],
]);

/**
 * Carries out a command, which must be one step, and returns what can be seen of it.
 * @param {Host} host
 * @param {string} command
 */
function seen(host, command) {
  /** @type {Effect[]} */
  let visible = [];
  host.onStep = (_event, effects) => (visible = effects.filter(({ kind }) => VISIBLE.includes(kind)));
  host.run(command);
  return visible;
}

/**
 * The `ack` among the effects of a request.
 * @param {Effect[]} effects
 */
function ackOf(effects) {
  const frames = effects.filter(({ kind }) => kind === EffectKind.Send).map(({ text }) => text);
  return frames.find((text) => JSON.parse(text).type === "ack");
}

/**
 * The first request of each type that is done in a scenario, and the commands before it.
 * @returns {Map<string, {before: string[], command: string, ack: string}>}
 */
function firstRequests() {
  /** @type {ReturnType<typeof firstRequests>} */
  const found = new Map();
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".txt"))) {
    const host = new Host(builds[0].module);
    const commands = parseScenario(readFileSync(join(folder, file), "utf8")).map(({ command }) => command);
    for (const [at, command] of commands.entries()) {
      const effects = seen(host, command);
      const [, type] = /^frame \d+ \{"type":"(\w+)"/.exec(command) ?? [];
      const ack = ackOf(effects);
      if (ack && !JSON.parse(ack).repeated && !found.has(type)) found.set(type, { before: commands.slice(0, at), command, ack });
    }
  }
  return found;
}

/**
 * The repetition of a request, which asks for a game instead.
 * @param {string} gameId
 * @param {{command: string, ack: string}} request
 */
function joining(gameId, { command, ack }) {
  const [frame, connection] = command.split(" ");
  const { id } = JSON.parse(ack);
  return [frame, connection, JSON.stringify({ type: "join_game", gameId, id, again: true })].join(" ");
}

const requests = firstRequests();

for (const { path, module } of builds) {
  describe(`in ${path} a repeated request is acknowledged as repeated, and nothing else is done:`, () => {
    for (const type of MESSAGE_TYPES.filter((name) => !NOT_REPEATED.includes(name))) {
      test(type, () => {
        const request = requests.get(type);
        assert.ok(request, "no scenario has a request of this type that is done");
        const host = new Host(module);
        for (const command of request.before) host.run(command);
        host.run(request.command);
        const again = seen(host, joining("never-there", request));
        const { id } = JSON.parse(request.ack);
        assert.deepEqual(again.map(({ text }) => JSON.parse(text)), [{ type: "ack", id, repeated: true }]);
      });
    }
  });
}
