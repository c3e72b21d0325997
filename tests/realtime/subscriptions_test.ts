import { assert, assertEquals, assertFalse } from "@std/assert";
import { createServices } from "../../src/create_services.ts";
import { Subscriptions } from "../../src/realtime/subscriptions.ts";
import { fakeConnection } from "../support/fake_connection.ts";
import { testConfig } from "../support/server.ts";

/** Creates subscriptions of a fake connection with configurable permissions. */
async function subscriptionsOf(mayWatch: (id: string) => boolean) {
  const services = await createServices(testConfig());
  const { connection, transport } = fakeConnection(1_000_000);
  const forbidden: string[] = [];
  const subscriptions = new Subscriptions(connection, services, {
    mayWatch,
    onForbidden: (id) => forbidden.push(id),
  });
  const watch = (id: string) =>
    subscriptions.watch(id, { since: undefined, namesTask: true });
  return { services, connection, transport, subscriptions, forbidden, watch };
}

Deno.test("Subscriptions.watch() watches each task once", async () => {
  const { services, transport, subscriptions, watch } = await subscriptionsOf(
    () => true,
  );
  await watch("a");
  await watch("b");
  await watch("a"); // anew
  assertEquals([subscriptions.size, subscriptions.has("a")], [2, true]);
  await services.store.publish("a", {});
  assertEquals(
    transport.frames.map(({ type, connection_id }) => [type, connection_id]),
    [["sync", "a"], ["sync", "b"], ["sync", "a"], ["task", "a"]],
  );
});

Deno.test("Subscriptions.watch() keeps no forbidden task", async () => {
  const { services, subscriptions, forbidden, watch } = await subscriptionsOf(
    (id) => id === "a",
  );
  await watch("a");
  await watch("b");
  assertEquals([forbidden, subscriptions.has("b")], [["b"], false]);
  assertEquals(services.hub.watcherCount("b"), 0);
});

Deno.test("Subscriptions.recheckAccess() ends subscriptions forbidden to the new identity", async () => {
  const allowed = new Set(["a", "b"]);
  const { services, subscriptions, forbidden, watch } = await subscriptionsOf(
    (id) => allowed.has(id),
  );
  await watch("a");
  await watch("b");
  allowed.delete("b");
  subscriptions.recheckAccess();
  assertEquals([forbidden, subscriptions.size], [["b"], 1]);
  assertEquals(services.hub.watcherCount("b"), 0);
});

Deno.test("Subscriptions.end() ends a subscription, and the connection's end ends all", async () => {
  const { services, connection, subscriptions, watch } = await subscriptionsOf(
    () => true,
  );
  for (const id of ["a", "b", "c"]) await watch(id);
  subscriptions.end("a");
  assertFalse(subscriptions.has("a"));
  assertEquals(services.hub.watcherCount("a"), 0);
  assert(subscriptions.has("b"));
  connection.ended();
  for (const id of ["b", "c"]) {
    assertEquals(services.hub.watcherCount(id), 0);
  }
});
