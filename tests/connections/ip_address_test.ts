import { assert, assertEquals } from "@std/assert";
import {
  addressBlock,
  isLoopback,
  parseIpAddress,
} from "../../src/connections/ip_address.ts";

const addresses: [text: string, address: string | undefined][] = [
  ["192.0.2.1", "192.0.2.1"],
  ["192.0.2.1:8080", "192.0.2.1"],
  ["2001:db8::1", "2001:db8::1"],
  ["2001:0DB8:0000:0:0:0:0:0001", "2001:db8::1"],
  ["[2001:db8::1]", "2001:db8::1"],
  ["[2001:db8::1]:8080", "2001:db8::1"],
  ["fe80::1%eth0", "fe80::1"],
  ["[fe80::1%eth0]:80", "fe80::1"],
  ["::", "::"],
  ["::1", "::1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["::FFFF:c000:0201", "192.0.2.1"],
  ["[0:0:0:0:0:ffff:192.0.2.1]:80", "192.0.2.1"],
  ["::ffff:0:0", "0.0.0.0"],
  ["64:ff9b::192.0.2.1", "64:ff9b::c000:201"],
  ["", undefined],
  ["unknown", undefined],
  ["_hidden", undefined],
  ["example.com", undefined],
  ["1", undefined],
  ["0x7f.1", undefined],
  ["127.1", undefined],
  ["192.0.2.256", undefined],
  ["192.0.2.01", undefined],
  ["192.0.2.1.", undefined],
  ["192.0.2.1:", undefined],
  ["192.0.2.1:http", undefined],
  ["192.0.2.1/24", undefined],
  ["[192.0.2.1]", undefined],
  ["[::1", undefined],
  ["::1]", undefined],
  ["[::1]x", undefined],
  ["[]", undefined],
  [":::", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["12345::", undefined],
  ["::1]/[::2", undefined],
  ["::1/64", undefined],
  ["::1@::2", undefined],
  ["a".repeat(100_000), undefined],
  [":".repeat(100_000), undefined],
  ["192.0.2.1\n", undefined],
];

for (const [text, address] of addresses) {
  const shown = JSON.stringify(text.slice(0, 40));
  Deno.test(`parseIpAddress() makes ${address} of ${shown}`, () => {
    assertEquals(parseIpAddress(text), address);
  });
}

for (
  const [address, block] of [
    ["192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
    ["2001:db8:1::6", "2001:db8:1:0::/64"],
    ["2001:db8::3:4:5:6", "2001:db8:0:0::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["::", "0:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::2:3:4:5:6:7", "0:0:2:3::/64"],
    ["", ""],
  ] as const
) {
  Deno.test(`addressBlock() counts '${address}' as '${block}'`, () => {
    assertEquals(addressBlock(address), block);
  });
}

Deno.test("isLoopback() knows the addresses that only this machine reaches", () => {
  for (
    const host of [
      "127.0.0.1",
      "127.1.2.3",
      "::1",
      "[::1]",
      "::ffff:127.0.0.1",
      "localhost",
      "LOCALHOST.",
    ]
  ) {
    assert(isLoopback(host), host);
  }
  const others = [
    "0.0.0.0",
    "::",
    "192.168.0.1",
    "1.127.0.0",
    "127.0.0.1.example.com",
    "localhost.example.com",
    "example.com",
    "::2",
    "::ffff:10.0.0.1",
    "app.localhost",
    "",
  ];
  for (const host of others) assert(!isLoopback(host), host);
});
