/** Whether the platform has what the server needs. */
import { NO_SQLITE, PlatformError, UPDATE } from "./requirements.js";

/**
 * Finds out what the runtime lacks for any request.
 * @returns {string | null}
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
 * Makes sure that an object has the storage that it is meant for.
 * @param {DurableObjectStorage} storage
 * @throws {PlatformError}
 */
export function requireSqlite(storage) {
  if (!hasSqlite(storage)) throw new PlatformError(NO_SQLITE);
}

/** @param {DurableObjectStorage} storage */
function hasSqlite(storage) {
  try {
    // Without SQLite both are there, and throw when they are used. This reads no row.
    return storage.kv !== undefined && storage.sql.databaseSize >= 0;
  } catch {
    return false;
  }
}
