/**
 * The part of a plan in which thieves come, and logouts are meant for them. It has chance of its own, so that the rest of
 * a world is the same with and without it.
 */
import { streamOf } from "./chance.mjs";

/** @import { Random } from "../torture/random.mjs" */
/** @import { Limits, Step } from "./plan.mjs" */

/** In so many worlds there are thieves. */
const THIEVES_SHARE = 0.4;

/** In so many of these only single credentials are ended. */
const SINGLE_SHARE = 0.25;

/** So many ended ids are more than a server keeps. */
const IDS_COUNT = 270;

/** How often, after a step, thieves try at once what they can still do. */
const TRY_SHARE = 0.5;

/**
 * @typedef {object} Draft
 * @property {Random} random
 * @property {string[]} tabs
 * @property {string[]} profiles
 * @property {string[]} thieves
 * @property {() => number} number
 */

/** @typedef {{weight: number, isLogout?: boolean, make: (draft: Draft) => object}} Recipe */

/** @param {Draft} draft */
const aThief = ({ random, thieves }) => ({ thief: random.pick(thieves), pick: random.between(0, 9) });
/** A thief who may call himself what one of the owner's tabs does. @param {Draft} draft */
const disguised = (draft) => ({
  ...aThief(draft),
  version: draft.random.pick([1, 2, 2]),
  ...(draft.random.next() < 0.5 && { tab: draft.random.pick(draft.tabs), isTab: draft.random.next() < 0.4 }),
});
/** Whom a logout is meant for: a device, or somebody's credential. @param {Draft} draft */
const aTarget = ({ random, thieves, profiles }) => ({
  target: random.pick([...thieves, ...thieves, ...profiles]),
  pick: random.between(0, 9),
});
const SCOPES = /** @type {const} */ (["all", "others", "others", "others", "device", "device", "credential", "credential"]);

/** The deeds of thieves, and those against them. @type {Record<string, Recipe>} */
export const THEFTS = {
  "thief-steals": { weight: 3, make: (draft) => ({ ...aThief(draft), profile: draft.random.pick(draft.profiles) }) },
  "thief-signs-in": { weight: 2, make: aThief },
  "thief-renews": { weight: 3, make: aThief },
  "thief-connects": { weight: 10, make: disguised },
  "thief-leaves": { weight: 4, make: aThief },
  "thief-publishes": { weight: 3, make: (draft) => ({ ...aThief(draft), key: `t${draft.number()}` }) },
  "thief-asks": {
    weight: 6,
    make: (draft) => ({ ...aThief(draft), what: draft.random.pick(["state", "export", "ticket", "ticket", "clear"]) }),
  },
  "thief-uses-ticket": { weight: 4, make: disguised },
  "thief-logs-out": {
    weight: 2,
    make: (draft) => ({ ...aThief(draft), ...aTarget(draft), via: draft.random.pick(["frame", "http"]), scope: draft.random.pick(SCOPES) }),
  },
  "thief-floods": {
    weight: 1.2,
    make: (draft) => {
      const what = draft.random.pick(["devices", "credentials", "credentials", "ids"]);
      const count = { devices: 66, credentials: 10, ids: IDS_COUNT }[what];
      return { ...disguised(draft), what, count };
    },
  },
  "thief-tries": { weight: 3, make: disguised },
  renew: { weight: 3, make: (draft) => ({ profile: draft.random.pick(draft.profiles) }) },
  "log-out": {
    weight: 9,
    isLogout: true,
    make: (draft) => ({
      tab: draft.random.pick(draft.tabs),
      ...aTarget(draft),
      via: draft.random.pick(["frame", "http", "rpc"]),
      scope: draft.random.pick(SCOPES),
      // A server may name whomever it likes as the one who stays.
      isTargetSpared: draft.random.next() < 0.4,
    }),
  },
  "issuer-logs-out": {
    weight: 2,
    isLogout: true,
    make: (draft) => ({ ...aTarget(draft), isKnown: draft.random.next() < 0.7, agoS: draft.random.pick([0, 0, 2, 60, 600]) }),
  },
};

/**
 * Adds thieves to the steps of a plan, if there are to be any.
 * @param {number} seed
 * @param {Step[]} steps
 * @param {{tabs: string[], profiles: string[]}} owners
 * @param {Limits} limits
 * @returns {Step[] | null} `null` if there are none.
 */
export function withThieves(seed, steps, { tabs, profiles }, { without }) {
  const random = streamOf(seed, "thieves");
  if (random.next() >= THIEVES_SHARE) return null;
  const thieves = ["t1", "t2"].slice(0, random.pick([1, 1, 2]));
  let count = 0;
  /** @type {Draft} */
  const draft = { random, tabs, profiles, thieves, number: () => ++count };
  const kinds = Object.entries(THEFTS).flatMap(([kind, { weight }]) => {
    const factor = 4 ** (random.next() * 2 - 1);
    const isThere = random.next() < 0.8;
    return isThere && !without?.has(kind) ? [{ kind, weight: weight * factor }] : [];
  });
  if (kinds.length === 0) return null;
  const end = steps.at(-1)?.at ?? 0;
  /** @type {Step[]} */
  const more = [];
  for (let left = random.between(8, 40); left > 0; left--) {
    // Most come soon after something else, as what is told of here takes a moment and not hours.
    const near = random.pick(steps).at + random.between(0, 2_000);
    const at = Math.min(Math.max(near, 1_500), end);
    const kind = weighted(random, kinds);
    const { make, isLogout } = THEFTS[kind];
    more.push({ at, kind, ...make(draft) });
    const isTried = isLogout && random.next() < TRY_SHARE && !without?.has("thief-tries");
    if (isTried) more.push({ at: at + random.between(50, 4_000), kind: "thief-tries", ...disguised(draft) });
  }
  const all = streamOf(seed, "single").next() < SINGLE_SHARE ? onlySingle([...steps, ...more]) : [...steps, ...more];
  return all.sort((one, other) => one.at - other.at);
}

/**
 * Leaves out all that ends more than single credentials, so that only the server's list of those keeps them out.
 * @param {Step[]} steps
 */
function onlySingle(steps) {
  return steps
    .filter(({ kind, isKnown }) => kind !== "logout-all" && isKnown !== false)
    .map((step) => {
      const isAll = step.scope === "all" || step.scope === "others";
      const isMany = step.kind === "thief-floods" && step.what === "devices";
      return { ...step, ...(isAll && { scope: "credential" }), ...(isMany && { what: "ids", count: IDS_COUNT }) };
    });
}

/** @param {Random} random @param {{kind: string, weight: number}[]} kinds */
function weighted(random, kinds) {
  let left = random.next() * kinds.reduce((total, { weight }) => total + weight, 0);
  return (kinds.find(({ weight }) => (left -= weight) < 0) ?? kinds[0]).kind;
}
