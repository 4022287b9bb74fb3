/** Performs the steps of plan-values.mjs, and checks what has become of the values when all is calm. */
import { LIST, POINT, SETTING } from "./adapter.mjs";

/** @import { App } from "./app.mjs" */
/** @import { World } from "./world.mjs" */

/** @param {App} app @param {string} key */
function add(app, key) {
  app.ask(key, true, (client) => client.values.set(LIST, (/** @type {string[]} */ now) => [...now, key], { fallback: [] }));
}

/** @param {World} world @param {any} step @param {(app: App) => void} act */
function withApp(world, { tab }, act) {
  const { app } = world.tab(tab);
  if (!app || app.page.isFrozen) return false;
  act(app);
  return true;
}

/** @type {Record<string, (world: World, step: any) => boolean | void>} */
export const VALUE_ACTS = {
  add: (world, step) =>
    withApp(world, step, (app) => {
      for (let at = 0; at < step.count; at++) add(app, `${step.key}-${at}`);
    }),
  "add-all": (world, { key }) => {
    const apps = world.running().filter(({ page }) => !page.isFrozen);
    for (const app of apps) add(app, `${key}-${app.name}`);
    return apps.length > 0;
  },
  set: (world, step) =>
    withApp(world, step, (app) => {
      for (let at = 0; at < step.count; at++) {
        const key = `${step.key}-${at}`;
        app.ask(key, true, (client) => client.values.set(SETTING, key));
      }
    }),
  unset: (world, step) => withApp(world, step, (app) => app.ask("unset", false, (client) => client.values.delete(SETTING))),
  "server-sets": (world, { key }) => world.callServer("setValue", SETTING, key),
  point: (world, step) =>
    withApp(world, step, (app) => {
      for (let at = 0; at < step.count; at++) {
        const data = `${app.name} ${app.points++}`;
        app.ask(`${POINT}${data}`, true, (client) => client.publish(POINT, data, { latest: true }));
      }
    }),
};

/**
 * All pages and the server have the same values, and the list has what was added to it: each once, and in the order in
 * which it was done.
 * @param {World} world
 * @param {any} told What the server says of the values.
 */
export function checkValues(world, told) {
  if ([...world.profiles.values()].some(({ usedOlder }) => usedOlder)) return;
  const stored = JSON.stringify(sorted(told.values));
  for (const { client, name } of world.running()) {
    const shown = JSON.stringify(sorted(client.getSnapshot().values));
    if (shown !== stored) return world.violate("agreement", `${name} has the values ${shown}, the server ${stored}`);
  }
  const right = JSON.stringify(world.ghost.listed());
  const list = JSON.stringify(told.values[LIST]?.value ?? []);
  if (right !== list) world.violate("nothing-forgotten", `the list must be ${right} and is ${list}`);
}

/** @param {Record<string, {value: unknown, version: number}>} values */
function sorted(values) {
  const known = Object.entries(values).filter(([, { version }]) => version > 0);
  return known.map(([key, { value, version }]) => [key, value, version]).sort();
}
