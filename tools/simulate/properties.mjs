/**
 * The properties that are checked when all is calm. Those of what a page sees are checked as it sees it, in
 * sight.mjs. README.md says what each promises.
 */
import { INBOX_MAX, POINT, isOpen, isReplaced, sharedState } from "./adapter.mjs";
import { isInbox } from "./sight.mjs";

/** @import { App, Asked } from "./app.mjs" */
/** @import { Deed } from "./ghost.mjs" */
/** @import { World } from "./world.mjs" */

/**
 * @typedef {object} Violation
 * @property {string} property
 * @property {string} what
 * @property {number} at Milliseconds since the world began.
 */

/** How exactly a page knows when a message expires: its clock is as late as its first frame, for which it waits 15 s. */
const EXPIRY_SLACK_MS = 17_000;

/** The names of all properties. */
export const PROPERTIES = [
  ...["settled-once", "told-truly", "done-once", "once-in-order", "missed-in-silence"],
  ...["inbox-complete", "inbox-once", "agreement", "nothing-forgotten", "silence-after-logout", "spared-stays"],
  ...["no-needless-reset", "no-needless-doubt", "deploys-unnoticed", "recovers", "no-complaints"],
  ...["taken-over", "told-of-logout"],
];

/** @param {World} world */
export function checkRequests(world) {
  for (const app of world.apps) for (const asked of app.asked) checkAsked(world, asked);
  for (const key of world.ghost.byKey.keys()) checkDoneOnce(world, key);
  // Nobody can say that a run is new of which the object has not heard yet, so only a heard id counts.
  const [doubted] = world.ghost.forgotten;
  const isOlder = [...world.profiles.values()].some(({ usedOlder }) => usedOlder);
  if (doubted && world.server.losses === 0 && !isOlder) {
    world.violate("no-needless-doubt", `${doubted} is called too old, although the object has lost nothing`);
  }
}

/**
 * Where a page has stopped whose socket others shared, one of them that is looked at has asked for one since.
 * @param {World} world
 * @param {App} stopped
 * @param {number} since
 */
export function checkTakenOver(world, stopped, since) {
  const { profile } = stopped.page;
  const others = world.running().filter((app) => app !== stopped && app.page.profile === profile && app.page.mayLead(since));
  const [first] = others;
  const isOver = others.some(({ client }) => !["connected", "reconnecting", "connecting", "lost"].includes(client.getSnapshot().connectionStatus));
  if (!first || isOver || !profile.isOnline) return;
  // One that has stopped as well, right behind that, is a matter of its own.
  const hasAsked = world.apps.some(({ page }) => page !== stopped.page && page.profile === profile && page.connectedAt >= since);
  const hasSocket = others.some(({ page }) => (page.socket?.readyState ?? 3) <= 1);
  if (!hasAsked && !hasSocket) world.violate("taken-over", `${stopped.name} has stopped, and ${first.name} has not taken its place`);
}

/** Where nothing goes wrong, and releases come and go, nobody is cut off or told to start over. @param {World} world */
export function checkDeploys(world) {
  for (const { page, sight, name } of world.apps) {
    if (page.closes > 0) world.violate("deploys-unnoticed", `${name} was closed`);
    if (sight.resetAt > 0) world.violate("deploys-unnoticed", `${name} was told to start over`);
  }
}

/** A stranger gets at most one of two requests of one id acknowledged, unless the object has forgotten the first. @param {World} world */
export function checkStrangers(world) {
  for (const { key, acks, isForgotten } of world.strangers) {
    if (acks > 1 && !isForgotten) world.violate("told-truly", `two requests of one id are acknowledged, of which one is ${key}`);
  }
}

/** @param {World} world @param {Asked} asked */
function checkAsked(world, asked) {
  const { app, key, outcome, settled, isUnique } = asked;
  if (settled > 1) world.violate("settled-once", `${app.name}: ${key} was settled ${settled} times`);
  if (!outcome) {
    if (app.isRunning) world.violate("settled-once", `${app.name}: ${key} has no outcome`);
    return;
  }
  if (!isUnique || !asked.isCertain || app.page.profile.usedOlder || isOpen(outcome)) return;
  const done = world.ghost.doneAs(key).filter(({ isReal }) => isReal);
  if (isReplaced(outcome)) {
    // The event may have been done and not be known as that.
    if (done.length > 0 && !key.startsWith(POINT)) world.violate("told-truly", `${app.name}: ${key} is replaced, and was done`);
  } else if (outcome.ok && done.length === 0) {
    world.violate("told-truly", `${app.name}: ${key} is ok, and was never done`);
  }
  if (!outcome.ok && done.some(({ isUndone }) => !isUndone)) {
    world.violate("told-truly", `${app.name}: ${key} is ${outcome.code}, and was done`);
  }
}

