import { assertEquals } from "@std/assert";
import { serverOperations } from "../../src/docs/server_operations.ts";
import { makeApi } from "../support/api.ts";
import { assertAnswer } from "../support/documents.ts";

Deno.test("serverOperations describe what a server answers to anybody", async () => {
  const { call, services } = await makeApi();
  const paths = [
    "/healthz",
    "/readyz",
    "/openapi.json",
    "/asyncapi.json",
    "/docs",
    "/",
  ];
  for (const path of paths) {
    const answer = await call(`GET ${path}`, { key: "" });
    assertEquals(answer.status, 200, path);
    assertAnswer(`GET ${path}`, answer);
  }
  services.registry.beginDrain();
  const answer = await call("GET /readyz", { key: "" });
  assertEquals(answer.status, 503);
  assertAnswer("GET /readyz", answer);
});

Deno.test("serverOperations only read", () => {
  for (const { method, path } of serverOperations) {
    assertEquals(method, "get", path);
  }
});
