import { assertEquals } from "@std/assert";
import { noPeers } from "../../src/cluster/peers.ts";

Deno.test("noPeers has nobody to ask, and nobody who stays silent", async () => {
  assertEquals(
    await noPeers.ask({ kind: "disconnect", id: "nobody" }),
    { answers: [], silent: 0 },
  );
});

Deno.test("noPeers counts what is here", async () => {
  assertEquals(await noPeers.countUser("42", 3), 3);
});
