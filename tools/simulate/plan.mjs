/**
 * Plans: the steps of a world, in order, with all that is up to chance in them already chosen. A plan is plain
 * data, so steps can be left out of it, and it can be printed and run again.
 */
import { streamOf } from "./chance.mjs";
import { THEFTS, withThieves } from "./plan-thieves.mjs";
import { VALUE_STEPS, withValues } from "./plan-values.mjs";

/** @import { Random } from "../torture/random.mjs" */
/** @import { BrowserRefusal } from "./browser/profile.mjs" */

/**
 * @typedef {{at: number, kind: string, [more: string]: any}} Step
 */

/**
 * @typedef {object} ProfilePlan
 * @property {boolean} shareTabs
 * @property {BrowserRefusal | null} [refusal]
 */

/**
 * @typedef {object} Plan
 * @property {number} seed
 * @property {Record<string, ProfilePlan>} profiles
 * @property {Step[]} steps
 * @property {boolean} [hasThieves]
 */

/**
 * @typedef {object} Draft
 * @property {Random} random
 * @property {string[]} tabs
 * @property {string[]} profiles
 * @property {() => number} number Counts, so that every key is used once.
 * @property {string[]} games Those that somebody was to join and nobody to leave.
 * @property {string[]} ids The keys that were pushed with an id.
 */

/** @typedef {{weight: number, make: (draft: Draft) => object}} Recipe */

const NOTICES = [
  { page: true, server: true },
  { page: true, server: false },
  { page: false, server: true },
  { page: false, server: false },
];

/** @param {Draft} draft */
const aTab = ({ random, tabs }) => ({ tab: random.pick(tabs) });
/** @param {Draft} draft */
const aProfile = ({ random, profiles }) => ({ profile: random.pick(profiles) });
/** Short durations are as likely as long ones. @param {Random} random @param {number} least @param {number} most */
const duration = (random, least, most) => Math.round(least * (most / least) ** random.next());
/** @param {Draft} draft */
const aCut = (draft) => ({
  ...aTab(draft),
  direction: draft.random.pick(["down", "down", "up"]),
  frames: draft.random.between(1, 6),
  notice: draft.random.pick(NOTICES),
});

/** @param {Draft} draft */
const aStop = ({ random }) => ({ how: random.pick(["halted", "frozen", "frozen-told"]) });

/** What users, apps and servers do. @type {Record<string, Recipe>} */
export const ACTIONS = {
  publish: { weight: 12, make: (draft) => ({ ...aTab(draft), key: `e${draft.number()}`, count: 1 }) },
  burst: {
    weight: 2,
    make: (draft) => ({ ...aTab(draft), key: `e${draft.number()}`, count: draft.random.between(5, 90) }),
  },
  join: {
    weight: 4,
    make: (draft) => {
      const game = `g${draft.number()}`;
      draft.games.push(game);
      return { ...aTab(draft), game };
    },
  },
  // Who leaves a game that is not there is answered, too, as all others are told.
  leave: { weight: 3, make: (draft) => ({ ...aTab(draft), game: draft.games.shift() ?? `g${draft.number()}` }) },
  presence: { weight: 2, make: (draft) => ({ ...aTab(draft), presence: draft.random.pick(["online", "away"]) }) },
  name: { weight: 1, make: (draft) => ({ ...aTab(draft), name: `n${draft.number()}` }) },
  push: { weight: 4, make: (draft) => ({ key: `p${draft.number()}` }) },
  keep: { weight: 5, make: (draft) => ({ key: `k${draft.number()}`, seconds: draft.random.pick([86_400, 2_592_000, 60]) }) },
  "keep-many": { weight: 0.4, make: (draft) => ({ key: `k${draft.number()}`, count: 70 }) },
  aim: { weight: 2, make: (draft) => ({ ...aTab(draft), key: `w${draft.number()}` }) },
  "push-with-id": {
    weight: 1,
    make: (draft) => {
      const key = `${draft.random.pick(["p", "k"])}${draft.number()}`;
      draft.ids.push(key);
      return { key, seconds: key.startsWith("k") ? 86_400 : 0 };
    },
  },
  "push-again": { weight: 1, make: (draft) => ({ key: draft.random.pick(draft.ids) ?? "none" }) },
  "server-joins": {
    weight: 1,
    make: (draft) => {
      const game = `g${draft.number()}`;
      draft.games.push(game);
      return { game };
    },
  },
  "mark-read": { weight: 3, make: (draft) => ({ ...aTab(draft), isOne: draft.random.next() < 0.3 }) },
  clear: { weight: 0.3, make: () => ({}) },
  "logout-all": { weight: 1, make: aTab },
  "reuse-id": { weight: 0.5, make: (draft) => ({ key: `e${draft.number()}` }) },
  "ask-state": { weight: 1, make: () => ({}) },
};

