/**
 * What `npm run dev -- --lan` does, on a loopback address in place of those of the network, to which no test may listen:
 * `node tests/support/lan-dev.mjs <port> <address>`.
 */
import { main } from "../../scripts/lib/run.mjs";
import { serveDemo } from "../../scripts/lib/serve-demo.mjs";

const [port, address] = process.argv.slice(2);
await main(() => serveDemo(Number(port), [address]));
