/** Mode none serves only requests of this machine: each header that a proxy may leave is checked for it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { isFromThisMachine } from "../../worker/auth/local.js";
import { parseRequest } from "../../worker/http/parsed-request.js";

/**
 * @param {Record<string, string>} headers
 * @param {string} [url]
 */
function isLocal(headers, url = "http://localhost:5173/__user-session?userId=kim") {
  const request = new Request(url, { headers: { Host: "localhost:5173", ...headers } });
  return isFromThisMachine(parseRequest(request, new URL(url)));
}

test("a client that says which host it means is seen to say so", () => {
  assert.equal(new Request("http://a.example", { headers: { Host: "b.example" } }).headers.get("Host"), "b.example");
});

const ADDRESSES = [
  ...["127.0.0.1", "127.8.9.255", "::1", "::ffff:127.0.0.1", "::FFFF:127.0.0.1", "[::1]", "[::1]:40000"],
  ...["127.0.0.1:40000", "localhost", "127.0.0.1, ::1", "127.0.0.1,127.0.0.1 , [::1]:1"],
];
const HOSTS = [
  ...["localhost", "LOCALHOST:3000", "app.localhost:1", "kim.app.localhost", "127.0.0.1:5173", "[::1]:5173", "[::1]"],
  "localhost, localhost:3000",
];

/** Names and addresses that are not this machine's, or not written as this machine writes them. */
const ELSEWHERE = [
  ...["", ",", "203.0.113.7", "192.168.1.7", "0.0.0.0", "2130706433", "0x7f.0.0.1", "0177.0.0.1", "127.1"],
  ...["127.0.0.256", "127.0.0.01", "128.0.0.1", "2001:db8::1", "::", "::1%lo", "::2", "::ffff:10.0.0.1", "::7f00:1"],
  ...["localhost.", "localhost.evil.example", "evil-localhost", "127.0.0.1.nip.io", "127.0.0.1.", "app.example"],
  ...["localhost@evil.example", "evil@localhost", "localhost:1@evil.example", "localhost/evil.example", "localhost\\evil"],
  ...["http://localhost", "localhost evil.example", "localhost,", ",localhost", "localhost#", "localhost?", "localhost%2e"],
  ...["localhost:", "localhost:port", "localhost:123456", "localhost:-1", "\"localhost\"", "*", "null", "unknown", "_hidden"],
  ...["localhost, app.example", "app.example,localhost", "127.0.0.1, 203.0.113.7", "203.0.113.7, 127.0.0.1"],
];

for (const name of ["X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP"]) {
  test(`an address of this machine in ${name} says no more than the host, any other is refused`, () => {
    for (const text of ADDRESSES) assert.equal(isLocal({ [name]: text }), true, text);
    for (const text of ELSEWHERE) assert.equal(isLocal({ [name]: text }), false, text);
  });
}

for (const name of ["X-Forwarded-Host", "X-Forwarded-Server"]) {
  test(`a name of this machine in ${name} says no more than the host, any other is refused`, () => {
    for (const text of HOSTS) assert.equal(isLocal({ [name]: text }), true, text);
    for (const text of [...ELSEWHERE, "::1"]) assert.equal(isLocal({ [name]: text }), false, text);
  });
}

test("a host that is not written as this machine's is refused", () => {
  for (const Host of [...ELSEWHERE, "localhost, localhost", "example.com", "app.test"]) {
    assert.equal(isLocal({ Host }), false, Host);
  }
  for (const Host of ["localhost", "LocalHost:1", "app.localhost", "127.0.0.1:8787", "[::1]:8787"]) {
    assert.equal(isLocal({ Host }), true, Host);
  }
  assert.equal(isLocal({ Host: "kim.app.localhost:1" }, "http://kim.app.localhost:1/"), true);
  for (const url of ["http://app.example/", "http://0.0.0.0/", "http://192.168.1.7/", "http://localhost./"]) {
    assert.equal(isLocal({}, url), false, url);
  }
});

test("Forwarded that names this machine says no more than the host, any other is refused", () => {
  const near = [
    ...['for=127.0.0.1;host="localhost:3000";proto=http', "for=127.0.0.1", 'For="[::1]:4711"', "host=localhost"],
    ...['for=127.0.0.1;by=127.0.0.1, for="[::1]";proto=https', "FOR=127.0.0.1 ; PROTO=HTTP", "for=::1"],
  ];
  for (const text of near) assert.equal(isLocal({ Forwarded: text }), true, text);
  const far = [
    ...["", ",", "localhost", "for=", "for", "=127.0.0.1", "for=unknown", "for=_x", 'for="_gazonk"', "proto=http", "by=127.0.0.1"],
    ...["for=203.0.113.7", "for=127.0.0.1;host=app.example", "for=127.0.0.1;by=203.0.113.7", "host=localhost;proto=gopher"],
    ...["for=127.0.0.1, for=203.0.113.7", "for=203.0.113.7, for=127.0.0.1", 'for="127.0.0.1, for=203.0.113.7"'],
    ...["for=127.0.0.1;secret=1", "for=127.0.0.1;", "for=127.0.0.1,", 'for="127.0.0.1', "for=127.0.0.1.nip.io"],
    ...['for="127.0.0.1";"', "for=127.0.0.1 for=203.0.113.7", 'for="\\127.0.0.1"', "for =127.0.0.1"],
  ];
  for (const text of far) assert.equal(isLocal({ Forwarded: text }), false, text);
});