/** What tabs and their browsers do. @type {Record<string, Recipe>} */
export const PAGE_FAULTS = {
  load: { weight: 3, make: aTab },
  close: { weight: 1, make: aTab },
  kill: { weight: 1, make: aTab },
  reload: { weight: 2, make: aTab },
  duplicate: { weight: 1, make: (draft) => ({ ...aTab(draft), to: draft.random.pick(["2", "3", "4"]) }) },
  hide: { weight: 1, make: (draft) => ({ ...aTab(draft), ms: duration(draft.random, 1_000, 1_000_000) }) },
  freeze: { weight: 1, make: (draft) => ({ ...aTab(draft), ...aStop(draft), ms: duration(draft.random, 100, 400_000) }) },
  interrupt: {
    weight: 2,
    make: (draft) => ({
      ...{ ...aTab(draft), ...aStop(draft), count: draft.random.between(1, 8) },
      act: draft.random.pick(["close", "kill", "freeze", "freeze"]),
      ms: duration(draft.random, 100, 60_000),
    }),
  },
  cache: { weight: 2, make: (draft) => ({ ...aTab(draft), ms: duration(draft.random, 50, 100_000) }) },
  "away-at-logout": { weight: 1, make: (draft) => ({ ...aTab(draft), ms: duration(draft.random, 300, 2_500) }) },
  "leave-asking": {
    weight: 1.5,
    make: (draft) => ({
      ...{ ...aTab(draft), key: `e${draft.number()}`, behind: draft.random.pick([0, 1, 1, 2, 3, 30]) },
      act: draft.random.pick(["cache", "cache", "close", "kill"]),
      ms: duration(draft.random, 50, 30_000),
    }),
  },
  "leave-all": { weight: 2, make: (draft) => ({ ms: duration(draft.random, 200, 100_000) }) },
};

/** What the network and the platform do. @type {Record<string, Recipe>} */
export const FAULTS = {
  cut: { weight: 5, make: (draft) => ({ ...aTab(draft), notice: draft.random.pick(NOTICES) }) },
  "cut-after": { weight: 5, make: aCut },
  "cut-next": { weight: 5, make: aCut },
  stall: {
    weight: 4,
    make: (draft) => ({
      ...aTab(draft),
      direction: draft.random.pick(["down", "up"]),
      ms: duration(draft.random, 20, 20_000),
    }),
  },
  offline: {
    weight: 2,
    make: (draft) => ({
      ...aProfile(draft),
      ms: duration(draft.random, 100, 60_000),
      notice: draft.random.pick(NOTICES),
    }),
  },
  hibernate: { weight: 5, make: () => ({}) },
  evict: { weight: 1, make: () => ({}) },
  crash: { weight: 2, make: () => ({}) },
  trap: {
    weight: 1,
    make: ({ random }) => ({ count: random.pick([1, 1, 1, 2, 3, 6]), isBefore: random.next() < 0.5 }),
  },
  "write-fails": { weight: 1, make: ({ random }) => ({ count: random.pick([1, 1, 2]) }) },
  "attach-fails": { weight: 1, make: ({ random }) => ({ count: random.pick([1, 1, 2]) }) },
  "commit-fails": { weight: 1, make: () => ({}) },
  "slow-commits": {
    weight: 2,
    make: ({ random }) => ({ by: duration(random, 100, 3_000), ms: duration(random, 1_000, 20_000) }),
  },
  damage: { weight: 1.5, make: ({ random }) => ({ which: random.between(0, 8) }) },
  deploy: { weight: 1, make: () => ({}) },
  "deploy-now": { weight: 0.5, make: () => ({}) },
  backup: { weight: 1.5, make: () => ({}) },
  restore: { weight: 1, make: () => ({}) },
  "server-clock": { weight: 0.7, make: ({ random }) => ({ by: random.pick([-1, 1]) * duration(random, 10, 3_600_000) }) },
  "device-clock": {
    weight: 1,
    make: (draft) => ({ ...aProfile(draft), by: draft.random.pick([-1, 1]) * duration(draft.random, 10, 3_600_000) }),
  },
};

const RECIPES = { ...ACTIONS, ...PAGE_FAULTS, ...FAULTS };

/** All that may be done on purpose. */
export const DEEDS = [...Object.keys(ACTIONS), ...Object.keys(VALUE_STEPS), ...Object.keys(THEFTS)];

