import { assertEquals, assertRejects } from "@std/assert";
import { Fault } from "../../src/terminal/fault.ts";
import { checkPublish, checkStream } from "../../src/cli/http_checks.ts";

Deno.test("checkPublish() recognizes the runtime's rejection of a body with an Upgrade header", async () => {
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

Deno.test("checkStream() accepts a 401 only from taskwire", async () => {
  const problem = { "Content-Type": "application/problem+json" };
  for (
    const [body, headers, isTaskwire] of [
      ['{"code":"authentication_required"}', problem, true],
      ["<h1>Log in</h1>", { "Content-Type": "text/html" }, false],
    ] as const
  ) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(body, { status: 401, headers }),
    );
    const url = new URL(`http://127.0.0.1:${server.addr.port}/sse/realtime/a`);
    if (isTaskwire) await checkStream(url, undefined);
    else await assertRejects(() => checkStream(url, undefined), Fault, "401");
  }
});

Deno.test("checkPublish() reports the status if the problem is not JSON", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      await request.body?.cancel();
      const headers = { "Content-Type": "application/problem+json" };
      return new Response("<html>", { status: 502, headers });
    },
  );
  const task = new URL(`http://127.0.0.1:${server.addr.port}/api/tasks/a`);
  await assertRejects(() => checkPublish(task, "key"), Fault, "502");
});
