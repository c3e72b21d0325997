import { assertEquals } from "@std/assert";
import { noPeers } from "../../src/cluster/peers.ts";

Deno.test("noPeers has no answers and no silent nodes", async () => {
  assertEquals(
    await noPeers.ask({ kind: "disconnect", id: "nobody" }),
    { answers: [], silent: 0 },
  );
});

Deno.test("noPeers counts this node's connections", async () => {
  assertEquals(await noPeers.countUser("42", 3), 3);
});
