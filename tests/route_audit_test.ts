import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createApp } from "../src/app.ts";
import { createServices } from "../src/create_services.ts";
import { auditRoutes } from "../src/route_audit.ts";
import { register, webSocketRoutes } from "../src/routes.ts";
import type { Services } from "../src/services.ts";
import { testConfig } from "./support/server.ts";

/**
 * Returns the audit's fault per row, for an app with middleware before and a
 * handler after the table.
 */
async function faultsOf(
  build: (app: Hono, addTable: () => void, services: Services) => unknown,
) {
  const services = await createServices(testConfig());
  const app = new Hono();
  build(app, () => register(app, webSocketRoutes, services), services);
  return auditRoutes(app, webSocketRoutes).map(({ fault }) => fault);
}

Deno.test("auditRoutes() finds every route in the app as built, by its handler's name", async () => {
  const app = createApp(await createServices(testConfig()));
  assertEquals(
    auditRoutes(app, webSocketRoutes),
    webSocketRoutes.map(({ path }) => ({ path, handler: "WebSocketRoute" })),
  );
});

Deno.test("auditRoutes() finds a missing route", async () => {
  const services = await createServices(testConfig());
  const app = createApp(services, webSocketRoutes.slice(1));
  assertEquals(auditRoutes(app, webSocketRoutes)[0], {
    path: "/ws/realtime/{connection_id:path}",
    fault: "missing",
  });
  assertEquals(auditRoutes(app, webSocketRoutes).map(({ fault }) => fault), [
    "missing",
    undefined,
    undefined,
  ]);
});

Deno.test("auditRoutes() finds nothing in an empty app", async () => {
  assertEquals(await faultsOf(() => {}), ["missing", "missing", "missing"]);
});

Deno.test("auditRoutes() ignores other methods", async () => {
  const faults = await faultsOf((app) =>
    app.post("/ws/test/:connection_id", (c) => c.text(""))
  );
  assertEquals(faults[2], "missing");
});

Deno.test("auditRoutes() finds a route declared twice", async () => {
  const faults = await faultsOf((app, addTable) => {
    addTable();
    app.get("/ws/test/:connection_id", (c) => c.text(""));
  });
  assertEquals(faults, [undefined, undefined, "declared twice"]);
});

for (
  const [criterion, shadow, faults] of [
    [
      "an earlier app.get('/ws/*')",
      (app) => app.get("/ws/*", (c) => c.text("")),
      Array(3).fill("shadowed by another route"),
    ],
    [
      "an earlier app.use('*')",
      (app) => app.use("*", (_, next) => next()),
      Array(3).fill("shadowed by another route"),
    ],
    [
      "an earlier app.all('/ws/test/*')",
      (app) => app.all("/ws/test/*", (c) => c.text("")),
      [undefined, undefined, "shadowed by another route"],
    ],
    [
      "an earlier parameter of another name",
      (app) => app.get("/ws/test/:id", (c) => c.text("")),
      [undefined, undefined, "shadowed by another route"],
    ],
  ] as [string, (app: Hono) => unknown, (string | undefined)[]][]
) {
  Deno.test(`auditRoutes() finds a route shadowed by ${criterion}`, async () => {
    assertEquals(
      await faultsOf((app, addTable) => {
        shadow(app);
        addTable();
      }),
      faults,
    );
  });
}

Deno.test("auditRoutes() ignores other paths and later routes", async () => {
  const faults = await faultsOf((app, addTable) => {
    app.use("/api/*", (_, next) => next());
    addTable();
    app.get("/ws/*", (c) => c.text(""));
  });
  assertEquals(faults, [undefined, undefined, undefined]);
});
