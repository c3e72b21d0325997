import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createApp } from "../src/app.ts";
import { createServices } from "../src/create_services.ts";
import { register, toHonoPath, webSocketRoutes } from "../src/routes.ts";
import { rawHandshake } from "./support/handshake.ts";
import { startTestServer, testConfig } from "./support/server.ts";

for (
  const [path, expected] of [
    ["/ws/test/{connection_id}", "/ws/test/:connection_id"],
    ["/ws/{a}/x/{b}", "/ws/:a/x/:b"],
    ["/ws/plain", "/ws/plain"],
  ] as const
) {
  Deno.test(`toHonoPath() translates ${path}`, () => {
    assertEquals(toHonoPath(path), expected);
  });
}

Deno.test("webSocketRoutes is the table of the specification", () => {
  assertEquals(webSocketRoutes.map(({ name, path }) => [name, path]), [
    ["realtime_websocket", "/ws/realtime/{connection_id:path}"],
    ["simple_websocket", "/ws/ws/simple/{connection_id}"],
    ["test_websocket", "/ws/test/{connection_id}"],
  ]);
});

Deno.test("register() alone puts WebSocket routes on the app", async () => {
  const services = await createServices(testConfig());
  const socketsOf = (app: Hono) =>
    app.routes.filter(({ path }) => path.startsWith("/ws"))
      .map(({ method, path, handler }) => [method, path, handler.name]);
  const expected = webSocketRoutes.map(({ path }) => [
    "GET",
    toHonoPath(path),
    "WebSocketRoute",
  ]);
  assertEquals(socketsOf(createApp(services)), expected);
  assertEquals(socketsOf(createApp(services, [])), []);
});

Deno.test("register() mounts nothing else on the sockets' paths", async () => {
  const app = new Hono();
  register(app, webSocketRoutes, await createServices(testConfig()));
  assertEquals(app.routes.length, webSocketRoutes.length);
});

for (const { path } of webSocketRoutes) {
  Deno.test(`register() has ${path} accept a socket`, async () => {
    await using server = await startTestServer();
    const url = server.ws(path.replace(/\{.*\}/, "upload_123456"));
    assertEquals((await rawHandshake(url)).status, 101);
  });
}
