/**
 * Measures the stores without HTTP: single publishes, many publishes in a turn
 * of the event loop, and reads of history.
 *
 * @module
 */

import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite_store.ts";
import type { Store } from "../../src/tasks/store.ts";

const retention = { historyLimit: 1_000, historyTtlMs: 86_400_000 };
const atOnce = 500;
const read = 100;
const draft = { current: 42, total: 100, unit: "rows", message: "transcoding" };

const folder = Deno.makeTempDirSync({ prefix: "taskwire-bench-" });
const stores: Readonly<Record<string, Store>> = {
  memory: createMemoryStore(retention, () => 0),
  "SQLite NORMAL": await openSqliteStore(
    `${folder}/bench.db`,
    "NORMAL",
    retention,
    () => 0,
  ),
};
globalThis.addEventListener("unload", () => {
  for (const store of Object.values(stores)) store.close();
  Deno.removeSync(folder, { recursive: true });
});

async function publish(store: Store, taskId: string): Promise<void> {
  const { kind } = await store.publish(taskId, draft);
  if (kind !== "stored") throw new Error(`An event was ${kind}`);
}

for (const [name, store] of Object.entries(stores)) {
  const baseline = name === "memory";
  let next = 0;
  Deno.bench({
    name: `${name}: publish() one`,
    group: "one publish at a time",
    baseline,
    async fn() {
      // Deno waits only for functions declared `async`.
      await publish(store, `task-${next++ % atOnce}`);
    },
  });

  Deno.bench({
    name: `${name}: publish() ${atOnce} in one turn`,
    group: `${atOnce} publishes, of ${atOnce} tasks`,
    baseline,
    async fn() {
      await Promise.all(
        Array.from(
          { length: atOnce },
          (_, number) => publish(store, `task-${number}`),
        ),
      );
    },
  });

  for (let event = 0; event < 2 * read; event++) {
    await publish(store, "history");
  }
  const { epoch } = await store.read("history");
  Deno.bench({
    name: `${name}: read() ${read} events`,
    group: `history of ${read}`,
    baseline,
    async fn() {
      const since = { epoch, offset: read / 2 };
      const { events } = await store.read("history", since, read);
      if (events.length !== read) throw new Error("History is not whole");
    },
  });
}