/** @param {World} world @param {string} key */
function checkDoneOnce(world, key) {
  if (key === "clear") return;
  const done = world.ghost.doneAs(key).filter(({ isReal, isUndone }) => isReal && !isUndone);
  const again = done.slice(1).find((deed, at) => !mayBeRepeated(world, done[at], deed));
  if (!again || [...world.profiles.values()].some(({ usedOlder }) => usedOlder)) return;
  const times = done.map(({ at }) => `${(at / 1000).toFixed(3)} s`).join(" and ");
  world.violate("done-once", `${key} was done at ${times}`);
}

/**
 * Whether a game's joining or leaving was asked for anew, because nobody knew whether it had been done.
 * @param {World} world @param {Deed} first @param {Deed} second
 */
function mayBeRepeated(world, first, second) {
  return first.wireId !== second.wireId && world.ghost.doubtedGames.has(first.key);
}

/** Everybody has seen everything, or was told that it has not. @param {World} world */
export function checkSight(world) {
  for (const { sight, isRunning, name } of world.apps) {
    if (!isRunning || sight.place === null) continue;
    const missed = sight.missedUntil(sight.place, world.ghost.deeds.length);
    if (missed.length > 0) world.violate("missed-in-silence", `${name}: ${missed.join(", ")}, at the end`);
  }
}

/** @param {World} world */
export function checkInbox(world) {
  // Where the clock goes back, the numbers of what a restored backup has undone are given again.
  if (world.ghost.restores.length > 0 && world.clockJumpMs > 0) return;
  const messages = world.ghost.deeds.filter(({ key, isReal }) => isInbox(key) && isReal);
  const clearedAt = world.ghost.deeds.findLast(({ key, isReal }) => key === "clear" && isReal)?.index ?? -1;
  for (const message of messages) {
    const isDropped = messages.filter(({ index }) => index > message.index).length >= INBOX_MAX;
    const isKept = message.index > clearedAt && !message.isUndone && !hasExpired(world, message);
    for (const app of world.apps) {
      if (app.page.profile.usedOlder) continue;
      if (isKept && isMissing(world, app, message, isDropped)) {
        world.violate("inbox-complete", `${app.name} was never given ${message.key}`);
      }
      checkInboxOnce(world, app, message);
    }
  }
}

/**
 * Whether a page was not given a message, and not told either that it was dropped for lack of room.
 * @param {World} world @param {App} app @param {Deed} message @param {boolean} isDropped
 */
function isMissing(world, app, message, isDropped) {
  const { seen, begunAt, resetAt } = app.sight;
  if (seen.has(message.key) || !isOwed(world, app, message)) return false;
  return !isDropped || ((begunAt ?? 0) <= message.index && resetAt <= message.at);
}

/** @param {World} world @param {Deed} message */
function hasExpired(world, { key, at }) {
  const seconds = world.keptFor.get(key) ?? 0;
  // A server's clock that was set forward has it expire sooner.
  return world.clockJumpMs + world.clock.now - at >= seconds * 1_000;
}

/**
 * Whether a page must have been given a message: one that began before it, and one that began later if the message
 * was not read and no page of its device had told it.
 * @param {World} world @param {App} app @param {Deed} message
 */
function isOwed(world, app, message) {
  const { begunAt } = app.sight;
  if (!app.isRunning || begunAt === null) return false;
  if (begunAt <= message.index) return true;
  // A page that has not heard of a logout yet goes on noting what it tells.
  const isToldEver = world.apps.some(({ page, sight }) => page.profile === app.page.profile && sight.everSeen.has(message.key));
  return !world.ghost.wasRead(message, begunAt) && !isToldEver;
}

/** `wasTold` tells whether another page of the device had told it when this one began, without a logout in between. @param {World} world @param {App} app @param {Deed} message */
function wasTold(world, app, { key }) {
  return world.apps.some(({ page, sight }) => {
    const seen = page.profile === app.page.profile && page !== app.page ? sight.seen.get(key) : null;
    return seen ? seen.at < app.startedAt && seen.at >= app.page.profile.forgottenAt : false;
  });
}

