import { assertEquals } from "@std/assert";
import { isOriginAllowed } from "../../src/sockets/origin.ts";

const app = "https://app.example.com";

for (
  const [criterion, origin, host, allowed, expected] of [
    ["passes a request without Origin", undefined, "a.test", [], true],
    ["passes one without Origin past a list", undefined, "a.test", [app], true],
    ["passes the same host", "http://a.test", "a.test", [], true],
    [
      "passes the same host with TLS before it",
      "https://a.test",
      "a.test",
      [],
      true,
    ],
    [
      "passes the same host and port",
      "http://a.test:8000",
      "a.test:8000",
      [],
      true,
    ],
    ["passes the same host in capitals", "http://a.test", "A.TEST", [], true],
    ["passes an IPv6 address", "http://[::1]:8000", "[::1]:8000", [], true],
    ["refuses another host", "http://b.test", "a.test", [], false],
    ["refuses another port", "http://a.test:1", "a.test:8000", [], false],
    ["refuses a subdomain", "http://x.a.test", "a.test", [], false],
    [
      "refuses a host that only begins alike",
      "http://a.test.evil",
      "a.test",
      [],
      false,
    ],
    ["refuses the opaque origin", "null", "a.test", [], false],
    ["refuses an opaque origin's host", "null", "null", [], false],
    ["refuses what is no origin", "garbage", "garbage", [], false],
    ["refuses any origin without Host", "http://a.test", undefined, [], false],
    ["passes an origin on the list", app, "a.test", ["http://x", app], true],
    [
      "refuses the same host past a list",
      "http://a.test",
      "a.test",
      [app],
      false,
    ],
    [
      "refuses another scheme than the list's",
      "http://app.example.com",
      "a.test",
      [app],
      false,
    ],
    [
      "passes anything where the list has *",
      "null",
      undefined,
      [app, "*"],
      true,
    ],
  ] as const
) {
  Deno.test(`isOriginAllowed() ${criterion}`, () => {
    assertEquals(isOriginAllowed(origin, host, allowed), expected);
  });
}
