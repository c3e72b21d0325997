import { assertEquals, assertNotEquals } from "@std/assert";
import type { ListQuery, Store } from "../../src/tasks/store.ts";
import { historyTtlMs, type Test } from "./store_contract_bench.ts";

/** Listing and forgetting. */
export function testListing(test: Test): void {
  test("list() lists tasks, newest change first, page by page", async (bench) => {
    const { store, put } = bench;
    for (const id of ["a", "b", "c", "d", "e"]) await put(id);
    await put("b"); // a change moves the task to the front
    assertEquals(await pages(store, 2), [["b", "e"], ["d", "c"], ["a"]]);
    assertEquals(await pages(store, 5), [["b", "e", "d", "c", "a"]]);
    assertEquals(await pages(store, 99), [["b", "e", "d", "c", "a"]]);
  });

  test("list() lists the tasks of a status", async ({ store, put }) => {
    await put("a", { status: "failed" });
    await put("b");
    await put("c", { status: "failed" });
    await put("d", { status: "failed" });
    const first = await store.list({ statuses: ["failed"], limit: 2 });
    assertEquals(idsOf(first), ["d", "c"]);
    const { cursor = NaN } = first;
    const second = await store.list({ statuses: ["failed"], limit: 2, cursor });
    assertEquals([idsOf(second), second.cursor], [["a"], undefined]);
    assertEquals(idsOf(await store.list({ statuses: ["lost"], limit: 2 })), []);
  });

  test("list() lists the tasks of several statuses", async (bench) => {
    const { store, put } = bench;
    const labels = ["rows"];
    await put("a", { status: "failed", labels });
    await put("b", { labels });
    await put("c", { status: "queued", labels });
    await put("d", { status: "failed", labels });
    for (
      const statuses of [["failed", "queued"], ["queued", "failed"]] as const
    ) {
      for (const query of [{}, { labels }]) {
        const first = await store.list({ statuses, limit: 2, ...query });
        const { cursor = NaN } = first;
        const second = await store.list({
          statuses,
          limit: 2,
          cursor,
          ...query,
        });
        assertEquals([idsOf(first), idsOf(second)], [["d", "c"], ["a"]]);
      }
    }
  });

  test("list() lists the tasks of an owner, or with labels", async (bench) => {
    const { store, put } = bench;
    await put("a", { user_id: "7", labels: ["rows", "team:7"] });
    await put("b", { user_id: "8", labels: ["rows"] });
    await put("c", { labels: ["team:7", "rows"], status: "failed" });
    await put("d", { user_id: "7" });
    await put("a");
    const list = async (query: Partial<ListQuery>) =>
      idsOf(await store.list({ limit: 9, ...query }));
    assertEquals(await list({ owner: "7" }), ["a", "d"]);
    assertEquals(await list({ owner: "9" }), []);
    assertEquals(await list({ labels: ["rows"] }), ["a", "c", "b"]);
    assertEquals(await list({ labels: ["rows", "team:7"] }), ["a", "c"]);
    assertEquals(await list({ labels: ["rows", "none"] }), []);
    assertEquals(await list({ owner: "7", labels: ["rows"] }), ["a"]);
    assertEquals(await list({ statuses: ["failed"], labels: ["rows"] }), ["c"]);
    assertEquals(await list({ statuses: ["failed"], owner: "7" }), []);
    const first = await store.list({ limit: 2, labels: ["rows"] });
    const { cursor = NaN } = first;
    const second = await store.list({ limit: 2, labels: ["rows"], cursor });
    assertEquals([idsOf(first), idsOf(second)], [["a", "c"], ["b"]]);
  });

  test("list() knows labels and owner of the present history alone", async (bench) => {
    const { store, put, elapse } = bench;
    await put("a", { user_id: "7", labels: ["old"] });
    await put("b", { user_id: "7", labels: ["old"] });
    await store.forget("a");
    await put("a", { labels: ["new"] });
    assertEquals(idsOf(await store.list({ limit: 9, owner: "7" })), ["b"]);
    assertEquals(idsOf(await store.list({ limit: 9, labels: ["old"] })), ["b"]);
    assertEquals(idsOf(await store.list({ limit: 9, labels: ["new"] })), ["a"]);
    await elapse(historyTtlMs * 1.1);
    assertEquals(idsOf(await store.list({ limit: 9, labels: ["old"] })), []);
  });

  test("list() lists a task by label for as long as events follow", async (bench) => {
    const { store, put, elapse } = bench;
    await put("a", { labels: ["rows"] });
    for (let count = 0; count < 6; count++) {
      await elapse(historyTtlMs * 0.9);
      await put("a");
    }
    assertEquals(idsOf(await store.list({ limit: 9, labels: ["rows"] })), [
      "a",
    ]);
  });

  test("list() gives the states that read() gives", async ({ store, put }) => {
    await put("a", { user_id: "7", message: "m" });
    const { state } = await store.read("a");
    assertEquals((await store.list({ limit: 1 })).states, state && [state]);
  });

  test("list() lists no expired task", async (bench) => {
    const { store, put, elapse } = bench;
    await put("a");
    await elapse(historyTtlMs * 0.6);
    await put("b");
    await elapse(historyTtlMs * 0.6);
    assertEquals(idsOf(await store.list({ limit: 9 })), ["b"]);
  });

  test("forget() deletes a task and its history for good", async (bench) => {
    const { store, put, noticed } = bench;
    await put("a", { event_id: "one", status: "succeeded", user_id: "7" });
    await put("b");
    const { epoch } = await store.read("a");
    assertEquals(await store.forget("a"), true);
    assertEquals(noticed, [{ kind: "deleted", taskId: "a" }]);
    const view = await store.read("a", { epoch, offset: 0 });
    assertEquals([view.offset, view.state, view.recovered], [
      0,
      undefined,
      false,
    ]);
    assertEquals(idsOf(await store.list({ limit: 9 })), ["b"]);

    const event = await put("a", { event_id: "one" });
    assertEquals([event.offset, event.status], [1, "running"]);
    const anew = await store.read("a");
    assertEquals(anew.state?.owner, undefined);
    assertNotEquals(anew.epoch, epoch);
    assertEquals((await store.read("b")).offset, 1);
  });

  test("forget() of an epoch leaves a newer history", async (bench) => {
    const { store, put, noticed } = bench;
    await put("a");
    const { epoch } = await store.read("a");
    await store.forget("a");
    await put("a");
    assertEquals([await store.forget("a", epoch), noticed.length], [false, 1]);
    const anew = await store.read("a");
    assertEquals(anew.offset, 1);
    assertEquals(await store.forget("a", anew.epoch), true);
    assertEquals((await store.read("a")).state, undefined);
  });

  test("forget() says that there was nothing", async ({ store, noticed }) => {
    assertEquals([await store.forget("a"), noticed.length], [false, 0]);
  });
}

function idsOf({ states }: Awaited<ReturnType<Store["list"]>>): string[] {
  return states.map(({ snapshot }) => snapshot.connection_id);
}

async function pages(store: Store, limit: number): Promise<string[][]> {
  const all: string[][] = [];
  let cursor: number | undefined;
  do {
    const page = await store.list({
      limit,
      ...(cursor === undefined ? {} : { cursor }),
    });
    all.push(idsOf(page));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return all;
}
