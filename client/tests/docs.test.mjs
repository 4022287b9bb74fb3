/**
 * The names that docs/client.md lists, against those that the client has. tsc holds each list here to the
 * type that it is about, in both directions.
 */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";

import { codeIn, sentencesOf, tableOf, textOf } from "../../tests/docs/markdown.mjs";
import { ROOT } from "../../tests/support/server.mjs";

/** @import { ConnectionStatus, SessionDevice, SessionMessage, SessionState, SessionValue } from "user-session-worker/client" */
/** @import { UseUserSessionOptions, UseUserSessionResult } from "user-session-worker/react" */

const PAGE = "docs/client.md";

/** @type {Record<keyof UseUserSessionOptions, true>} */
const OPTIONS = {
  ...{ userId: true, enabled: true, url: true, token: true, deviceId: true, deviceName: true },
  ...{ onGameJoined: true, onGameLeft: true, onPresenceChanged: true, onLoggedOut: true, onEvent: true, onReset: true },
  ...{ presenceFromVisibility: true, shareTabs: true, heartbeatMs: true, lostAfterMs: true, requestsPerSecond: true },
  environment: true, WebSocket: true,
};

/** @type {Record<keyof UseUserSessionResult, true>} */
const RESULT = {
  ...{ state: true, isConnected: true, isLoading: true, problem: true, error: true, connectionStatus: true },
  ...{ devices: true, unread: true, messages: true, values: true, pendingRequests: true, joinGame: true, leaveGame: true, updatePresence: true },
  ...{ logoutAllDevices: true, publish: true, onEvent: true, logoutOthers: true, logoutDevice: true },
  logoutCredential: true,
  ...{ markRead: true, setDeviceName: true, reconnect: true, getMetrics: true },
};

/** @type {Record<ConnectionStatus, true>} */
const STATUSES = {
  ...{ idle: true, connecting: true, connected: true, reconnecting: true, lost: true },
  ...{ logged_out: true, replaced: true, unauthorized: true, forbidden: true },
};

/** @type {Record<keyof SessionState, true>} */
const STATE = { userId: true, activeGames: true, presence: true, lastActive: true };

/** @type {Record<keyof SessionValue, true>} */
const VALUE = { value: true, version: true, isPending: true, error: true };

/** @type {Record<keyof SessionMessage, true>} */
const MESSAGE = { inbox: true, name: true, data: true, expiresAt: true };

/** @type {Record<keyof SessionDevice, true>} */
const DEVICE = {
  ...{ deviceId: true, name: true, firstSeen: true, lastActive: true, presence: true, tabs: true, current: true },
};

const results = tableOf(PAGE, "| | |");

/** @param {string} name */
function meaningOf(name) {
  return results.find(([cell]) => codeIn(cell).includes(name))?.[1] ?? "";
}

/** @param {string[]} listed @param {Record<string, true>} names */
function assertListed(listed, names) {
  assert.deepEqual(listed.sort(), Object.keys(names).sort());
}

test("the page has every option", () => {
  assertListed(tableOf(PAGE, "| option | |").flatMap(([names]) => codeIn(names)), OPTIONS);
});

test("the page has everything that the hook returns, and what the members of each object are", () => {
  assertListed(results.flatMap(([names]) => codeIn(names)).map((name) => name.split("(")[0] ?? ""), RESULT);
  const objects = /** @type {const} */ ([["state", STATE], ["devices", DEVICE], ["values", VALUE], ["messages", MESSAGE]]);
  for (const [name, members] of objects) {
    const [listed = ""] = codeIn(meaningOf(name));
    assertListed(listed.slice(1, -1).split(", "), members);
  }
});

test("the page has every status of a connection", () => {
  assertListed(codeIn(meaningOf("connectionStatus")), STATUSES);
});

test("the page has every code by which the client itself refuses a request", () => {
  const sources = readdirSync(`${ROOT}client/src`).map((file) => textOf(`client/src/${file}`));
  const codes = sources.flatMap((text) => [...text.matchAll(/refusal\("(\w+)"/g)].map(([, code]) => String(code)));
  const { errorCode } = JSON.parse(textOf("docs/asyncapi.json")).components.schemas;
  const own = new Set(codes.filter((code) => !errorCode.enum.includes(code)));
  const [, sentence = ""] = /where `code` is an \[error code\]\(.*?\) of the server's or (.*?)\. Half a character/.exec(sentencesOf(PAGE)) ?? [];
  // The code of a problem that ends what was asked.
  assert.deepEqual(codeIn(sentence).sort(), [...own, "unsupported_runtime"].sort());
});
