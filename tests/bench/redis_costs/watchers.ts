import { residentBytes } from "../../support/resident_memory.ts";
import { Crowd } from "../growth/crowd.ts";
import { headers } from "../growth/measured_server.ts";
import { publishBatch } from "../growth/publisher.ts";
import { crowdTask, restMs } from "./load.ts";
import type { MeasuredRedis } from "./measured_redis.ts";
import { report } from "./report.ts";

/** Watchers, each of a task of their own. */
const joins = 4_000;

/** What a watcher costs who comes to a task of their own, stays, and leaves. */
export async function measureJoins(measured: MeasuredRedis): Promise<void> {
  const node = measured.nodes.at(2);
  await publishBatch(node.origin, crowdTask(joins), joins);
  // First of all, as a process does not give back what it once took.
  const before = {
    redis: await measured.memory(),
    node: residentBytes(node.pid),
  };
  const first = await Crowd.open(node.origin, joins);
  report(
    "a watched task: memory of Redis",
    (await measured.memory() - before.redis) / joins,
    "bytes",
  );
  report(
    "a watcher: memory of the node",
    (residentBytes(node.pid) - before.node) / joins / 1_024,
    "KiB",
  );
  await first[Symbol.asyncDispose]();
  await noneWatched(node.origin);
  const meter = measured.meter();
  await meter.rest(restMs);
  let crowd: Crowd | undefined;
  const coming = await meter.measure(async () => {
    crowd = await Crowd.open(node.origin, joins);
  });
  report("a watcher comes: Redis", (coming[0] ?? 0) / joins, "µs");
  report("a watcher comes: the node", (coming[3] ?? 0) / joins, "µs");
  const going = await meter.measure(async () => {
    await crowd?.[Symbol.asyncDispose]();
    await noneWatched(node.origin);
  });
  report("a watcher goes: Redis", (going[0] ?? 0) / joins, "µs");
}

async function noneWatched(origin: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${origin}/metrics`, { headers });
    if (/^taskwire_watched_tasks 0$/m.test(await response.text())) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
