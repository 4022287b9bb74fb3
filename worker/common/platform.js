/**
 * Checks whether the platform has what the server needs. The texts that tell an owner what to do belong to
 * requirements.js.
 */
import { NO_SQLITE, PlatformError, UPDATE } from "./requirements.js";

/**
 * Finds a feature that the runtime lacks.
 * @returns {string | null} `null` if it lacks none.
 */
export function runtimeProblem() {
  const { WebSocketRequestResponsePair } = /** @type {Record<string, unknown>} */ (globalThis);
  /** @type {[string, unknown][]} */
  const features = [
    ["URL.parse", URL.parse],
    ["crypto.subtle.timingSafeEqual", crypto.subtle.timingSafeEqual],
    ["Uint8Array.toHex", Uint8Array.prototype.toHex],
    ["WebSocketRequestResponsePair", WebSocketRequestResponsePair],
  ];
  const missing = features.find(([, feature]) => typeof feature !== "function");
  return missing ? `the runtime is too old and has no ${missing[0]}: ${UPDATE}` : null;
}

/**
 * Reads from an object's storage. Whether it is SQLite is asked only if that fails, since asking costs as much as the
 * reading.
 * @template T
 * @param {DurableObjectStorage} storage
 * @param {() => T} read
 * @returns {T}
 * @throws {PlatformError} if the storage is not SQLite; else what `read` throws.
 */
export function readSqlite(storage, read) {
  try {
    return read();
  } catch (error) {
    throw hasSqlite(storage) ? error : new PlatformError(NO_SQLITE);
  }
}

/** @param {DurableObjectStorage} storage */
function hasSqlite(storage) {
  try {
    // Both properties exist without SQLite, too, and throw when they are used. This reads no row.
    return storage.kv !== undefined && storage.sql.databaseSize >= 0;
  } catch {
    return false;
  }
}

/** Returns a random integer that a number has exactly. */
export function randomInteger() {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2));
  return (high % 2 ** 21) * 2 ** 32 + low;
}
