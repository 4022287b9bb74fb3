/**
 * Starts the server on this machine alone, at http://localhost:5173, with the demo, and keeps it
 * running. `--port N` takes another port, `--lan` lets in phones.
 */

import { readArguments } from "./lib/arguments.mjs";
import { lanAddresses } from "./lib/lan/addresses.mjs";
import { Failure, main } from "./lib/run.mjs";
import { serveDemo } from "./lib/serve-demo.mjs";

const USAGE = `npm run dev -- [options]: the demo, until you press Ctrl-C

  --port <n>  where it listens on this machine; default: 5173
  --lan       lets in phones of the same network, too, each by a code that you see here and scan`;

const PORT = "5173";

await main(async () => {
  const { port, lan } = readOptions();
  await serveDemo(port, lan ? await lanAddresses() : []);
});

/** @throws {Failure} If the arguments are others, or no port. */
function readOptions() {
  const options = /** @type {const} */ ({
    port: { type: "string", default: PORT },
    lan: { type: "boolean", default: false },
  });
  const { values } = readArguments({ options }, USAGE);
  const port = Number(values.port);
  if (Number.isInteger(port) && port >= 1 && port <= 65_535) return { port, lan: values.lan };
  throw new Failure(`--port ${values.port} is not a port; give a number from 1 to 65535.`);
}
