import { assertEquals, assertRejects } from "@std/assert";
import { Fault } from "../../src/cli/fault.ts";
import { checkPublish } from "../../src/cli/http_checks.ts";

Deno.test("checkPublish() knows the runtime's answer to a body behind an Upgrade header", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      await request.body?.cancel();
      return new Response(null, { status: 400 });
    },
  );
  const task = new URL(`http://127.0.0.1:${server.addr.port}/api/tasks/a`);
  const fault = await assertRejects(() => checkPublish(task, "key"), Fault);
  assertEquals(fault.likelyCause, "upgrade_with_body");
});