/** Whether leaving out a step of this kind leaves out something that went wrong. @param {string} kind */
export function isFault(kind) {
  return kind in PAGE_FAULTS || kind in FAULTS;
}

/** In a quiet world releases come and go while the object sleeps and wakes, and nothing else happens to anybody. */
const QUIET_SHARE = 0.06;
const QUIET_FAULTS = new Set(["deploy", "hibernate"]);
const NOT_QUIET = new Set(["clear", "logout-all", "reuse-id", "keep-many"]);

/** @param {Pick<Plan, "steps">} plan */
export function isQuiet({ steps }) {
  return steps.every(({ kind }) => kind === "load" || QUIET_FAULTS.has(kind) || kind in VALUE_STEPS || (kind in ACTIONS && !NOT_QUIET.has(kind)));
}

/**
 * What may be in a plan.
 * @typedef {object} Limits
 * @property {Set<string>} [only] The kinds of faults; all if it is left out.
 * @property {Set<string>} [without] The kinds of steps that must not be in it.
 */

/**
 * @param {number} seed
 * @param {Limits} [limits]
 * @returns {Plan}
 */
export function planOf(seed, limits = {}) {
  const random = streamOf(seed, "plan");
  const names = ["a", "b", "c"].slice(0, random.pick([1, 2, 2, 3]));
  /** @type {Plan["profiles"]} */
  const profiles = Object.fromEntries(names.map((name) => [name, profilePlan(random)]));
  const tabs = names.flatMap((name) => [1, 2, 3].slice(0, random.pick([1, 2, 2, 3])).map((at) => name + at));
  let count = 0;
  /** @type {Draft} */
  const draft = { random, tabs, profiles: names, number: () => ++count, games: [], ids: [] };
  const kinds = chosenKinds(random, limits);
  /** @type {Step[]} */
  const steps = tabs.map((tab, at) => ({ at: at * random.between(1, 400), kind: "load", tab }));
  let at = 3_000;
  for (let left = random.between(20, 110); left > 0; left--) {
    at += pause(random);
    const kind = weighted(random, kinds);
    steps.push({ at, kind, ...RECIPES[kind].make(draft) });
  }
  const thieves = isQuiet({ steps }) ? null : withThieves(seed, steps, { tabs, profiles: names }, limits);
  const plan = { seed, profiles, steps: withValues(seed, thieves ?? steps, tabs, limits) };
  return thieves ? { ...plan, hasThieves: true } : plan;
}

/** Some browsers refuse what tabs need to share a socket. @param {Random} random @returns {ProfilePlan} */
function profilePlan(random) {
  const shareTabs = random.next() < 0.6;
  const refusal = random.next() < 0.1 ? random.pick(/** @type {const} */ (["channel", "post", "locks", "lock"])) : null;
  return { shareTabs, refusal };
}

/**
 * Each world has its own mixture: with all kinds of faults at once one would hide what another could show.
 * @param {Random} random
 * @param {Limits} limits
 * @returns {[string, number][]} Kinds and their weights.
 */
function chosenKinds(random, { only, without }) {
  /** @type {[string, number][]} */
  const kinds = [];
  const isCalm = random.next() < QUIET_SHARE;
  for (const [kind, { weight }] of Object.entries(RECIPES)) {
    const isChosen = random.next() < 0.5;
    const factor = 4 ** (random.next() * 2 - 1);
    if (without?.has(kind) || (isCalm && NOT_QUIET.has(kind))) continue;
    if (kind in ACTIONS) kinds.push([kind, weight * factor]);
    else if (isCalm) {
      if (QUIET_FAULTS.has(kind)) kinds.push([kind, weight * 8]);
    } else if (only ? only.has(kind) : isChosen) kinds.push([kind, weight * factor]);
  }
  return kinds;
}

/** @param {Random} random @param {[string, number][]} kinds */
function weighted(random, kinds) {
  const sum = kinds.reduce((total, [, weight]) => total + weight, 0);
  let left = random.next() * sum;
  return kinds.find(([, weight]) => (left -= weight) < 0)?.[0] ?? kinds[0][0];
}

/** The time between two steps: most come close together, some after minutes or hours. @param {Random} random */
function pause(random) {
  const chance = random.next();
  if (chance < 0.55) return random.between(0, 300);
  if (chance < 0.85) return duration(random, 300, 6_000);
  if (chance < 0.97) return duration(random, 5_000, 90_000);
  return duration(random, 60_000, 2_000_000);
}
