/**
 * Performs the steps of a plan. A step whose object is not there does nothing: a tab that is closed can't be
 * frozen, and a connection that is not there can't be cut.
 */
import { keepOptions } from "./adapter.mjs";
import { checkTakenOver } from "./properties.mjs";
import { THEFTS } from "./steps-thieves.mjs";
import { VALUE_ACTS } from "./steps-values.mjs";
import { Stranger } from "./stranger.mjs";

/** @import { App } from "./app.mjs" */
/** @import { Link } from "./network.mjs" */
/** @import { Step } from "./plan.mjs" */
/** @import { Tab, World } from "./world.mjs" */

const BACKUP = "backup";

/** A page that shares a socket with one that has stopped has another within 5 s, and may be waiting for an answer then. */
const TAKEN_OVER_MS = 5_500;

/** How long a page is away before a logout that it misses. */
const LOGOUT_MS = 200;

/** How often a step waits for the object to be at rest. */
const TRIES = 40;
const TRY_MS = 25;

/** @typedef {(world: World, step: Step) => boolean | void} Performance Says whether anything happened. */

/** @param {World} world @param {Step} step @returns {App | null} The app, if its user can do something now. */
function appOf(world, { tab }) {
  const { app } = world.tab(tab);
  return app && !app.page.isFrozen ? app : null;
}

/** @param {World} world @param {Step} step @param {(app: App) => void} act */
function withApp(world, step, act) {
  const app = appOf(world, step);
  if (app) act(app);
  return app !== null;
}

/** The connection of a tab, or the one that its browser's tabs share. @param {World} world @param {Step} step @returns {Link | null} */
function linkOf(world, { tab }) {
  const { profile, app } = world.tab(tab);
  const pages = app ? [app.page, ...profile.pages] : [...profile.pages];
  const socket = pages.map((page) => page.socket).find((one) => one && one.readyState <= 1);
  return socket?.link ?? null;
}

/** @param {Tab} tab @param {"close" | "kill"} how */
function leave(tab, how) {
  if (!tab.app) return false;
  tab.app.page.leave(how);
  tab.app = null;
  return true;
}

/** The tab that has a page's socket may send what the page waits for, which never hears under which id. @param {World} world @param {App} app */
function leaveOthers(world, app) {
  if (app.isSharing) for (const { key, outcome } of app.asked) if (!outcome) world.ghost.doubt(key);
}

/** @param {World} world @param {App} app @param {Step} step */
function freeze(world, app, { how, ms }) {
  if (how === "frozen-told") leaveOthers(world, app);
  const { now } = world.clock;
  const wasServing = app.isSharing && app.page.socket?.readyState === 1;
  app.page.freeze(how);
  if (wasServing && ms > TAKEN_OVER_MS) {
    world.clock.after(TAKEN_OVER_MS, () => {
      if (app.page.isFrozen && !world.isCalm) checkTakenOver(world, app, now);
    });
  }
  world.clock.after(ms, () => {
    // A page that is looked at has no timers that wait for the next minute.
    app.page.setVisible(true);
    app.page.thaw();
  });
}

/** @param {World} world @param {App} app @param {number} ms */
function cache(world, app, ms) {
  if (app.page.isFrozen) return false;
  leaveOthers(world, app);
  app.page.leave("cache");
  world.clock.after(ms, () => app.page.isFrozen && !app.page.isGone && app.page.comeBack());
  return true;
}

/** Does something with the object as soon as nothing is under way in it. @param {World} world @param {() => unknown} act */
function atRest(world, act, tries = TRIES) {
  if (world.server.object.isQuiet) act();
  else if (tries > 0) world.clock.after(TRY_MS, () => atRest(world, act, tries - 1));
}

/** @param {World} world @param {string} key @param {object} options @param {number} seconds */
function push(world, key, options, seconds) {
  if (seconds > 0) world.keptFor.set(key, seconds);
  world.callServer("push", { type: key }, { ...options, ...(seconds > 0 ? keepOptions(seconds) : {}) });
}

