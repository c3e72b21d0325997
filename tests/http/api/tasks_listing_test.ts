import { assert, assertEquals } from "@std/assert";
import type { Answer } from "../../support/answer.ts";
import { makeApi } from "../../support/api.ts";
import { openRealtime } from "../../support/realtime.ts";
import { startTestServer, testApiKey } from "../../support/server.ts";
import { upTo } from "../../support/watching.ts";

function idsOf({ json }: Answer): unknown[] {
  return (json().tasks as { connection_id: string }[])
    .map(({ connection_id }) => connection_id);
}

Deno.test("GET tasks lists the same snapshots as GET task, the newest change first", async () => {
  const { call, put } = await makeApi();
  await put("a", { message: "a's" });
  await put("b", {});
  await put("c", {});
  await put("a", { progress: 0.5 });
  const answer = await call("GET /api/tasks");
  assertEquals([answer.status, idsOf(answer)], [200, ["a", "c", "b"]]);
  const [first] = answer.json().tasks as unknown[];
  assertEquals(first, (await call("GET /api/tasks/a")).json());
  assertEquals(answer.json().cursor, undefined);
});

Deno.test("GET tasks answers an empty list if nothing was published", async () => {
  const { call } = await makeApi();
  const { status, json } = await call("GET /api/tasks");
  assertEquals([status, json()], [200, { tasks: [] }]);
});

Deno.test("GET tasks counts each task's watchers", async () => {
  await using server = await startTestServer();
  const { store } = server.services;
  for (const id of ["a", "b"]) await store.publish(id, {});
  await using _ = await openRealtime(server, "a");
  const response = await fetch(`${server.origin}/api/tasks`, {
    headers: { Authorization: `Bearer ${testApiKey}` },
  });
  const { tasks } = await response.json();
  assertEquals(
    tasks.map(({ watchers }: { watchers: number }) => watchers),
    [0, 1],
  );
});

Deno.test("GET tasks includes the end of a lease", async () => {
  const { call, put, services } = await makeApi();
  const before = Date.now();
  await put("a", { lease: 10 });
  await put("b", { lease: 10 }, {});
  const { tasks } = (await call("GET /api/tasks")).json();
  services.leases.stop();
  const [b, a] = (tasks as { lease_ends_at?: string }[])
    .map(({ lease_ends_at: text }) => text);
  assertEquals(b, undefined);
  const endsAt = Date.parse(a ?? "");
  assert(before + 10_000 <= endsAt && endsAt <= Date.now() + 10_000, a);
});

Deno.test("GET tasks lists the tasks of a status", async () => {
  const { call, put, services } = await makeApi();
  await put("queued", { status: "queued" });
  await put("lost", { lease: 10 });
  await services.store.publish("lost", { kind: "lost", offset: 1 });
  await put("failed", {}, { status: "failed" });
  await put("again", { status: "failed" }, { attempt: 2 });
  await put("running", {});
  for (
    const [status, ids] of [
      ["queued", ["queued"]],
      ["running", ["running", "again"]],
      ["lost", ["lost"]],
      ["failed", ["failed"]],
      ["succeeded", []],
      ["canceled", []],
    ] as const
  ) {
    const answer = await call(`GET /api/tasks?status=${status}`);
    assertEquals(idsOf(answer), [...ids], status);
  }
});

for (const store of ["memory:", "sqlite::memory:"]) {
  Deno.test(`GET tasks lists page by page with ${store}`, async () => {
    const { call, put, services } = await makeApi({ store });
    const ids = upTo(10).map(String);
    for (const id of ids) {
      await put(id, { status: Number(id) % 2 === 0 ? "failed" : "running" });
    }
    for (
      const [query, expected] of [
        ["limit=3", ids.toReversed()],
        ["limit=5", ids.toReversed()],
        ["limit=10", ids.toReversed()],
        ["limit=2&status=failed", ["10", "8", "6", "4", "2"]],
      ] as const
    ) {
      const limit = Number(query[6] === "1" ? 10 : query[6]);
      const listed: unknown[] = [];
      let cursor: unknown;
      do {
        const after = cursor === undefined ? "" : `&cursor=${cursor}`;
        const answer = await call(`GET /api/tasks?${query}${after}`);
        assert(idsOf(answer).length > 0, "an empty page");
        assert(idsOf(answer).length <= limit);
        listed.push(...idsOf(answer));
        cursor = answer.json().cursor;
        assert(cursor === undefined || typeof cursor === "string");
      } while (cursor !== undefined);
      assertEquals(listed, [...expected], query);
    }
    await services.store.close();
  });
}

Deno.test("GET tasks lists no task twice if tasks change between two pages", async () => {
  const { call, put } = await makeApi();
  for (const id of ["a", "b", "c", "d"]) await put(id, {});
  const first = await call("GET /api/tasks?limit=2");
  assertEquals(idsOf(first), ["d", "c"]);
  await put("d", {});
  await put("e", {});
  const { cursor } = first.json();
  const second = await call(`GET /api/tasks?limit=2&cursor=${cursor}`);
  assertEquals(idsOf(second), ["b", "a"]);
  assertEquals(second.json().cursor, undefined);
});

for (
  const query of [
    "status=finished",
    "status=RUNNING",
    "status=",
    "limit=0",
    "limit=1001",
    "limit=all",
    "cursor=x",
    "cursor=-1",
    "cursor=",
    "cursor=1.5",
  ]
) {
  Deno.test(`GET tasks answers 400 to ?${query}`, async () => {
    const { call } = await makeApi();
    const { status, json } = await call(`GET /api/tasks?${query}`);
    assertEquals([status, json().code], [400, "bad_query"]);
    const name = query.split("=")[0];
    assertEquals(String(json().detail).split(":")[0], name);
  });
}

Deno.test("GET tasks lists the tasks of a user, and tasks with all labels", async () => {
  const { call, put } = await makeApi();
  await put("a", { user_id: "7", labels: ["rows", "team:7"] });
  await put("b", { labels: ["rows"] });
  const ids = async (query: string) => {
    const { tasks } = (await call(`GET /api/tasks?${query}`)).json();
    return (tasks as { connection_id: string }[]).map((task) =>
      task.connection_id
    );
  };
  assertEquals(await ids("user_id=7"), ["a"]);
  assertEquals(await ids("label=rows"), ["b", "a"]);
  assertEquals(await ids("label=rows&label=team%3A7"), ["a"]);
  assertEquals(await ids("label=rows&user_id=8"), []);
  const many = Array.from({ length: 17 }, (_, index) => `label=${index}`);
  const { status, json } = await call(`GET /api/tasks?${many.join("&")}`);
  assertEquals([status, json().code], [400, "bad_query"]);
});
