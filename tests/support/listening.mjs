/** Where processes listen, as Linux tells it. */
import { readFileSync, readdirSync, readlinkSync } from "node:fs";

const LISTENING = "0A";

/**
 * The addresses and ports of a process and of all that it has started.
 * @param {number} pid
 */
export function listening(pid) {
  const family = withChildren(pid);
  const inodes = new Set(family.flatMap((one) => attempt(() => socketsOf(one), [])));
  const rows = ["tcp", "tcp6"].flatMap((file) => readFileSync(`/proc/net/${file}`, "utf8").trim().split("\n").slice(1));
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTENING)
    .filter((columns) => inodes.has(columns[9]))
    .map(([, local]) => ({ address: addressOf(local.split(":")[0]), port: parseInt(local.split(":")[1], 16) }));
}

/** @param {number} pid */
function withChildren(pid) {
  const names = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const parents = new Map(names.map((name) => [Number(name), attempt(() => parentOf(name), 0)]));
  const family = new Set([pid]);
  // A child may have a lower number than its parent, so all are gone through until none is found.
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const [child, parent] of parents) if (family.has(parent)) family.add(child);
  }
  return [...family];
}

/** @param {string} pid */
function parentOf(pid) {
  // The program's name may have spaces, and ends at the last parenthesis.
  return Number(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) \S+ /s, "").split(" ")[0]);
}

/** The inodes of a process's sockets. @param {number} pid */
function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).flatMap((name) => /^socket:\[(\d+)\]$/.exec(attempt(() => readlinkSync(`${folder}/${name}`), ""))?.[1] ?? []);
}

/** An address as it stands in /proc, in groups of four bytes whose order is the machine's. @param {string} hex */
function addressOf(hex) {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((group) => [...Buffer.from(group, "hex").reverse()]);
  if (bytes.length === 4) return bytes.join(".");
  return bytes.slice(0, 15).every((byte) => byte === 0) && bytes[15] === 1 ? "::1" : Buffer.from(bytes).toString("hex");
}

/**
 * What a process that has just ended can't tell.
 * @template T
 * @param {() => T} read
 * @param {T} otherwise
 */
function attempt(read, otherwise) {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
