import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createApp } from "../../src/app.ts";
import { describeRoutes } from "../../src/launch/describe_routes.ts";
import { createServices } from "../../src/create_services.ts";
import {
  register,
  type WebSocketRoute,
  webSocketRoutes,
} from "../../src/routes.ts";
import { testConfig } from "../support/server.ts";
import { taskwire } from "../support/taskwire.ts";

const soundLines = [
  "✅ WebSocket routes: 3",
  "✅ /ws/realtime/{connection_id:path} -> WebSocketRoute",
  "✅ /ws/ws/simple/{connection_id} -> WebSocketRoute",
  "✅ /ws/test/{connection_id} -> WebSocketRoute",
];

const [realtime, simple, test] = webSocketRoutes as [
  WebSocketRoute,
  WebSocketRoute,
  WebSocketRoute,
];

async function appOf(table: readonly WebSocketRoute[]): Promise<Hono> {
  return createApp(await createServices(testConfig()), table);
}

Deno.test("routesCommand() prints the table of the app", async () => {
  const { code, stdout, stderr } = await taskwire(["routes"]);
  assertEquals([code, stderr], [0, ""]);
  assertEquals(stdout, soundLines.join("\n") + "\n");
});

Deno.test("describeRoutes() finds the table in the app", async () => {
  assertEquals(describeRoutes(await appOf(webSocketRoutes), webSocketRoutes), {
    lines: soundLines,
    isSound: true,
  });
});

Deno.test("describeRoutes() finds a missing route", async () => {
  const app = await appOf([realtime, test]);
  assertEquals(describeRoutes(app, webSocketRoutes), {
    lines: [
      "❌ WebSocket routes: 2 of 3",
      "✅ /ws/realtime/{connection_id:path} -> WebSocketRoute",
      "❌ /ws/ws/simple/{connection_id} -> missing",
      "✅ /ws/test/{connection_id} -> WebSocketRoute",
    ],
    isSound: false,
  });
});

Deno.test("describeRoutes() finds a route declared twice", async () => {
  const app = await appOf([...webSocketRoutes, test]);
  const { lines, isSound } = describeRoutes(app, webSocketRoutes);
  assertEquals(isSound, false);
  assertEquals(lines.filter((line) => line.startsWith("❌")), [
    "❌ WebSocket routes: 2 of 3",
    "❌ /ws/test/{connection_id} -> declared twice",
  ]);
});

Deno.test("describeRoutes() finds a route shadowed by another route", async () => {
  const all = { ...simple, path: "/ws/{connection_id:path}" };
  const table = [all, realtime];
  const { lines, isSound } = describeRoutes(await appOf(table), table);
  assertEquals(isSound, false);
  assertEquals(lines, [
    "❌ WebSocket routes: 1 of 2",
    "✅ /ws/{connection_id:path} -> WebSocketRoute",
    "❌ /ws/realtime/{connection_id:path} -> shadowed by another route",
  ]);
});

Deno.test("describeRoutes() finds routes shadowed by a page", async () => {
  const app = new Hono().get("/ws/*", (c) => c.text("a page"));
  register(app, webSocketRoutes, await createServices(testConfig()));
  const { lines, isSound } = describeRoutes(app, webSocketRoutes);
  assertEquals(isSound, false);
  assertEquals(lines[0], "❌ WebSocket routes: 0 of 3");
});
