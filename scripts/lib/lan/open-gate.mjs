/** Opens the gate and says in the terminal how to come in, again for each browser. */

import { Failure } from "../run.mjs";
import { Gate } from "./gate.mjs";
import { qrCode } from "./qr-code.mjs";

/**
 * @typedef {object} OpenGate
 * @property {() => Promise<void>} show Prints the code that lets in the next browser.
 * @property {() => void} close
 */

/**
 * Listens on addresses of this machine. Nobody is let in before a code is shown.
 * @param {string[]} addresses The first is that of the code; the others are written beneath it.
 * @param {number} port On these addresses, and that of the development server on 127.0.0.1.
 * @returns {Promise<OpenGate>}
 * @throws {Failure} If one of them can't be listened on.
 */
export async function openGate(addresses, port) {
  const show = async (/** @type {string} */ reason) => {
    const [url, ...others] = gate.urls;
    const elsewhere = others.map((other) => `\nIn another network of this machine: ${other}`).join("");
    console.log(`\n${reason}\n\n${await qrCode(url)}\n\nThe same as an address: ${url}${elsewhere}\n`);
  };
  const gate = new Gate(addresses, port, port, {
    entered: (address) => void show(`${address} has come in and used up its code. This one is for the next browser:`),
    unheard: (address) => console.log(`\n${address} has sent too many wrong codes: its codes are not heard for a minute.\n`),
  });
  for (const address of addresses) {
    await gate.listen(address, port).catch((error) => {
      gate.close();
      throw new Failure(`--lan: cannot listen on ${address}, port ${port}: ${error.message}.`);
    });
  }
  return {
    show: () => show("Scan this code with a phone in the same network. It lets in one browser, once:"),
    close: () => gate.close(),
  };
}