/** @type {Record<string, Performance>} */
const ACTS = {
  publish: (world, step) =>
    withApp(world, step, (app) => {
      for (let at = 0; at < step.count; at++) {
        const key = step.count > 1 ? `${step.key}-${at}` : step.key;
        app.ask(key, true, (client) => client.publish(key, at));
      }
    }),
  join: (world, step) =>
    withApp(world, step, (app) => app.ask(`+${step.game}`, true, (client) => client.joinGame(step.game))),
  leave: (world, step) =>
    withApp(world, step, (app) => app.ask(`-${step.game}`, true, (client) => client.leaveGame(step.game))),
  presence: (world, step) =>
    withApp(world, step, (app) => app.ask("presence", false, (client) => client.updatePresence(step.presence))),
  name: (world, step) =>
    withApp(world, step, (app) => app.ask("name", false, (client) => client.setDeviceName(step.name))),
  "mark-read": (world, step) =>
    withApp(world, step, (app) => {
      const [oldest] = app.sight.messages;
      app.ask("read", false, (client) => client.markRead(step.isOne ? oldest : undefined));
    }),
  push: (world, { key }) => push(world, key, {}, 0),
  keep: (world, { key, seconds }) => push(world, key, {}, seconds),
  "keep-many": (world, { key, count }) => {
    for (let at = 0; at < count; at++) push(world, `${key}-${at}`, {}, 86_400);
  },
  aim: (world, step) =>
    withApp(world, step, (app) =>
      app.ask(step.key, true, (client) => client.publish(step.key, null, { to: [...world.profiles.keys()] })),
    ),
  "push-with-id": (world, { key, seconds }) => push(world, key, { pushId: key }, seconds),
  "push-again": (world, { key }) => {
    if (key === "none") return false;
    push(world, key, { pushId: key }, world.keptFor.get(key) ?? 0);
    return true;
  },
  "server-joins": (world, { game }) => world.callServer("joinGame", game),
  clear: (world) => world.callServer("clear"),
  "logout-all": (world, step) =>
    withApp(world, step, (app) => app.ask("logout", false, (client) => client.logoutAllDevices())),
  "reuse-id": (world, { key }) => void world.strangers.push(new Stranger(world, key)),
  "ask-state": (world) => world.callServer("getState"),
};
ACTS.burst = ACTS.publish;

/** @type {Record<string, Performance>} */
const PAGE_FAULTS = {
  load: (world, { tab: name }) => {
    const tab = world.tab(name);
    if (tab.app) return false;
    world.load(tab);
    return true;
  },
  close: (world, { tab }) => leave(world.tab(tab), "close"),
  kill: (world, { tab }) => leave(world.tab(tab), "kill"),
  reload: (world, { tab: name }) => {
    const tab = world.tab(name);
    if (!leave(tab, "close")) return false;
    world.clock.after(120, () => tab.app ?? world.load(tab));
    return true;
  },
  duplicate: (world, step) => {
    const [from, copy] = [world.tab(step.tab), world.tab(`${step.tab[0]}${step.to}`)];
    if (!appOf(world, step) || copy.app) return false;
    for (const [key, value] of from.sessionStorage.items) copy.sessionStorage.setItem(key, value);
    world.load(copy);
    return true;
  },
  hide: (world, step) =>
    withApp(world, step, (app) => {
      app.page.setVisible(false);
      world.clock.after(step.ms, () => app.page.setVisible(true));
    }),
  freeze: (world, step) =>
    withApp(world, step, (app) => {
      app.page.setVisible(false);
      freeze(world, app, step);
    }),
  interrupt: (world, step) =>
    withApp(world, step, (app) => {
      app.page.interrupt(step.count, () => {
        if (world.isCalm || app.page.isGone) return;
        world.trace(`* ${step.act} of ${app.name}, in the middle`);
        if (step.act === "kill") return void leave(world.tab(step.tab), "kill");
        // A page is told of all else between two tasks.
        world.clock.afterTask(() => {
          if (step.act === "freeze") freeze(world, app, step);
          else leave(world.tab(step.tab), step.act);
        });
      });
    }),
  cache: (world, step) => {
    const app = appOf(world, step);
    return app !== null && cache(world, app, step.ms);
  },
  "away-at-logout": (world, step) => {
    const app = appOf(world, step);
    if (!app || !cache(world, app, step.ms)) return false;
    world.clock.after(LOGOUT_MS, () => {
      const [other] = world.running().filter(({ page }) => !page.isFrozen);
      other?.ask("logout", false, (client) => client.logoutAllDevices());
    });
    return true;
  },
  "leave-asking": (world, step) =>
    withApp(world, step, (app) => {
      app.ask(step.key, true, (client) => client.publish(step.key));
      world.clock.after(step.behind, () => {
        if (app.page.isGone || world.isCalm) return;
        if (step.act === "cache") cache(world, app, step.ms);
        else leave(world.tab(step.tab), step.act);
      });
    }),
  "leave-all": (world, { ms }) => {
    const apps = world.running();
    apps.forEach((app, at) => cache(world, app, ms + at * 30));
    return apps.length > 0;
  },
};

