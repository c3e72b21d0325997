/**
 * Measures the stalls of the event loop while a store takes events: 64
 * publishers at half of the store's limit, and 1,000 watchers over 100 tasks.
 * The idle process comes first, because a shared machine stalls it too.
 *
 *     deno run -A tests/bench/stalls.ts [seconds]
 *
 * @module
 */

import { delay } from "../../src/async/delay.ts";
import { printLine } from "../../src/terminal/output.ts";
import { createMemoryStore } from "../../src/store/memory/memory_store.ts";
import { openSqliteStore } from "../../src/store/sqlite/sqlite_store.ts";
import type { Announce, Store } from "../../src/tasks/store.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const seconds = Number(Deno.args[0] ?? 20);
const publishers = 64;
const tasks = 100;
const watchersPerTask = 10;
const retention = { historyLimit: 1_000, historyTtlMs: 86_400_000 };
const draft = { current: 42, total: 100, unit: "rows", message: "transcoding" };

/** Stands for the sockets: encodes once, and copies for each watcher. */
const announce: Announce = (announcement) => {
  if (announcement.kind !== "event") return 0;
  const frame = `{"type":"task",${announcement.json.slice(1)}`;
  for (let watcher = 0; watcher < watchersPerTask; watcher++) {
    new TextEncoder().encode(frame);
  }
  return watchersPerTask;
};

/** Publishes until a time; `ratePerSecond` paces all publishers together. */
async function publish(
  store: Store,
  endsAtMs: number,
  ratePerSecond = Infinity,
): Promise<number[]> {
  const tookMs: number[] = [];
  const pauseMs = 1_000 * publishers / ratePerSecond;
  await Promise.all(Array.from({ length: publishers }, async (_, publisher) => {
    let dueAtMs = performance.now() + pauseMs * Math.random();
    for (let count = publisher; performance.now() < endsAtMs; count++) {
      if (pauseMs > 0) await delay(Math.max(0, dueAtMs - performance.now()));
      dueAtMs += pauseMs;
      const startedAtMs = performance.now();
      await store.publish(`task-${count % tasks}`, draft);
      tookMs.push(performance.now() - startedAtMs);
    }
  }));
  return tookMs;
}

/** Records the lateness of a timer that rings each millisecond. */
function watchStalls() {
  const stallsMs: number[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    stallsMs.push(Math.max(0, nowMs - lastMs - 1));
    lastMs = nowMs;
  }, 1);
  return {
    stop() {
      clearInterval(timer);
      return stallsMs;
    },
  };
}

function describe(values: number[]): string {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    (sorted[Math.floor(share * (sorted.length - 1))] ?? 0).toFixed(1);
  return `p50 ${at(0.5)}, p99 ${at(0.99)}, p99.9 ${at(0.999)}, longest ${
    at(1)
  } ms`;
}

if (import.meta.main) {
  await using folder = await makeTempDir();
  const open = (sync: "NORMAL" | "FULL") =>
    openSqliteStore(`${folder.path}/${sync}.db`, sync, retention, announce);
  const stores = {
    memory: createMemoryStore(retention, announce),
    "SQLite, NORMAL": await open("NORMAL"),
    "SQLite, FULL": await open("FULL"),
  };
  const idle = watchStalls();
  await delay(seconds * 250);
  printLine(`idle: stalls ${describe(idle.stop())}`);
  for (const [name, store] of Object.entries(stores)) {
    const isMemory = name === "memory";
    const startedAtMs = performance.now();
    // A publish to memory never lets the event loop turn: pace it alike.
    const limit = isMemory
      ? 20_000
      : (await publish(store, startedAtMs + 3_000)).length / 3;
    const watch = watchStalls();
    const endsAtMs = performance.now() + seconds * 1_000;
    const tookMs = await publish(store, endsAtMs, limit / 2);
    printLine(
      `${name}: ${(tookMs.length / seconds).toFixed(0)} of ${
        limit.toFixed(0)
      } events/s, stalls ${describe(watch.stop())}; publishes ${
        describe(tookMs)
      }`,
    );
  }
  for (const store of Object.values(stores)) await store.close();
}