test("a scheme and a port say nothing of who has asked, so alone they are a proxy's", () => {
  const way = { "X-Forwarded-Proto": "https, http", "X-Forwarded-Port": "443,5173" };
  assert.equal(isLocal(way), false);
  assert.equal(isLocal({ "X-Forwarded-Proto": "https" }), false);
  assert.equal(isLocal({ "X-Forwarded-Port": "443", "CF-Connecting-IP": "127.0.0.1" }), false);
  /** @type {Record<string, string>[]} */
  const whos = [{ "X-Forwarded-For": "::1" }, { "X-Forwarded-Host": "localhost" }, { Forwarded: "for=127.0.0.1" }];
  for (const who of whos) {
    assert.equal(isLocal({ ...way, ...who }), true);
    assert.equal(isLocal({ ...who, "X-Forwarded-Proto": "evil" }), false);
    assert.equal(isLocal({ ...who, "X-Forwarded-Port": "evil" }), false);
    assert.equal(isLocal({ ...who, "X-Forwarded-Port": "" }), false);
  }
});

test("what development servers send is let in", () => {
  /** @type {Record<string, string>[]} */
  const sent = [
    { "X-Forwarded-Host": "localhost:5173" },
    { "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Port": "5173", "X-Forwarded-Proto": "http" },
    { "X-Forwarded-For": "::1,::1", "X-Forwarded-Port": "3000,3000", "X-Forwarded-Proto": "http,http", "X-Forwarded-Host": "localhost:3000" },
    { "X-Forwarded-For": "::ffff:127.0.0.1", "X-Forwarded-Proto": "https,wss", "X-Forwarded-Host": "[::1]:5173" },
    { Authorization: "Bearer x", Cookie: "a=b", Origin: "http://localhost:5173", "X-Requested-With": "x" },
  ];
  for (const headers of sent) assert.equal(isLocal(headers), true, JSON.stringify(headers));
});

test("one header of somebody else's is enough to be refused", () => {
  const near = { "X-Forwarded-For": "127.0.0.1", "X-Forwarded-Host": "localhost:5173" };
  const others = [
    ...["X-Forwarded-Prefix", "X-Forwarded-Anything", "X-Original-Host", "X-Client-IP", "Client-IP", "X-Envoy-Peer"],
    ...["Via", "True-Client-IP", "CF-Ray", "CF-Visitor", "CF-Worker", "CF-EW-Via", "CDN-Loop", "Fly-Client-IP"],
    ...["Forwarded-For", "X-Cluster-Client-IP", "X-Remote-Addr", "X-Vercel-Forwarded-For", "X-Azure-ClientIP", "X-AppEngine-User-IP", "WL-Proxy-Client-IP"],
  ];
  for (const name of others) {
    for (const value of ["", "localhost", "127.0.0.1", "1.1 localhost"]) {
      assert.equal(isLocal({ ...near, [name]: value }), false, `${name}: ${value}`);
    }
  }
  assert.equal(isLocal({ ...near, "X-Real-IP": "203.0.113.7" }), false);
});

const RESERVED = [
  ...["https://example.com/", "http://example.org:8080/", "https://www.example.net/", "http://app.test/"],
  ...["https://example/", "https://session.example/", "http://a.b.invalid/", "https://EXAMPLE.com/"],
];
test("a request without a host, to a name that nobody can have, is a test's in the same runtime", () => {
  /** @param {string} url @param {Record<string, string>} [headers] */
  const asked = (url, headers) => isFromThisMachine(parseRequest(new Request(url, { headers }), new URL(url)));
  for (const url of RESERVED) {
    assert.equal(asked(url), true, url);
    assert.equal(asked(url, { Cookie: "a=b", Upgrade: "websocket" }), true, url);
    for (const Host of [new URL(url).host, "localhost", "evil.example"]) {
      assert.equal(asked(url, { Host }), false, `${url} of ${Host}`);
    }
    for (const mark of ["CF-Ray", "X-Forwarded-Host", "X-Forwarded-For", "CF-Connecting-IP", "Via"]) {
      assert.equal(asked(url, { [mark]: "203.0.113.7" }), false, `${url} with ${mark}`);
    }
  }
  const others = ["https://app.com/", "https://example.com.evil.org/", "https://evilexample.com/", "https://example.dev/", "https://test.com/", "http://203.0.113.7/", "https://example.com./"];
  for (const url of others) assert.equal(asked(url), false, url);
  assert.equal(asked("http://localhost/"), true);
});
