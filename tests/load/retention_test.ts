import { assertEquals, assertLess } from "@std/assert";
import v8 from "node:v8";
import vm from "node:vm";
import { printLine } from "../../src/terminal/output.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite_store.ts";
import type { Store } from "../../src/tasks/store.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const events = isFull ? 1_000_000 : 100_000;
const tasks = events / 100;
const retention = { historyLimit: 10, historyTtlMs: 3_600_000 };
const samples = 10;

/**
 * The permitted ratio of the final size to the size at half time: a store that
 * levels off hardly grows.
 */
const maxGrowth = 1.1;

for (const kind of ["memory", "sqlite"] as const) {
  Deno.test(`${kind} store levels off after ${events} events over ${tasks} tasks`, async () => {
    await using folder = await makeTempDir();
    const path = `${folder.path}/a.db`;
    const open = () => openSqliteStore(path, "NORMAL", retention, () => 0);
    let store = kind === "memory"
      ? createMemoryStore(retention, () => 0)
      : await open();
    const curve: number[] = [];
    for (let sample = 0; sample < samples; sample++) {
      await publish(store, events / samples);
      if (kind === "memory") {
        curve.push(heapBytes());
        continue;
      }
      // A closed store has no write-ahead log, whose size depends on when the
      // copying thread runs.
      await store.close();
      curve.push((await Deno.stat(path)).size);
      store = await open();
    }
    printLine(
      `${kind}: ${events} events over ${tasks} tasks, MiB after each tenth: ${
        curve.map((bytes) => (bytes / 1_048_576).toFixed(1)).join(" ")
      }`,
    );
    assertLess(curve.at(-1) ?? 0, (curve[samples / 2] ?? 0) * maxGrowth);
    await assertNewestKept(store);
    await store.close();
  });
}

/** Publishes to one task after the other, many at a time. */
async function publish(store: Store, count: number): Promise<void> {
  const message =
    "a message of the size that people write to say how far they are";
  for (let done = 0; done < count; done += 100) {
    await Promise.all(
      Array.from(
        { length: 100 },
        (_, index) =>
          store.publish(`task/${(done + index) % tasks}`, {
            progress: 0.5,
            message,
          }),
      ),
    );
  }
}

async function assertNewestKept(store: Store): Promise<void> {
  const { epoch, offset } = await store.read("task/7");
  assertEquals(offset, events / tasks);
  const since = { epoch, offset: offset - retention.historyLimit };
  const { events: kept } = await store.read("task/7", since);
  assertEquals(kept.length, retention.historyLimit);
}

/** Returns the size of the engine's heap after a garbage collection. */
function heapBytes(): number {
  v8.setFlagsFromString("--expose-gc");
  vm.runInNewContext("gc")();
  return Deno.memoryUsage().heapUsed;
}
