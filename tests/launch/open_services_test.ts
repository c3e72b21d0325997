import { assertEquals, assertRejects } from "@std/assert";
import { CommandFailure } from "../../src/terminal/failure.ts";
import { openServices, orFail } from "../../src/launch/open_services.ts";
import { testConfig } from "../support/server.ts";

Deno.test("openServices() watches the leases of the store", async () => {
  const { store, leases } = await openServices(testConfig());
  await store.publish("a", { lease: 0.001 });
  let status: string | undefined;
  while (status !== "lost") {
    status = (await store.read("a")).state?.snapshot.status;
    await new Promise((turn) => setTimeout(turn, 0));
  }
  leases.stop();
  await store.close();
});

Deno.test("openServices() fails if the keys or the store can't be used", async () => {
  await assertRejects(
    () => openServices(testConfig(), { path: "key.pem", text: "no key" }),
    CommandFailure,
    "key.pem",
  );
  await assertRejects(
    () => openServices(testConfig({ store: "sqlite:/none/a.db" })),
    CommandFailure,
    "cannot open the store: ",
  );
});

Deno.test("orFail() rethrows errors that no setting causes", async () => {
  await assertRejects(
    () => orFail(() => Promise.reject(new RangeError("a fault of ours"))),
    RangeError,
  );
  assertEquals(await orFail(() => 1), 1);
});
