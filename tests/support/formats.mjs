/** The files of tests/formats, and what they hold. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { ROOT } from "./server.mjs";

const FOLDER = join(ROOT, "tests/formats");

/** In every snapshot. */
export const GAMES = ["zoo", "ant", "é🎲", "nul\0!"];
export const LAST_ACTIVE = 1_795_383_198_465;

/** In what has a logout, in seconds. */
export const LOGOUT_AT = 1_795_383_000;

/** @param {string} kind */
const filesOf = (kind) => readdirSync(FOLDER).filter((name) => name.startsWith(kind)).sort();

/** Snapshots and logouts by the names of their files, oldest first. */
export const SNAPSHOTS = filesOf("snapshot");
export const LOGOUTS = filesOf("logout");

export const NEWEST_SNAPSHOT = "snapshot-v3.bin";
export const NEWEST_LOGOUT = "logout-v4.bin";

/** Snapshots of the time when the logout was in them. */
export const WITH_LOGOUT = new Set(["snapshot-v2.bin"]);

/** The logout with a credential that was ended alone, by a hash that is not known any more. */
export const WITH_OLD_HASHES = "logout-v2.bin";

/** @param {string} name */
export function readFormat(name) {
  return new Uint8Array(readFileSync(join(FOLDER, name)));
}

/** @type {Record<string, unknown>} */
export const LEGACY = JSON.parse(readFileSync(join(FOLDER, "legacy.json"), "utf8"));
