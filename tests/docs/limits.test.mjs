/**
 * The limits of src/limits.h against whoever else has them or tells them: the shim, the client, the
 * document of the frames, and the pages.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { LIMITS } from "../../worker/object/rate-limits.js";
import { TICKETS_MAX } from "../../worker/object/tickets.js";
import { readPushOptions } from "../../worker/http/push-options.js";
import * as checkedByWorker from "../../worker/common/limits.js";
import { FRAME_BYTES_MAX as FRAME_BYTES_MAX_OF_BINDINGS } from "../../bindings/wire.js";
import { HEARTBEAT_MS, REQUESTS_PER_SECOND } from "../../client/dist/client.js";
import { AWAY_MAX } from "../../client/dist/model.js";
import { FRAME_BYTES_MAX } from "../../client/dist/protocol.js";
import { WINDOW } from "../../client/dist/requests.js";
import { DEVICE_ID_BYTES, NAME_BYTES, USER_ID_BYTES } from "../../client/dist/texts.js";
import { TRIES_MAX, TRIES_MS } from "../../worker/http/ticket-tries.js";
import { REFUSED_MAX, REFUSED_OF_NETWORK_MAX } from "../../worker/http/refused-sockets.js";
import { sentencesOf, textOf } from "./markdown.mjs";

// The names are computed so that tsc does not follow them: it checks this file as Node's, those as a Worker's.
const [{ UNANSWERED_MAX, UNANSWERED_WAIT_MS }, { CLOSE_WAIT_MS }] = await Promise.all(
  ["object/logout-restart", "http/socket-responses"].map((name) => import(`../../worker/${name}.js`)),
);

const HEADER = textOf("src/limits.h");
const { CREDENTIAL_ID_BYTES_MAX, KEEP_SECONDS_MAX, PUSH_ID_BYTES_MAX, USER_ID_BYTES_MAX, CLOSE_REASON_BYTES_MAX } = checkedByWorker;
const checkedHere = { ...checkedByWorker, FRAME_BYTES_MAX: FRAME_BYTES_MAX_OF_BINDINGS };

/** A limit of the header. @param {string} name @returns {number} */
function limit(name) {
  const [, number, more] = new RegExp(`\\b${name} = ([\\d']+)(?: \\+ (k\\w+))?;`).exec(HEADER) ?? [];
  assert.ok(number, `src/limits.h has no ${name}`);
  return Number(number.replaceAll("'", "")) + (more ? limit(more) : 0);
}

const [KIB, MS_PER_SECOND, MS_PER_MINUTE] = [1_024, 1_000, 60_000];
/** A number as the pages write it. @param {number} number */
const shown = (number) => number.toLocaleString("en");
/** @param {string} name */
const count = (name) => shown(limit(name));
/** @param {string} name */
const kib = (name) => `${limit(name) / KIB} KiB`;

test("what the shim checks and the module, too, is the same", () => {
  const both = [];
  for (const [name, value] of Object.entries(checkedHere)) {
    const words = name.toLowerCase().split("_").map((word) => word.charAt(0).toUpperCase() + word.slice(1));
    const other = `k${words.join("")}`;
    if (!HEADER.includes(`${other} =`)) continue;
    assert.equal(value, limit(other), name);
    both.push(name);
  }
  assert.deepEqual(both.sort(), ["AIMED_DEVICES_MAX", "FRAME_BYTES_MAX"], "a new one is named here");
});

test("the longest id of a credential is the same by every way in", () => {
  const [, bytes] = /\bkCredentialNameBytesMax = (\d+);/.exec(textOf("src/credential.h")) ?? [];
  assert.equal(CREDENTIAL_ID_BYTES_MAX, Number(bytes));
  const { messages } = JSON.parse(textOf("docs/asyncapi.json")).components;
  assert.equal(messages["logout_credential.v2"].payload.properties.credentialId.maxLength, CREDENTIAL_ID_BYTES_MAX);
});

test("a query can say every time for which a push is kept", () => {
  const options = readPushOptions(new URLSearchParams({ keep: String(KEEP_SECONDS_MAX) }));
  assert.ok(!(options instanceof Response) && options.keep === KEEP_SECONDS_MAX);
});