/** @param {World} world @param {App} app @param {Deed} message */
function checkInboxOnce(world, app, message) {
  const seen = app.sight.seen.get(message.key);
  const [first] = world.ghost.doneAs(message.key);
  if (!seen || world.ghost.restores.some((length) => length > first.index)) return;
  if (seen.count > 1) world.violate("inbox-once", `${app.name} was given ${message.key} twice`);
  else if (wasTold(world, app, message)) {
    world.violate("inbox-once", `${app.name} was given ${message.key}, which its device had told before`);
  }
}

/** @param {World} world @returns {string | null} Why not everybody is connected. */
export function whyNotWell(world) {
  for (const app of world.running()) {
    const { connectionStatus, pendingRequests } = app.client.getSnapshot();
    if (connectionStatus !== "connected") return `${app.name} is ${connectionStatus}`;
    if (pendingRequests > 0) return `${app.name} has ${pendingRequests} requests pending`;
  }
  return null;
}

/** What was read stays read, and the rest does not. @param {World} world @param {number} unread */
function checkUnread(world, unread) {
  const { deeds } = world.ghost;
  const isOlder = [...world.profiles.values()].some(({ usedOlder }) => usedOlder);
  if (isOlder || isCountUnsure(world)) return;
  const clearedAt = deeds.findLast(({ key, isReal }) => key === "clear" && isReal)?.index ?? -1;
  const messages = deeds.filter(({ key, isReal, index }) => isInbox(key) && isReal && index > clearedAt);
  // The oldest go when there is no room, expired ones first.
  if (messages.length > INBOX_MAX) return;
  const left = messages.filter((message) => !hasExpired(world, message) && !world.ghost.wasRead(message, deeds.length));
  if (left.length !== unread) world.violate("nothing-forgotten", `${left.length} messages must be unread, and ${unread} are`);
}

/**
 * Whether pages may differ in what is unread: when a message expires just now, or did when the inbox was full; when the
 * clock that says so was set; or when one expires that a restored backup does not know.
 * @param {World} world
 */
function isCountUnsure({ clock, clockJumpMs, ghost, keptFor }) {
  const ends = ghost.deeds.map(({ key, at }) => at + (keptFor.get(key) ?? Infinity) * 1_000);
  const isExpiring = ends.some((end) => Math.abs(end - clock.now) < EXPIRY_SLACK_MS);
  const isFull = ghost.deeds.filter(({ key }) => isInbox(key)).length > INBOX_MAX;
  const wasFull = isFull && ends.some((end) => end < clock.now);
  return isExpiring || wasFull || clockJumpMs > 0 || ghost.restores.length > 0;
}

/** @param {World} world @param {any} told What the server says of the state. */
export function checkAgreement(world, told) {
  const [first, ...others] = world.running();
  if (!first) return;
  const isOlder = [...world.profiles.values()].some(({ usedOlder }) => usedOlder);
  const stateOf = (/** @type {App} */ app) => {
    const shared = sharedState(app.client.getSnapshot());
    if (isOlder) shared.devices = [];
    if (isOlder || isCountUnsure(world)) shared.unread = 0;
    // Of thieves' devices those of version 1 and the oldest are not remembered, and nobody is told: who was told of them
    // before goes on showing them as away.
    if (world.options.isMixed) shared.devices = shared.devices.filter((/** @type {any} */ { tabs }) => tabs > 0);
    return JSON.stringify(shared);
  };
  const state = stateOf(first);
  for (const other of others) {
    const differs = stateOf(other);
    if (differs === state) continue;
    world.violate("agreement", `${first.name} has ${state}, ${other.name} has ${differs}`);
    return;
  }
  const { games, presence } = sharedState(first.client.getSnapshot());
  const mine = JSON.stringify({ games, presence });
  const its = JSON.stringify({ games: told.activeGames, presence: told.presence });
  if (mine !== its) world.violate("agreement", `${first.name} has ${mine}, the server ${its}`);
  checkUnread(world, sharedState(first.client.getSnapshot()).unread);
  const right = JSON.stringify(world.ghost.games());
  const stored = JSON.stringify(told.activeGames);
  if (right !== stored) world.violate("nothing-forgotten", `the games must be ${right} and are ${stored}`);
}
