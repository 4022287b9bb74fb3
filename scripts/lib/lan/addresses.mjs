/** The addresses by which devices of the same network reach this machine. */

import { createSocket } from "node:dgram";
import { networkInterfaces } from "node:os";
import { Failure } from "../run.mjs";

/** The networks of RFC 1918, which no router of the internet leads to. */
const PRIVATE = /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./;

/** An address of a range for examples, to which nothing is ever sent. */
const ELSEWHERE = "198.51.100.1";
const ANY_PORT = 9;

/**
 * The private IPv4 addresses of this machine. The first is the one by which it reaches the internet, if that is private.
 * @returns {Promise<string[]>}
 * @throws {Failure} If there is none.
 */
export async function lanAddresses() {
  const entries = Object.values(networkInterfaces()).flatMap((several) => several ?? []);
  const isOurs = (/** @type {import("node:os").NetworkInterfaceInfo} */ { family, internal, address }) =>
    family === "IPv4" && !internal && PRIVATE.test(address);
  const found = [...new Set(entries.filter(isOurs).map(({ address }) => address))];
  if (found.length === 0) {
    throw new Failure(
      "--lan: this machine has no address in a private network (192.168.…, 10.… or 172.16.… to 172.31.…). " +
        "Connect it to the phone's network, or leave --lan out.",
    );
  }
  const routed = await routedAddress();
  return found.sort((a, b) => Number(b === routed) - Number(a === routed));
}

/**
 * The address that the system writes into packets for the internet. Asking for it sends none.
 * @returns {Promise<string | null>} `null` if nothing leads there.
 */
function routedAddress() {
  const socket = createSocket("udp4");
  /** @type {Promise<string | null>} */
  const found = new Promise((resolve) => {
    socket.once("error", () => resolve(null));
    socket.connect(ANY_PORT, ELSEWHERE, () => resolve(socket.address().address));
  });
  return found.finally(() => socket.close());
}
