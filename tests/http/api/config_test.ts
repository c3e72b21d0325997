import { assertEquals, assertFalse } from "@std/assert";
import type { DescribedSetting } from "../../../src/config/config.ts";
import { settings } from "../../../src/config/settings.ts";
import { version } from "../../../src/process/version.ts";
import { makeApi, scoped } from "../../support/api.ts";
import { testApiKey, testSecret } from "../../support/server.ts";

Deno.test("configRoutes() shows every setting in force, with secrets hidden", async () => {
  const { call } = await makeApi({ messageRate: 7 });
  const { status, text, json } = await call("GET /api/config");
  assertEquals(status, 200);
  const answer = json() as { settings: DescribedSetting[] };
  const named = (name: string) =>
    answer.settings.find(({ variable }) => variable === name);
  assertEquals(answer.settings.length, Object.keys(settings).length);
  assertEquals(named("TASKWIRE_MESSAGE_RATE"), {
    variable: "TASKWIRE_MESSAGE_RATE",
    value: "7",
    fallback: "50",
    description: settings.messageRate.description,
  });
  assertEquals(named("TASKWIRE_JWKS_URL"), {
    variable: "TASKWIRE_JWKS_URL",
    description: settings.jwksUrl.description,
  });
  for (const secret of [testApiKey, testSecret]) {
    assertFalse(text.includes(secret));
  }
});

Deno.test("configRoutes() shows the version and the routes", async () => {
  const { call } = await makeApi();
  const answer = (await call("GET /api/config")).json();
  assertEquals(answer.version, version);
  assertEquals(answer.websocket_routes, [
    { path: "/ws/realtime/{connection_id:path}", handler: "WebSocketRoute" },
    { path: "/ws/ws/simple/{connection_id}", handler: "WebSocketRoute" },
    { path: "/ws/test/{connection_id}", handler: "WebSocketRoute" },
  ]);
  const routes = answer.http_routes as { path: string; methods: string[] }[];
  assertEquals(
    routes.find(({ path }) => path === "/api/tasks/{connection_id}"),
    { path: "/api/tasks/{connection_id}", methods: ["GET", "DELETE"] },
  );
  assertEquals(
    routes.find(({ path }) => path === "/api/connections/{id}"),
    { path: "/api/connections/{id}", methods: ["DELETE"] },
  );
  assertFalse(routes.some(({ path }) => path.startsWith("/ws/")));
  assertFalse(routes.some(({ path }) => path.includes("*")));
});

Deno.test("configRoutes() is for operators", async () => {
  const { call } = await makeApi();
  const statusFor = async (key: string) =>
    (await call("GET /api/config", { key })).status;
  assertEquals(await statusFor(""), 401);
  assertEquals(await statusFor(await scoped("publish")), 403);
  assertEquals(await statusFor(await scoped("admin")), 200);
});