/** @type {Record<string, Performance>} */
const FAULTS = {
  cut: (world, step) => {
    const link = linkOf(world, step);
    link?.cut(step.notice);
    return link !== null;
  },
  "cut-after": (world, step) => {
    const link = linkOf(world, step);
    link?.cutAfter({ direction: step.direction, frames: step.frames, notice: step.notice });
    return link !== null;
  },
  "cut-next": (world, { tab, direction, frames, notice }) =>
    void world.nextCuts.set(tab, { direction, frames, notice }),
  stall: (world, step) => {
    const link = linkOf(world, step);
    link?.[step.direction === "up" ? "up" : "down"].stall(step.ms);
    return link !== null;
  },
  offline: (world, { profile: name, ms, notice }) => {
    const profile = world.profiles.get(name);
    if (!profile?.isOnline) return false;
    profile.isOnline = false;
    for (const { socket } of profile.pages) socket?.link.cut(notice);
    world.clock.after(ms, () => world.online(profile));
    return true;
  },
  hibernate: (world) => atRest(world, () => world.server.object.sleep()),
  evict: (world) => atRest(world, () => world.server.object.end("evict")),
  crash: (world) => world.server.object.end("crash"),
  trap: (world, { count, isBefore }) => void (world.server.object.traps = { count, isBefore }),
  "write-fails": (world, { count }) => void (world.server.object.storage.faults.puts = count),
  "attach-fails": (world, { count }) => void (world.server.object.attachFailures = count),
  "commit-fails": (world) => void (world.server.object.storage.faults.commits = 1),
  "slow-commits": (world, { by, ms }) => {
    world.server.slownessMs = by;
    world.clock.after(ms, () => (world.server.slownessMs = 0));
  },
  damage: (world, { which }) => atRest(world, () => world.server.damageAttachment(which)),
  deploy: (world) => world.server.deploy(),
  "deploy-now": (world) => {
    world.server.deploy();
    atRest(world, () => world.server.object.end("evict"));
  },
  backup: (world) =>
    atRest(world, () => {
      const rows = new Map(world.server.object.storage.durable);
      world.backups.set(BACKUP, { rows, deeds: world.ghost.deeds.length, law: world.law.mark() });
    }),
  restore: (world) => {
    const backup = world.backups.get(BACKUP);
    if (!backup) return false;
    world.server.restore(backup.rows);
    world.ghost.restored(backup.deeds);
    world.law.restored(backup.law);
    return true;
  },
  "server-clock": (world, { by }) => {
    world.clockJumpMs += Math.abs(by);
    world.server.setClock(by);
  },
  "device-clock": (world, { profile: name, by }) => {
    const profile = world.profiles.get(name);
    if (!profile) return;
    profile.clockOffsetMs += by;
    for (const page of profile.pages) page.clockSet();
  },
};

const ALL = { ...ACTS, ...VALUE_ACTS, ...THEFTS, ...PAGE_FAULTS, ...FAULTS };

/**
 * @param {World} world
 * @param {Step} step
 * @returns {boolean} Whether anything happened.
 */
export function perform(world, step) {
  const more = JSON.stringify({ ...step, at: undefined, kind: undefined });
  world.trace(`* ${step.kind} ${more}`);
  return ALL[step.kind](world, step) !== false;
}