test("the client stays within the server's limits, and forgets nothing earlier than it must", () => {
  assert.equal(FRAME_BYTES_MAX, limit("kFrameBytesMax"));
  assert.equal(USER_ID_BYTES, USER_ID_BYTES_MAX);
  assert.equal(DEVICE_ID_BYTES, limit("kV2DeviceIdBytesMax"));
  assert.equal(NAME_BYTES, limit("kNameBytesMax"));
  assert.equal(AWAY_MAX, limit("kRememberedDevicesMax"));
  assert.equal(WINDOW, limit("kRunWindow"));
  // A hidden page's timers run once a minute.
  assert.ok(HEARTBEAT_MS.most + MS_PER_MINUTE < limit("kVanishedMs"));
  assert.ok(REQUESTS_PER_SECOND.usual < LIMITS.FRAMES_PER_SECOND.usual);
});

test("docs/asyncapi.json has the limits of what devices send", () => {
  const { messages, schemas } = JSON.parse(textOf("docs/asyncapi.json")).components;
  assert.equal(schemas.gameId.maxLength, limit("kNameBytesMax"));
  assert.equal(schemas.games.maxItems, limit("kActiveGamesMax"));
  assert.ok(schemas.requestId.pattern.includes(`{${limit("kRunBytesMin")},${limit("kRunBytesMax")}}`));
  assert.equal(schemas.deviceIds.maxItems, limit("kAimedDevicesMax"));
  assert.equal(messages["broadcast.v2"].payload.properties.event.maxLength, limit("kNameBytesMax"));
  assert.equal(messages["set_device.v2"].payload.properties.name.maxLength, limit("kNameBytesMax"));
  assert.equal(messages["logout_device.v2"].payload.properties.deviceId.maxLength, limit("kDeviceIdBytesMax"));
});

const name = count("kNameBytesMax");
const messages = `${count("kMessagesMax")} and ${kib("kMessagesBytesMax")}`;
const ofRun = `${limit("kRunBytesMin")} to ${limit("kRunBytesMax")} random characters`;
const ids = `1 to ${CREDENTIAL_ID_BYTES_MAX} bytes`;
const vanished = `${limit("kVanishedMs") / MS_PER_SECOND} s`;
const aimed = `1 to ${count("kAimedDevicesMax")}`;
const keptDays = `${KEEP_SECONDS_MAX / 86_400} days`;

