import { assertEquals } from "@std/assert";
import { parameters } from "../../src/docs/parameters.ts";
import { makeApi } from "../support/api.ts";

const bounded = [
  ["limit", "/api/tasks?limit="],
  ["limit", "/api/tasks/a/events?limit="],
  ["cursor", "/api/tasks?cursor="],
] as const;

for (const [name, path] of bounded) {
  Deno.test(`parameters.${name} has the bounds enforced by ${path}`, async () => {
    const { call, put } = await makeApi();
    await put("a", {});
    const { minimum, maximum } = parameters[name].schema;
    const cases = [[minimum, 200], [maximum, 200], [(minimum ?? 0) - 1, 400], [
      BigInt(maximum ?? 0) + 1n,
      400,
    ]] as const;
    for (const [value, status] of cases) {
      const answer = await call(`GET ${path}${value}`);
      assertEquals(answer.status, status, String(value));
    }
  });
}

Deno.test("parameters.connection_id has the length enforced by the server", async () => {
  const { call } = await makeApi();
  const { maxLength } = parameters.connection_id.schema;
  const statusOf = async (length: number) =>
    (await call(`GET /api/tasks/${"x".repeat(length)}`)).status;
  assertEquals(
    [await statusOf(maxLength ?? 0), await statusOf((maxLength ?? 0) + 1)],
    [404, 400],
  );
});

Deno.test("parameters.idempotency_key identifies an event without event_id", async () => {
  const { call } = await makeApi();
  const { name } = parameters.idempotency_key;
  const publish = () =>
    call("POST /api/tasks/a/events", {
      headers: {
        [name]: "first",
        Authorization: "Bearer an-api-key-for-tests",
      },
      body: "{}",
    });
  await publish();
  assertEquals((await publish()).json().duplicate, true);
});

Deno.test("parameters.lines_idempotency_key leaves room for the line number", async () => {
  const { call } = await makeApi();
  const { name, schema } = parameters.lines_idempotency_key;
  const longest = "k".repeat(schema.maxLength ?? 0);
  const { text } = await call("POST /api/events", {
    headers: {
      [name]: longest,
      Authorization: "Bearer an-api-key-for-tests",
    },
    body: '{"connection_id":"a"}',
  });
  assertEquals(JSON.parse(text).offset, 1);
  assertEquals(`${longest}:${10 ** 14}`.length, 256);
});

Deno.test("parameters.status has exactly the accepted statuses", async () => {
  const { call } = await makeApi();
  for (const status of parameters.status.schema.enum ?? []) {
    assertEquals((await call(`GET /api/tasks?status=${status}`)).status, 200);
  }
  assertEquals((await call("GET /api/tasks?status=done")).status, 400);
});

Deno.test("parameters of lists have the bounds enforced by /sse/list", async () => {
  const { call } = await makeApi();
  const { list_limit, list_label, list_status, mine } = parameters;
  const { minimum = 0, maximum = 0 } = list_limit.schema;
  const longest = "x".repeat(list_label.schema.maxLength ?? 0);
  const cases = [
    // A guest with a good query is asked for a token.
    [`mine=${mine.schema.enum}`, 401],
    ["mine=1", 400],
    [`mine=true&limit=${minimum}`, 401],
    [`mine=true&limit=${minimum - 1}`, 400],
    [`mine=true&limit=${maximum}`, 401],
    [`mine=true&limit=${maximum + 1}`, 400],
    [`label=${longest}`, 401],
    [`label=${longest}x`, 400],
    [`label=`, 400],
    ...(list_status.schema.enum ?? []).map((status) =>
      [`mine=true&status=${status}`, 401] as const
    ),
    ["mine=true&status=done", 400],
  ] as const;
  for (const [query, status] of cases) {
    const answer = await call(`GET /sse/list?${query}`, { key: "" });
    assertEquals(answer.status, status, query);
  }
});
