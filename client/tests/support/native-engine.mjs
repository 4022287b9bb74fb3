/** An engine with the globals of React Native, and without what it lacks of a browser's, which runs what Metro has bundled. */
import { cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createContext, runInContext } from "node:vm";

import metro from "metro";

import { ROOT } from "../../../tests/support/server.mjs";

const APP = new URL("../react-native/", import.meta.url);
/** What the bundle has of the package, and of the one beside it. */
const FILES = ["package.json", "client/dist"];

/**
 * Bundles the app as a developer of React Native does.
 * @returns {Promise<string>}
 */
export async function bundleByMetro() {
  const folder = await mkdtemp(join(tmpdir(), "native-"));
  try {
    const packages = join(folder, "node_modules");
    for (const name of FILES) await cp(join(ROOT, name), join(packages, "user-session-worker", name), { recursive: true });
    for (const name of ["react", "metro-runtime"]) {
      await mkdir(packages, { recursive: true });
      await cp(join(ROOT, "node_modules", name), join(packages, name), { recursive: true });
    }
    await cp(APP, folder, { recursive: true });
    const base = await metro.loadConfig({ cwd: folder, projectRoot: folder });
    const config = metro.mergeConfig(base, {
      projectRoot: folder,
      watchFolders: [folder, join(ROOT, "node_modules/metro-runtime")],
      cacheStores: [],
      maxWorkers: 1,
      reporter: { update: () => {} },
      resolver: { useWatchman: false },
      transformer: { getTransformOptions: async () => ({ transform: { experimentalImportSupport: true, inlineRequires: false } }) },
    });
    const { code } = await metro.runBuild(config, { entry: "app.js", dev: false, minify: false, platform: "ios" });
    return code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As much of a URL as React Native has: it does not resolve what it is given, and knows the hosts of http alone. */
class NativeURL {
  /** @param {string} url @param {string} [base] */
  constructor(url, base) {
    if (base !== undefined && !/^https?:\/\/[a-z\d.-]+\.[a-z]{2,}/.test(base)) throw new TypeError(`Invalid base URL: ${base}`);
    this.href = base === undefined ? url : `${base.replace(/\/$/, "")}/${url.replace(/^\//, "")}`;
  }

  get host() {
    return /^https?:\/\/([^/?#]+)/.exec(this.href)?.[1] ?? "";
  }

  toString() {
    return this.href;
  }
}

/**
 * Runs a bundle.
 * @param {string} code
 * @param {Record<string, unknown>} [more] Other globals.
 * @returns {{UserSessionClient: typeof import("user-session-worker/client").UserSessionClient}}
 */
export function runNative(code, more = {}) {
  /** @type {Record<string, unknown>} */
  const globals = {
    console,
    fetch,
    setTimeout,
    clearTimeout,
    WebSocket,
    URL: NativeURL,
    navigator: { product: "ReactNative" },
    performance: { now: () => performance.now() },
    ...more,
  };
  globals.global = globals.window = globals;
  const context = createContext(globals);
  runInContext(code, context);
  return /** @type {any} */ (globals).app;
}
