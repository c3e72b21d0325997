import { residentBytes } from "../../support/resident_memory.ts";
import { HeldWatcher } from "../../support/held_watcher.ts";
import { Crowd } from "../growth/crowd.ts";
import { headers } from "../growth/measured_server.ts";
import { publishBatch } from "../growth/publisher.ts";
import { crowdTask, restMs } from "./load.ts";
import { MeasuredRedis } from "./measured_redis.ts";
import { report } from "./report.ts";

/** The number of watchers, each with a separate task. */
const joins = 4_000;

/** The number of watchers that answer pings. */
const pinged = 1_000;

/** The idle timeout for one ping per second. */
const idleTimeoutSeconds = 2;

/** Measures a watcher with a separate task: joining, staying, leaving. */
export async function measureJoins(measured: MeasuredRedis): Promise<void> {
  const node = measured.nodes.at(2);
  await publishBatch(node.origin, crowdTask(joins), joins);
  // Measured first, because processes do not return memory.
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
  const back = await meter.measure(() => measured.reconnected(node, joins));
  report(
    "a watched task, when a lost connection to Redis is replaced: Redis",
    (back[0] ?? 0) / joins,
    "µs",
  );
  report(
    "a watched task, when a lost connection to Redis is replaced: the node",
    (back[3] ?? 0) / joins,
    "µs",
  );
  const going = await meter.measure(async () => {
    await crowd?.[Symbol.asyncDispose]();
    await noneWatched(node.origin);
  });
  report("a watcher goes: Redis", (going[0] ?? 0) / joins, "µs");
}

/** Measures a ping and its answer for a node. */
export async function measurePings(): Promise<void> {
  await using measured = await MeasuredRedis.start(idleTimeoutSeconds);
  const { origin } = measured.nodes.at(0);
  const meter = measured.meter();
  const [, resting = 0] = await meter.rest(restMs);
  const watchers = Array.from(
    { length: pinged },
    (_, index) => new HeldWatcher(origin, `pinged/${index}`),
  );
  for (const watcher of watchers) await watcher.connect();
  const [, pinging = 0] = await meter.rest(2 * restMs);
  const pingsASecond = pinged * 2 / idleTimeoutSeconds;
  report(
    "a ping and its answer: the node",
    (pinging - resting) / pingsASecond,
    "µs",
  );
  await Promise.all(watchers.map((watcher) => watcher.drop()));
}

async function noneWatched(origin: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${origin}/metrics`, { headers });
    if (/^taskwire_watched_tasks 0$/m.test(await response.text())) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
