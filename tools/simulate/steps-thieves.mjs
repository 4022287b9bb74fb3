/**
 * Performs the steps of thieves, and the logouts that are meant for them.
 */
import { ISSUER_METHOD, METHOD_OF, logoutQuery } from "./adapter-logouts.mjs";

/** @import { Scope } from "./adapter-logouts.mjs" */
/** @import { Credential } from "./issuer.mjs" */
/** @import { Step } from "./plan.mjs" */
/** @import { Performance } from "./steps.mjs" */
/** @import { World } from "./world.mjs" */

/** How a thief calls himself in a step: as one of the owner's tabs, or by his own name. @param {World} world @param {Step} step */
function disguiseOf(world, { thief, tab: name, isTab }) {
  if (!name) return { device: thief, tab: null };
  const { profile, app } = world.tab(name);
  const url = app?.page.socket?.url;
  const tab = isTab && url ? new URL(url).searchParams.get("tabId") : null;
  if (tab) world.isImpersonated = true;
  return { device: profile.name, tab };
}

/** @param {World} world @param {Step} step @returns {Credential | null} */
function credentialOf(world, { target, pick }) {
  const profile = world.profiles.get(target);
  return profile ? profile.credential : world.thief(target).credential(pick);
}

/** The id that a logout names. @param {World} world @param {Step} step @param {Credential | null} own Of who asks by HTTP or as a server. */
function namedBy(world, step, own) {
  if (step.scope === "all") return "";
  if (step.scope === "device") return step.target;
  const isTargets = step.scope === "credential" || (step.via === "rpc" && step.isTargetSpared);
  const credential = isTargets ? credentialOf(world, step) : own;
  // Either of two ids may be named.
  const ids = [credential?.sessionId, credential?.ownId].filter((id) => typeof id === "string");
  return ids[step.pick % Math.max(1, ids.length)] ?? "nobody";
}

/** @param {World} world @param {Step} step */
function logOut(world, step) {
  const { profile, app } = world.tab(step.tab);
  const { credential } = profile;
  const scope = /** @type {Scope} */ (step.scope);
  const target = namedBy(world, step, credential);
  if (step.via === "rpc") {
    world.callServer(METHOD_OF[scope], ...(scope === "all" ? [] : [target]));
    return true;
  }
  if (!credential || !app || app.page.isFrozen) return false;
  // The client has no method that ends a single credential, since an app's server does that.
  if (step.via === "http" || scope === "credential") {
    void world.request(credential, "POST", "/logout", logoutQuery(scope, target));
    return true;
  }
  app.ask("logout", false, (client) => {
    if (scope === "device") return client.logoutDevice(target);
    return scope === "others" ? client.logoutOthers() : client.logoutAllDevices();
  });
  return true;
}

/** @type {Record<string, Performance>} */
export const THEFTS = {
  "thief-steals": (world, { thief, profile: name }) => {
    const credential = world.profiles.get(name)?.credential;
    if (credential) world.thief(thief).credentials.push(credential);
    return Boolean(credential);
  },
  "thief-signs-in": (world, { thief }) => void world.thief(thief).credentials.push(world.server.issuer.signIn(thief)),
  "thief-renews": (world, { thief: name, pick }) => {
    const thief = world.thief(name);
    thief.credentials.push(world.server.issuer.renew(thief.credential(pick)));
  },
  "thief-connects": (world, step) => {
    const thief = world.thief(step.thief);
    thief.connect(thief.credential(step.pick), { version: step.version, ...disguiseOf(world, step) });
  },
  "thief-leaves": (world, { thief }) => world.thief(thief).leave(),
  "thief-publishes": (world, { thief, key }) => world.thief(thief).publish(key),
  "thief-asks": (world, { thief: name, pick, what }) => {
    const thief = world.thief(name);
    thief.ask(thief.credential(pick), what);
  },
  "thief-uses-ticket": (world, step) =>
    world.thief(step.thief).useTicket({ version: step.version, ...disguiseOf(world, step) }),
  "thief-logs-out": (world, step) => {
    const thief = world.thief(step.thief);
    const own = thief.credential(step.pick);
    const target = namedBy(world, step, own);
    if (step.via === "frame") return thief.logOutByFrame(step.scope, target);
    thief.logOutByRequest(own, step.scope, target);
    return true;
  },
  "thief-floods": (world, step) => {
    const thief = world.thief(step.thief);
    thief.flood(step.what, step.count, disguiseOf(world, step).device, thief.credential(step.pick));
  },
  "thief-tries": (world, step) => {
    const { device, tab } = disguiseOf(world, step);
    world.thief(step.thief).tryAll(device, tab);
  },
  renew: (world, { profile: name }) => {
    const profile = world.profiles.get(name);
    if (!profile?.credential) return false;
    profile.credential = world.server.issuer.renew(profile.credential);
    return true;
  },
  "log-out": logOut,
  "issuer-logs-out": (world, step) => {
    const id = step.isKnown ? credentialOf(world, step)?.sessionId : "nobody";
    if (!id) return false;
    world.callServer(ISSUER_METHOD, id, world.server.second() - step.agoS);
    return true;
  },
};
