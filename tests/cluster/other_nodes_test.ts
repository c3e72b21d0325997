import { assertEquals } from "@std/assert";
import { noOtherNodes } from "../../src/cluster/other_nodes.ts";

Deno.test("noOtherNodes has no answers and no silent nodes", async () => {
  assertEquals(
    await noOtherNodes.ask({ kind: "disconnect", id: "nobody" }),
    { answers: [], silent: 0 },
  );
});

Deno.test("noOtherNodes counts this node's connections", async () => {
  assertEquals(await noOtherNodes.countUser("42", 3), 3);
});
