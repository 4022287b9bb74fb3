/**
 * Sees the server's ends of all sockets and its answers, and compares each at once with the law: nobody who was logged out
 * is let in, answered or sent anything, and nobody who was not is turned away. What was on its way before counts for
 * nothing here, since it is seen when it leaves.
 */
import { requestOf, isDoneIn } from "./adapter.mjs";
import { deviceOf, isClear, isEnding, isGranted, isRefused, isVersion2, logoutByRequest, logoutIn, ticketIn } from "./adapter-logouts.mjs";

/** @import { Done } from "./adapter-logouts.mjs" */
/** @import { Credential } from "./issuer.mjs" */
/** @import { Entry, Law } from "./law.mjs" */
/** @import { Fate, Turn } from "./platform/object.mjs" */
/** @import { ServerEnd } from "./platform/sockets.mjs" */
/** @import { Server } from "./server.mjs" */
/** @import { World } from "./world.mjs" */

export class Witness {
  #world;
  #server;
  #law;
  /** The credential for which each ticket was given. @type {Map<string, Credential>} */
  #tickets = new Map();
  /** The ends that were closed in the present task of the clock, and why. @type {{end: ServerEnd, isEnding: boolean}[]} */
  #closed = [];
  /** The devices that were logged out in it. @type {Set<string>} */
  #named = new Set();

  /** @param {World} world @param {Server} server @param {Law} law */
  constructor(world, server, law) {
    this.#world = world;
    this.#server = server;
    this.#law = law;
  }

  /** @param {Turn} turn @returns {Fate} */
  turned(turn) {
    const by = turn.end?.credential ?? null;
    const key = turn.kind === "message" ? (requestOf(turn.content)?.key ?? null) : null;
    const done = logoutIn(turn);
    const hasDone = done !== null || (key !== null && isDoneIn(turn, key));
    if (by && hasDone && this.#law.hasEnded(by)) this.#betrayed(by, `had this done: ${turn.content}`);
    return done && this.#fateOf([this.#loggedOut(done, by)]);
  }

  /** @param {any} request @param {any} response @returns {Fate} */
  answered(request, response) {
    const { kind, ticket } = request.cf?.userSessionAccess ?? {};
    const isTicket = kind === "ticket";
    const id = new URL(request.url).username;
    const credential = isTicket ? this.#tickets.get(ticket) : this.#server.issuer.credentials.get(id);
    if (!credential) return null;
    const what = `${request.method} ${request.url.slice(request.url.indexOf("/__"))}`;
    if (isRefused(response) && !isTicket && !this.#law.mayHaveEnded(credential)) this.#expelled(credential, `was refused ${what}`);
    if (!isGranted(response)) return null;
    if (this.#law.hasEnded(credential)) this.#betrayed(credential, `was granted ${what}`);
    return this.#granted(credential, request, response);
  }

  /** @param {Credential} credential @param {any} request @param {any} response @returns {Fate} */
  #granted(credential, request, response) {
    const { webSocket: end } = response;
    const device = end ? deviceOf(request.url) : null;
    if (end) Object.assign(end, { credential, device });
    const ticket = ticketIn(request, response);
    if (ticket) this.#tickets.set(ticket, credential);
    const { length } = this.#world.ghost.deeds;
    /** @type {Entry[]} */
    const entries = [this.#law.shown(credential, { device, isRemembered: isVersion2(response) }, length)];
    const done = logoutByRequest(request, response);
    if (done) entries.push(this.#loggedOut(done, credential));
    return this.#fateOf(entries, isClear(request, response) ? this.#world.ghost.cleared() : null);
  }

  /** @param {ServerEnd} end @param {string} text */
  sent({ credential, device }, text) {
    if (credential && this.#law.hasEnded(credential)) this.#betrayed(credential, `as ${device} was sent ${text.slice(0, 80)}`);
  }

  /** @param {ServerEnd} end @param {number} code @param {string} reason */
  closed(end, code, reason) {
    if (this.#closed.length === 0) this.#world.clock.afterTask(() => this.#checkClosed());
    this.#closed.push({ end, isEnding: isEnding(code, reason) });
  }

  /** The task has ended, so what it has logged out is known. */
  #checkClosed() {
    for (const { end, isEnding: isOver } of this.#closed.splice(0)) {
      const { credential, device } = end;
      if (!isOver || !credential || this.#named.has(device) || this.#law.mayHaveEnded(credential)) continue;
      this.#expelled(credential, `as ${device} was closed`);
    }
    this.#named.clear();
  }

  /** @param {Done} done @param {Credential | null} by */
  #loggedOut(done, by) {
    const open = [...this.#server.object.ends].filter((end) => !end.hasSentClose);
    const here = [...open, ...this.#closed.map(({ end }) => end)];
    if (done.scope === "device") this.#named.add(done.id);
    this.#world.trace(`law: ${done.scope} ${done.id} by ${by?.id ?? "a server"}`);
    return this.#law.loggedOut(done, by, here, this.#world.ghost.deeds.length);
  }

  /** @param {Entry[]} entries @param {Fate} [other] @returns {Fate} */
  #fateOf(entries, other = null) {
    return {
      released: () => other?.released(),
      dropped: () => {
        for (const entry of entries) this.#law.drop(entry);
        other?.dropped();
      },
    };
  }

  /** @param {Credential} credential @param {string} what */
  #betrayed(credential, what) {
    this.#world.violate("silence-after-logout", `${told(credential)} ${what}`);
  }

  /** @param {Credential} credential @param {string} what */
  #expelled(credential, what) {
    this.#world.violate("spared-stays", `${told(credential)} ${what}`);
  }
}

/** @param {Credential} credential */
function told({ id, issuedAt, sessionId, ownId, signInTime }) {
  return `${id} (${issuedAt}, ${sessionId}, ${ownId}${signInTime === null ? "" : ", by its sign-in"})`;
}
