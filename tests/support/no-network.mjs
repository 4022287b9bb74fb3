/** Imported before a script: the machine has this one and no private address, as a server in a data centre. */
import { syncBuiltinESMExports } from "node:module";
import os from "node:os";

const rest = { netmask: "255.255.255.0", mac: "02:00:00:00:00:01", cidr: null };
os.networkInterfaces = () => ({
  lo: [{ ...rest, address: "127.0.0.1", family: "IPv4", internal: true }],
  eth0: [
    { ...rest, address: "203.0.113.9", family: "IPv4", internal: false },
    { ...rest, address: "fd00::2", family: "IPv6", internal: false, scopeid: 0 },
  ],
});
syncBuiltinESMExports();
