/** The proxies of examples/self-hosted, run with the example's own configuration in front of a server of the tests. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { whyLeftOut } from "../../scripts/lib/native-tools.mjs";
import { eventually } from "./eventually.mjs";
import { freePort } from "./free-port.mjs";
import { ROOT } from "./server.mjs";

/** Debian's packages put these where only root looks. */
const PATH = [process.env.PATH, "/usr/sbin", "/usr/local/sbin"].join(delimiter);

/**
 * A client behind this address may say by the header `Test-Address` what its address is, to nginx alone.
 */
export const PRETENDER = "127.0.0.9";

/**
 * How a proxy is run with the configuration of its example.
 * @typedef {object} Kind
 * @property {string} file Below examples/self-hosted.
 * @property {(port: number) => [text: string | RegExp, other: string][]} replacements What a reader replaces, too: the
 *   addresses and the certificate.
 * @property {(config: string, folder: string) => string} whole The whole configuration, with the example's in it.
 * @property {(path: string, folder: string) => string[]} args
 */

/** @type {Record<string, Kind>} */
export const PROXIES = {
  nginx: {
    file: "nginx.conf",
    replacements: (port) => [
      ["listen 443 ssl;", `listen 127.0.0.1:${port};`],
      ["  listen [::]:443 ssl;\n", ""],
      [/ {2}ssl_certificate.*\n {2}ssl_certificate_key.*\n/, ""],
    ],
    whole: (config, folder) => `
      daemon off; master_process off; pid ${folder}/pid;
      events {}
      http {
        access_log off;
        ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((what) => `${what}_temp_path ${folder}/${what};`).join("\n")}
        set_real_ip_from ${PRETENDER}; real_ip_header Test-Address;
        ${config}
      }`,
    args: (path, folder) => ["-p", folder, "-e", "stderr", "-c", path],
  },
  haproxy: {
    file: "haproxy.cfg",
    replacements: (port) => [["bind :443 ssl crt /etc/ssl/app.example.pem", `bind 127.0.0.1:${port}`]],
    whole: (config) => config,
    args: (path) => ["-db", "-f", path],
  },
};

/**
 * Whether a proxy can be tried here.
 * @param {string} name One of `PROXIES`.
 * @returns {string | false} Why not.
 */
export function withoutProxy(name) {
  if (process.platform !== "linux") return "only Linux answers at all of 127.0.0.0/8";
  return whyLeftOut(name, [name]);
}

/**
 * Runs a proxy with the configuration of its example.
 * @param {string} name One of `PROXIES`.
 * @param {{http: string}} server What is behind it.
 * @param {{http: string}} app The rest of the host.
 */
export async function startProxy(name, server, app) {
  const { file, replacements, whole, args } = PROXIES[name];
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const port = await freePort();
  let config = readFileSync(join(ROOT, "examples/self-hosted", file), "utf8");
  /** @type {[string | RegExp, string][]} */
  const all = [
    ...replacements(port),
    ["127.0.0.1:8787", new URL(server.http).host],
    ["127.0.0.1:3000", new URL(app.http).host],
  ];
  for (const [text, other] of all) {
    const replaced = config.replace(text, other);
    if (replaced === config) throw new Error(`${file} has no ${text}`);
    config = replaced;
  }
  const path = join(folder, file);
  await writeFile(path, whole(config, folder));
  const child = spawn(name, args(path, folder), { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, PATH } });
  const orphaned = () => child.kill("SIGKILL");
  process.once("exit", orphaned);
  let printed = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (printed += text));
  const ended = once(child, "close");
  const http = `http://127.0.0.1:${port}`;
  await eventually(`${name}: ${printed}`, async () => {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${printed}`);
    return fetch(http).then(() => true, () => false);
  });
  return {
    http,
    ws: http.replace("http", "ws"),
    async stop() {
      child.kill("SIGKILL");
      await ended;
      process.off("exit", orphaned);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
