import { assert, assertEquals, assertFalse } from "@std/assert";
import type { Payload } from "djwt";
import type { Config } from "../src/config/config.ts";
import { createServices } from "../src/create_services.ts";
import { testApiKey, testConfig } from "./support/server.ts";
import { signToken } from "./support/tokens.ts";

Deno.test("createServices() announces stored events to the hub's watchers", async () => {
  const { store, hub } = await createServices(testConfig());
  const frames: string[] = [];
  await hub.join("a", {
    deliver: (_, frame) => frames.push(frame) > 0,
    notify() {},
    forget() {},
    refresh() {},
  });
  const outcome = await store.publish("a", { progress: 0.5 });
  assertEquals(outcome.kind === "stored" && outcome.delivered, 1);
  assertEquals(JSON.parse(String(frames)).progress, 0.5);
});

Deno.test("createServices() accepts only the configured API keys", async () => {
  const { isApiKey } = await createServices(
    testConfig({ apiKeys: [testApiKey, "second"] }),
  );
  assert(isApiKey(testApiKey) && isApiKey("second"));
  assertFalse(isApiKey("third"));
});

Deno.test("createServices() checks tokens as configured", async () => {
  const cases: [Partial<Config>, Payload, string | undefined][] = [
    [{}, {}, undefined],
    [
      { jwtSecrets: ["another secret, of 32 bytes and more"] },
      {},
      "token_bad_signature",
    ],
    [{ jwtAlgorithms: ["HS512"] }, {}, "token_wrong_algorithm"],
    [{ jwtIssuer: "us" }, { iss: "them" }, "token_wrong_issuer"],
    [{ jwtIssuer: "us" }, { iss: "us" }, undefined],
    [{ jwtAudience: "us" }, { aud: "them" }, "token_wrong_audience"],
    [{ jwtAudience: "us" }, { aud: "us" }, undefined],
    [{ jwtLeewaySeconds: 60 }, { exp: Date.now() / 1_000 - 30 }, undefined],
    [
      { jwtLeewaySeconds: 5 },
      { exp: Date.now() / 1_000 - 30 },
      "token_expired",
    ],
  ];
  for (const [config, claims, expected] of cases) {
    const { verifier } = await createServices(testConfig(config));
    const verdict = await verifier.verify(
      await signToken({ sub: "42", ...claims }),
    );
    const code = verdict.ok ? undefined : verdict.rejection.code;
    assertEquals(code, expected, JSON.stringify(config));
  }
});

Deno.test("createServices() keeps as much history as configured", async () => {
  const { store } = await createServices(testConfig({ historyLimit: 2 }));
  for (let count = 0; count < 5; count += 1) await store.publish("a", {});
  const { epoch } = await store.read("a");
  const recovered = [];
  for (const offset of [2, 3]) {
    recovered.push((await store.read("a", { epoch, offset })).recovered);
  }
  assertEquals(recovered, [false, true]);
});

Deno.test("createServices() shares nothing between two servers", async () => {
  const [one, two] = [
    await createServices(testConfig()),
    await createServices(testConfig()),
  ];
  await one.store.publish("a", {});
  one.registry.beginDrain();
  assertEquals((await two.store.read("a")).state, undefined);
  assertFalse(two.registry.isDraining);
});
