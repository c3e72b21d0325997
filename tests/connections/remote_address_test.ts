import { assertEquals } from "@std/assert";
import { remoteAddress } from "../../src/connections/remote_address.ts";

const peer = "10.0.0.1";

const cases: [
  criterion: string,
  peer: string,
  forwardedFor: string | undefined,
  trustedProxies: number,
  expected: string,
][] = [
  ["no header", peer, undefined, 0, peer],
  ["a forged header and no proxy", peer, "192.0.2.9", 0, peer],
  ["many forged entries and no proxy", peer, "a, 192.0.2.9, ::1", 0, peer],
  ["one proxy", peer, "192.0.2.1", 1, "192.0.2.1"],
  ["one proxy and a forged entry", peer, "9.9.9.9, 192.0.2.1", 1, "192.0.2.1"],
  ["two proxies", peer, "192.0.2.1, 10.0.0.2", 2, "192.0.2.1"],
  [
    "two proxies and forged entries",
    peer,
    "9.9.9.9, 8.8.8.8, 192.0.2.1, 10.0.0.2",
    2,
    "192.0.2.1",
  ],
  ["one proxy that sent no header", peer, undefined, 1, peer],
  ["one proxy that sent an empty header", peer, "", 1, peer],
  ["too few entries", peer, "192.0.2.1", 3, "192.0.2.1"],
  ["an entry that is garbage", peer, "unknown", 1, peer],
  ["garbage before a proxy", peer, "unknown, 10.0.0.2", 2, "10.0.0.2"],
  ["garbage between proxies", peer, "192.0.2.1, ???, 10.0.0.2", 3, "10.0.0.2"],
  ["forged garbage", peer, "???, 192.0.2.1", 1, "192.0.2.1"],
  ["an empty entry at the end", peer, "192.0.2.1,", 1, peer],
  ["no space after commas", peer, "192.0.2.1,10.0.0.2", 2, "192.0.2.1"],
  ["a port", peer, "192.0.2.1:4711", 1, "192.0.2.1"],
  ["brackets and a port", peer, "[2001:DB8::1]:4711", 1, "2001:db8::1"],
  ["a zone", peer, "fe80::1%eth0", 1, "fe80::1"],
  ["a mapped address", peer, "::ffff:192.0.2.1", 1, "192.0.2.1"],
  ["a mapped peer", "::ffff:10.0.0.1", undefined, 0, "10.0.0.1"],
  ["a peer with a zone", "fe80::1%2", undefined, 0, "fe80::1"],
  ["a peer without an address", "", undefined, 0, ""],
];

for (const [criterion, from, header, trustedProxies, expected] of cases) {
  Deno.test(`remoteAddress() with ${criterion}`, () => {
    assertEquals(remoteAddress(from, header, trustedProxies), expected);
  });
}

Deno.test("remoteAddress() parses a header of 1 MB quickly", () => {
  const header = "9.9.9.9, ".repeat(110_000) + "192.0.2.1";
  assertEquals(remoteAddress(peer, header, 1), "192.0.2.1");
});
