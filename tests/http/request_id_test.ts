import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { requestIdOf } from "../../src/http/request_id.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";
import { makeApi, scoped } from "../support/api.ts";
import { captureLog } from "../support/captured_log.ts";

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

Deno.test("requestIdOf() accepts a valid id, and replaces an invalid id", async () => {
  for (
    const id of [
      "7b1c9a0e",
      crypto.randomUUID(),
      "Root=1-67891233-abcdef012345678912345678",
    ]
  ) assertEquals(requestIdOf(id), id);
  for (
    const id of [
      undefined,
      "",
      "a b",
      'a"b',
      "a\nb",
      "a".repeat(65),
      await scoped("admin"),
    ]
  ) assertMatch(requestIdOf(id), uuid);
  assertNotEquals(requestIdOf(undefined), requestIdOf(undefined));
});

Deno.test("createApp() answers an error with the id of the log line, without a token", async () => {
  const down = new StoreUnavailableError("the disk failed");
  const { call } = await makeApi({}, ({ store }) => ({
    store: { ...store, read: () => Promise.reject(down) },
  }));
  using log = captureLog();
  const key = await scoped("admin");
  for (const given of ["from-a-proxy", key]) {
    const { status, headers } = await call("GET /api/tasks/a?token=secret", {
      headers: { Authorization: `Bearer ${key}`, "X-Request-Id": given },
    });
    const id = headers.get("x-request-id");
    assertEquals([status, id === given], [503, given !== key]);
    const line = JSON.parse(String(log.text.trimEnd().split("\n").at(-1)));
    assertEquals(line.properties.requestId, id);
    assertEquals(line.properties.request, "GET /api/tasks/a");
  }
  assertEquals(log.text.trimEnd().split("\n").length, 2);
  assertEquals([log.text.includes(key), log.text.includes("secret")], [
    false,
    false,
  ]);
});
