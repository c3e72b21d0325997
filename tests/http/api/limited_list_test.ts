import { assert, assertEquals } from "@std/assert";
import { listWithin } from "../../../src/http/api/limited_list.ts";
import type { ListQuery } from "../../../src/tasks/store.ts";
import { makeApi, scoped } from "../../support/api.ts";

/** Makes the API with `count` tasks; every tenth is one of `mine/`. */
async function makeMixed(count: number) {
  const api = await makeApi();
  for (let index = 0; index < count; index += 1) {
    await api.put(index % 10 === 0 ? `mine/${index}` : `other/${index}`, {});
  }
  return api;
}

Deno.test("listWithin() fills a page from several pages of the store", async () => {
  const { services: { store } } = await makeMixed(50);
  const limits = { tasks: ["mine/*"] };
  const { tasks, cursor } = await listWithin(limits, { limit: 20 }, store);
  const ids = tasks.map(({ state }) => state.snapshot.connection_id);
  assertEquals(ids, ["mine/40", "mine/30", "mine/20", "mine/10", "mine/0"]);
  assertEquals(cursor, undefined);
});

Deno.test("listWithin() bounds the reads of one answer, and goes on at the cursor", async () => {
  const { services: { store } } = await makeMixed(100);
  const limits = { tasks: ["mine/*"] };
  let reads = 0;
  const list = (query: ListQuery) => {
    reads += 1;
    return store.list(query);
  };
  const ids: string[] = [];
  let pages = 0;
  for (let query: ListQuery = { limit: 1 };; pages += 1) {
    reads = 0;
    const { tasks, cursor } = await listWithin(limits, query, { list });
    assert(reads <= 10);
    assert(tasks.length <= 1);
    ids.push(...tasks.map(({ state }) => state.snapshot.connection_id));
    if (cursor === undefined) break;
    query = { limit: 1, cursor };
  }
  assertEquals(
    ids,
    Array.from({ length: 10 }, (_, index) => `mine/${90 - 10 * index}`),
  );
  assert(pages <= 20);
});

Deno.test("listWithin() ends an answer with the store's page of large tasks", async () => {
  const { services: { store }, put } = await makeApi();
  const data = "x".repeat(60_000);
  for (let index = 0; index < 50; index += 1) await put(`o${index}`, { data });
  const page = await store.list({ limit: 100 });
  const { tasks, cursor } = await listWithin(
    { tasks: [] },
    { limit: 100 },
    store,
  );
  assertEquals([tasks, cursor], [[], page.cursor]);
  assert(cursor !== undefined);
});

Deno.test("GET /api/tasks leaves out other tasks, on pages to the end", async () => {
  const { call, put } = await makeMixed(30);
  await put("labeled", { labels: ["team:7"] });
  const key = await scoped("admin", { tasks: ["mine/*"], labels: ["team:*"] });
  const ids: string[] = [];
  for (let query = "?limit=2"; query !== "";) {
    const { tasks, cursor } = (await call(`GET /api/tasks${query}`, { key }))
      .json() as { tasks: { connection_id: string }[]; cursor?: string };
    ids.push(...tasks.map(({ connection_id }) => connection_id));
    query = cursor === undefined ? "" : `?limit=2&cursor=${cursor}`;
  }
  assertEquals(ids, ["labeled", "mine/20", "mine/10", "mine/0"]);
});
