import { assertEquals, assertMatch } from "@std/assert";
import { findUnreadiness } from "../../src/cli/readiness.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { startTestServer } from "../support/server.ts";

Deno.test("findUnreadiness() finds no fault with a ready server", async () => {
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

Deno.test("findUnreadiness() gives the reason if the server is not ready", async () => {
  await using server = await startTestServer();
  server.services.registry.beginDrain();
  const url = new URL(server.origin);
  const draining = await findUnreadiness(url, 0);
  assertMatch(draining?.message ?? "", /^HTTP 503: .*draining/);
  const nothing = await findUnreadiness(new URL(closedOrigin()), 0);
  assertMatch(nothing?.message ?? "", /nothing listens at this address/);
});

Deno.test("findUnreadiness() follows no redirect", async () => {
  await using login = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    ({ url }) =>
      url.endsWith("/readyz")
        ? new Response(null, { status: 302, headers: { Location: "/login" } })
        : new Response("Sign in"),
  );
  const url = new URL(`http://127.0.0.1:${login.addr.port}`);
  const fault = await findUnreadiness(url, 0);
  assertEquals(fault?.message, `HTTP 302: moved to ${url.origin}/login`);
});
