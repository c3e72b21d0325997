import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { readHandshake } from "../../src/connections/handshake.ts";
import type { Handshake } from "../../src/connections/connection.ts";
import { heldMemory } from "../support/held_memory.ts";

const known = {
  route: "a_route",
  taskId: "a",
  remoteAddress: "192.0.2.1",
};

async function handshakeOf(
  query: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Handshake> {
  let handshake: Handshake = { ...known, epoch: "", offset: "", origin: "" };
  const app = new Hono().get("/", (c) => {
    handshake = readHandshake(c, known);
    return c.body(null);
  });
  await app.request(`/?${new URLSearchParams(query)}`, { headers });
  return handshake;
}

for (
  const [epoch, offset, origin, expected] of [
    ["e".repeat(64), "9".repeat(16), "o".repeat(300), [64, 16, 300]],
    ["e".repeat(65), "9".repeat(17), "o".repeat(301), [0, 0, 300]],
    ["e".repeat(60_000), "9".repeat(60_000), "o".repeat(60_000), [0, 0, 300]],
    ["", "", "", [0, 0, 0]],
  ] as const
) {
  Deno.test(`readHandshake() keeps ${expected} characters of ${epoch.length}, ${offset.length} and ${origin.length}`, async () => {
    const handshake = await handshakeOf({ epoch, offset }, { Origin: origin });
    assertEquals([
      handshake.epoch?.length,
      handshake.offset?.length,
      handshake.origin?.length,
    ], [...expected]);
  });
}

Deno.test("readHandshake() keeps nothing of the URL and headers that the texts stand in", async () => {
  const kept: Handshake[] = [];
  const before = heldMemory();
  for (let count = 0; count < 200; count += 1) {
    const texts = { epoch: "e".repeat(64), token: `${count}`.repeat(20_000) };
    const origin = "o".repeat(60_000);
    kept.push(await handshakeOf(texts, { Origin: origin }));
  }
  const bytes = (heldMemory() - before) / kept.length;
  assertEquals([kept.length, Math.floor(bytes / 10_000)], [200, 0]);
});
