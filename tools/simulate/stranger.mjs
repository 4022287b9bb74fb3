/**
 * A program that is not our client, and speaks the protocol with a mistake: it sends two different requests under
 * one id. Neither may be acknowledged without being done.
 */
import { PROTOCOL, isAck, requestsOfOneId } from "./adapter.mjs";
import { Page } from "./browser/page.mjs";
import { Profile, storageOf } from "./browser/profile.mjs";
import { PageSocket } from "./browser/socket.mjs";
import { streamOf } from "./chance.mjs";

/** @import { World } from "./world.mjs" */

/** How long it waits for its answers. */
const PATIENCE_MS = 4_000;

export class Stranger {
  acks = 0;
  key;
  /** Whether the object may have lost what it knew of this one. */
  isForgotten = false;

  /** @param {World} world @param {string} key The unique key of its second request. */
  constructor(world, key) {
    this.key = key;
    const { query, id, frames } = requestsOfOneId(key);
    const profile = new Profile("x", world.clock);
    profile.credential = world.server.issuer.signIn(profile.name);
    const page = new Page(`x.${key}`, {
      clock: world.clock,
      random: streamOf(world.options.seed, `stranger ${key}`),
      profile,
      sessionStorage: storageOf(new Map()),
      client: () => null,
      connect: (socket, url, protocols) => world.connect(socket, url, protocols),
      fetch: () => Promise.reject(new Error("it asks for nothing")),
      trace: (text) => world.trace(text),
      complain: () => {},
    });
    const url = `wss://app.example/__user-session?userId=kim&deviceId=x&tabId=${key}${query}`;
    const socket = new PageSocket(page, url, [PROTOCOL]);
    const { losses } = world.server;
    let isFirst = true;
    socket.onmessage = ({ data }) => {
      if (isFirst) for (const frame of frames) socket.send(frame);
      isFirst = false;
      if (isAck(data, id)) this.acks++;
      this.isForgotten = world.server.losses > losses;
    };
    world.clock.after(PATIENCE_MS, () => socket.close(1000));
  }
}
