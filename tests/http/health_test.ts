import { assertEquals } from "@std/assert";
import { createApp } from "../../src/app.ts";
import { createServices } from "../../src/create_services.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { answerOf } from "../support/answer.ts";
import { testConfig } from "../support/server.ts";

Deno.test("healthRoutes() is live and ready, and requires no key", async () => {
  const app = createApp(await createServices(testConfig()));
  for (
    const [path, status] of [["/healthz", "ok"], ["/readyz", "ready"]] as const
  ) {
    const answer = await answerOf(app.request(path));
    assertEquals([answer.status, answer.json()], [200, { status }]);
  }
});

Deno.test("healthRoutes() is live but not ready while draining", async () => {
  const services = await createServices(testConfig());
  const app = createApp(services);
  services.registry.beginDrain();
  assertEquals((await answerOf(app.request("/healthz"))).status, 200);
  const { status, json } = await answerOf(app.request("/readyz"));
  assertEquals([status, json().code], [503, "draining"]);
});

Deno.test("healthRoutes() is not ready while the store is down", async () => {
  const services = await createServices(testConfig());
  const down = new StoreUnavailableError("the disk failed");
  const store = { ...services.store, read: () => Promise.reject(down) };
  const app = createApp({ ...services, store });
  const { status, json } = await answerOf(app.request("/readyz"));
  assertEquals([status, json().code], [503, "store_unavailable"]);
  assertEquals((await answerOf(app.request("/healthz"))).status, 200);
});