/** The limits as each page tells them. @type {Record<string, string[]>} */
const TOLD = {
  "docs/protocol.md": [
    `that has a string \`type\`, up to ${kib("kFrameBytesMax")}`,
    `\`U\` may be any string of up to ${shown(USER_ID_BYTES_MAX)} bytes`,
    `any string of up to ${count("kDeviceIdBytesMax")} bytes in version 1`,
    `and of 1 to ${count("kV2DeviceIdBytesMax")} bytes in version 2`,
    `nested at most ${limit("kNestingMax")} levels deep`,
    `| \`too_large\` | over ${kib("kFrameBytesMax")}; a frame over ${limit("kFrameBytesBeforeClose") / KIB / KIB} MiB closes with 1009 |`,
    `| \`limit_reached\` | ${count("kActiveGamesMax")} games; ${name} bytes of a game id or event name |`,
    `counts once more for every ${kib("kSentBytesPerFrame")} that it sends`,
    `Required, 1 to ${count("kV2DeviceIdBytesMax")} bytes.`,
    `optional, at most ${count("kV2DeviceIdBytesMax")} bytes.`,
    `cut to ${CLOSE_REASON_BYTES_MAX} bytes of UTF-8`,
    `{"ticket":T,"expiresInMs":${checkedByWorker.TICKET_MS}}`,
    `for ${checkedByWorker.TICKET_MS / MS_PER_SECOND} s. Whatever becomes of the socket`,
    `Of one user ${TICKETS_MAX} are good at a time; the ${TICKETS_MAX + 1}th drops the oldest`,
    `{"type":"logout_credential","credentialId":C}\` | a logout of one credential; C has ${ids} |`,
    `C has ${ids} of UTF-8.`,
    `It has ${ids} of UTF-8; a credential with another is not let in.`,
    `names one run of a client program: ${ofRun}`,
    `the ${count("kAwayRunsMax")} others that asked last, of at most ${count("kRunsMax")} runs`,
    `whether each of the ${count("kRunWindow")} below it was done`,
    `does not use the number n + ${count("kRunWindow")} before n is settled`,
    `names the device, 1 to ${name} bytes`,
    `then none for ${vanished} has vanished`,
    `At most ${messages} of one user wait`,
    `bytes; the last ${count("kPushIdsMax")} are remembered`,
    `repeated for each device, ${aimed} of them`,
    `\`keep\` is 1 to ${shown(KEEP_SECONDS_MAX)} seconds (${keptDays})`,
    `\`pushId\` has 1 to ${PUSH_ID_BYTES_MAX} bytes`,
  ],
  "docs/operating.md": [
    `| a frame; a pushed body | ${kib("kFrameBytesMax")} |`,
    `| games of a user | ${count("kActiveGamesMax")} |`,
    `| bytes of a game id or an event | ${name} |`,
    `| bytes of a device's name | ${name} |`,
    `| bytes of a device id: version 1; version 2 | ${count("kDeviceIdBytesMax")}; ${count("kV2DeviceIdBytesMax")} |`,
    `of a user that are good; the life of one | ${TICKETS_MAX}; ${checkedByWorker.TICKET_MS / MS_PER_SECOND} s |`,
    `| silence of a socket that has sent heartbeats before | ${vanished} |`,
    `| devices remembered, of version 2 | ${count("kRememberedDevicesMax")} |`,
    `| messages in an inbox (pushes with \`keep\`) | ${messages} a user |`,
    `| ${count("kRunWindow")}; ${count("kAwayRunsMax")} | \`too_old\``,
    `| ${count("kJournalFramesMax")} or ${kib("kJournalBytesMax")} while the object is awake;`,
    `as much as fits into ${CLOSE_REASON_BYTES_MAX} bytes`,
    `of one client's address; of all in a process | ${REFUSED_OF_NETWORK_MAX}; ${REFUSED_MAX} |`,
    `\`${REFUSED_OF_NETWORK_MAX} refused sockets of one address are open`,
    `| time that a refused client has to close its socket | ${CLOSE_WAIT_MS / MS_PER_SECOND} s |`,
    `| tickets of one client's address in ${TRIES_MS / MS_PER_SECOND} s that nobody has been given | ${TRIES_MAX} |`,
    `and the client has not for ${UNANSWERED_WAIT_MS / MS_PER_SECOND} s | ${UNANSWERED_MAX} |`,
  ],
  "docs/deploying.md": [
    `Either id is a text of ${ids} of UTF-8;`,
    `An id is a whole number below 2^53 or a text of ${ids} of UTF-8;`,
    `Of one client's address ${REFUSED_OF_NETWORK_MAX} such sockets may be open, and of all together ${REFUSED_MAX} in each process`,
  ],
  "SECURITY.md": [
    `Of one address ${REFUSED_OF_NETWORK_MAX} refused sockets may be open, of all together ${REFUSED_MAX} in a process`,
  ],
  "docs/client.md": [
    `whose session it is, 1 to ${shown(USER_ID_BYTES_MAX)} bytes of UTF-8`,
    `names the installation, 1 to ${count("kV2DeviceIdBytesMax")} bytes of UTF-8`,
    `of a longer one the first ${name} bytes`,
    `names this device for the others, 1 to ${name} bytes of UTF-8`,
  ],
  "worker/package.d.ts": [
    `\`issuedAt\` alone. ${ids} of UTF-8.`,
    `a token of that session. ${ids} of UTF-8.`,
    `or by its own (${ids} of UTF-8)`,
    `not connected, ${keptDays} at most:`,
    `Of one user ${count("kMessagesMax")} messages and ${kib("kMessagesBytesMax")} wait`,
    `it is delivered once. 1 to ${PUSH_ID_BYTES_MAX} bytes of UTF-8.`,
    `The devices that get it, ${aimed};`,
    `The devices that don't get it, ${aimed}.`,
    `of at most ${kib("kFrameBytesMax")}.`,
    `an id has 1 to ${name} bytes of UTF-8`,
    `At most ${shown(USER_ID_BYTES_MAX)} bytes of UTF-8.`,
  ],
};

describe("the limits are told as they are:", () => {
  for (const [page, phrases] of Object.entries(TOLD)) {
    const text = sentencesOf(page);
    for (const phrase of phrases) test(`${page}: ${phrase}`, () => assert.ok(text.includes(phrase)));
  }
});
