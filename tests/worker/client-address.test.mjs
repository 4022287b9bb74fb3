/** Whom a refusal is counted for: one customer's network, whatever the client itself has written. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { clientNetwork } from "../../worker/http/client-address.js";

/**
 * @param {Record<string, string>} headers
 * @param {unknown} [CLIENT_ADDRESS_HEADER]
 */
function networkOf(headers, CLIENT_ADDRESS_HEADER) {
  return clientNetwork(new Headers(headers), { CLIENT_ADDRESS_HEADER });
}

/** @param {string} address */
const behindProxy = (address) => networkOf({ "X-Forwarded-For": address }, "x-forwarded-for");

const UNKNOWN = networkOf({});

test("an IPv4 address counts for itself, and one of IPv6 for its first 64 bits, however they are written", () => {
  const alike = [
    ["192.0.2.7", "192.0.2.7:4711", " 192.0.2.7 ", "::ffff:192.0.2.7", "::FFFF:c000:207", "[::ffff:192.0.2.7]:80"],
    ["2001:db8:1:2::3", "2001:0db8:0001:0002:ffff::1", "[2001:db8:1:2:3:4:5:6]:443", "2001:DB8:1:2::"],
    ["2001:db8:1:3::3", "2001:db8:1:3::4"],
    ["2001:db8::1", "2001:db8:0:0:5::"],
    ["::1", "::2"],
    ["192.0.2.8"],
  ];
  for (const spellings of alike) assert.equal(new Set(spellings.map(behindProxy)).size, 1, spellings.join(" and "));
  const names = [UNKNOWN, ...alike.map(([first = ""]) => behindProxy(first))];
  assert.equal(new Set(names).size, names.length, names.join(" and "));
});

test("the last entry of a list counts, which the proxy has appended", () => {
  assert.equal(behindProxy("198.51.100.1, 192.0.2.7"), behindProxy("192.0.2.7"));
  assert.equal(behindProxy("192.0.2.7, 198.51.100.1"), behindProxy("198.51.100.1"));
});

test("where the variable is set no other header counts, and without it Cloudflare's alone", () => {
  const forged = { "CF-Connecting-IP": "198.51.100.1", "X-Forwarded-For": "192.0.2.7" };
  assert.equal(networkOf(forged, "X-Forwarded-For"), behindProxy("192.0.2.7"));
  assert.equal(networkOf({ "CF-Connecting-IP": "198.51.100.1" }, "X-Forwarded-For"), UNKNOWN);
  for (const unset of [undefined, null]) assert.equal(networkOf(forged, unset), behindProxy("198.51.100.1"));
});

test("what is no address is all one, so that nobody makes up more", () => {
  const texts = ["", "unknown", "_hidden", "example.org", "[::1", ":::1", "1.2.3.4.5", "192.0.2.7/24", "a@192.0.2.7", "fe80::1%eth0"];
  for (const text of texts) assert.equal(behindProxy(text), UNKNOWN, text);
  for (const name of ["", "a b", 7, {}]) assert.equal(networkOf({ "CF-Connecting-IP": "192.0.2.7" }, name), UNKNOWN);
});
