import { assertEquals, assertMatch } from "@std/assert";
import { findUnreadiness } from "../../src/cli/readiness.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { startTestServer } from "../support/server.ts";

Deno.test("findUnreadiness() finds nothing wrong with a server that is ready", async () => {
  await using server = await startTestServer();
  assertEquals(await findUnreadiness(new URL(server.origin), 0), undefined);
});

Deno.test("findUnreadiness() asks again until the server is ready", async () => {
  let asked = 0;
  await using listener = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    () => new Response(null, { status: ++asked < 3 ? 503 : 200 }),
  );
  const url = new URL(`http://127.0.0.1:${listener.addr.port}`);
  assertEquals(await findUnreadiness(url, 30), undefined);
  assertEquals(asked, 3);
});

Deno.test("findUnreadiness() says why a server is not ready", async () => {
  await using server = await startTestServer();
  server.services.registry.beginDrain();
  const url = new URL(server.origin);
  assertMatch(`${await findUnreadiness(url, 0)}`, /^HTTP 503: .*draining/);
  const nothing = new URL(closedOrigin());
  assertMatch(`${await findUnreadiness(nothing, 0)}`, /^no answer from http:/);
});
