import { assertEquals } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { HeldWatcher } from "../support/held_watcher.ts";
import { needs } from "../support/needs.ts";
import { Nodes, type NodesOptions } from "../support/nodes.ts";
import { allowOpenFiles } from "../support/open_files.ts";
import { RedisServer } from "../support/redis_server.ts";
import { upTo } from "../support/watching.ts";

/** The promised duration with `deno task load`, otherwise shorter. */
const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const seconds = isFull ? 60 : 5;
const eventsPerSecond = 200;
const watchersPerTask = 20;
const tasks = upTo(50).map((index) => `load/${index}`);

/** The time after which missing events count as lost. */
const arrivalMs = 30_000;

needs("redis-server")(
  "1000 watchers over three nodes get each of 200 events a second",
  async () => {
    await allowOpenFiles(Deno.pid, tasks.length * watchersPerTask + 500);
    const alone = await measure({ store: "memory:", count: 1 });
    await using server = await RedisServer.start();
    const three = await measure({ store: server.url, count: 3 });
    printLine(
      `1,000 watchers, ${eventsPerSecond} events a second for ${seconds} s, published to received: one node, memory: ${
        describe(alone)
      }; three nodes, Redis: ${describe(three)}`,
    );
    for (const { delivered, expected, repeated, ended } of [alone, three]) {
      assertEquals(
        { delivered, repeated, ended },
        { delivered: expected, repeated: 0, ended: 0 },
      );
    }
  },
);

/** The results of a load. */
interface Outcome {
  readonly expected: number;
  readonly delivered: number;
  readonly repeated: number;
  /** The number of watchers whose connections ended. */
  readonly ended: number;
  /** The times from publish to watcher, in milliseconds, ascending. */
  readonly latencies: Float64Array;
}

async function measure(options: NodesOptions): Promise<Outcome> {
  await using nodes = await Nodes.start(options);
  const expected = seconds * eventsPerSecond * watchersPerTask;
  const latencies = new Float64Array(expected);
  const sentAt = new Map<string, number>();
  let delivered = 0;
  const watchers = tasks.flatMap((task, at) =>
    upTo(watchersPerTask).map((index) =>
      new HeldWatcher(nodes.at(at + index).origin, task, ({ event_id: id }) => {
        const sent = sentAt.get(String(id));
        if (sent === undefined) return; // the first event, published earlier
        latencies[delivered] = performance.now() - sent;
        delivered += 1;
      })
    )
  );
  await Promise.all(tasks.map((task) => nodes.random().publish(task)));
  await Promise.all(watchers.map((watcher) => watcher.connect()));

  const heads = await publishSteadily(nodes, sentAt);
  await Promise.all(
    watchers.map((watcher, index) =>
      watcher.seen(
        heads[Math.floor(index / watchersPerTask)] ?? 0,
        arrivalMs,
      )
    ),
  );
  await Promise.all(watchers.map((watcher) => watcher.drop()));
  return {
    expected,
    delivered,
    repeated: watchers.reduce((sum, { tally }) => sum + tally.repeated, 0),
    ended: watchers.filter(({ endings }) => endings > 0).length,
    latencies: latencies.subarray(0, delivered).toSorted(),
  };
}

/**
 * Publishes at a steady rate to random nodes, without waiting for answers.
 * Returns each task's newest offset.
 */
async function publishSteadily(
  nodes: Nodes,
  sentAt: Map<string, number>,
): Promise<number[]> {
  const heads = tasks.map(() => 0);
  const total = seconds * eventsPerSecond;
  const answers: Promise<void>[] = [];
  async function publish(count: number): Promise<void> {
    const at = count % tasks.length;
    const eventId = String(count);
    sentAt.set(eventId, performance.now());
    const { offset } = await nodes.random().publish(tasks[at] ?? "", {
      event_id: eventId,
      progress: count / total,
      message: "transcoding",
    });
    heads[at] = Math.max(heads[at] ?? 0, Number(offset));
  }
  const startedAt = performance.now();
  for (let count = 0; count < total; count += 1) {
    const dueInMs = startedAt + count * 1_000 / eventsPerSecond -
      performance.now();
    if (dueInMs > 0) {
      await new Promise((resolve) => setTimeout(resolve, dueInMs));
    }
    answers.push(publish(count));
  }
  await Promise.all(answers);
  return heads;
}

function describe({ expected, delivered, latencies }: Outcome): string {
  const percentile = (share: number) =>
    latencies[Math.floor(latencies.length * share)]?.toFixed(1);
  return `delivered ${delivered} of ${expected}, p50 ${
    percentile(0.5)
  } ms, p99 ${percentile(0.99)} ms`;
}
