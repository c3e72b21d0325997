import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { childrenOf } from "../support/child_processes.ts";
import { needs } from "../support/needs.ts";
import { RedisServer } from "../support/redis_server.ts";
import { type Scrape, scrape } from "../support/scrape.ts";
import { testApiKey } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { serve, type ServeCommand } from "../support/taskwire.ts";

const workers = 3;

function serveThree(store: string): Promise<ServeCommand> {
  return serve(["--workers", String(workers)], {
    env: {
      TASKWIRE_STORE: store,
      TASKWIRE_API_KEYS: testApiKey,
      TASKWIRE_LOG: "error",
      TASKWIRE_DRAIN_TIMEOUT: "1",
    },
  });
}

/**
 * Sends requests over new connections, which the kernel distributes to the
 * workers.
 */
async function withClient<T>(
  work: (client: Deno.HttpClient) => Promise<T>,
): Promise<T> {
  using client = Deno.createHttpClient({});
  return await work(client);
}

function scrapeAny({ origin }: ServeCommand): Promise<Scrape> {
  return withClient((client) => scrape(origin, { client }));
}

async function call({ origin }: ServeCommand, path: string, body?: unknown) {
  return await withClient(async (client) => {
    const response = await fetch(origin + path, {
      client,
      headers: { Authorization: `Bearer ${testApiKey}` },
      ...(body ? { method: "POST", body: JSON.stringify(body) } : {}),
    });
    return await response.json();
  });
}

/** Returns the sum of a metric over all labels. */
function sumOf({ samples }: Scrape, name: string, label = ""): number {
  return [...samples].reduce(
    (sum, [sample, value]) =>
      sample.startsWith(`${name}{`) && sample.includes(label)
        ? sum + value
        : sum,
    0,
  );
}

/** Returns the samples of counters. */
function rising({ samples, types }: Scrape): [string, number][] {
  return [...samples].filter(([sample]) => {
    const name = sample.replace(/\{.*/, "");
    const type = types.get(name) ??
      types.get(name.replace(/_(?:bucket|sum|count)$/, ""));
    return type === "counter" || type === "histogram";
  });
}

/**
 * Opens sockets, publishes and scrapes in turn: any worker must answer with the
 * metrics of all.
 */
async function assertSums(served: ServeCommand): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const ws = served.origin.replace("http", "ws");
  let last = new Map<string, number>();
  const turns = 20;
  for (let turn = 1; turn <= turns; turn++) {
    const socket = stack.use(new TestSocket(`${ws}/ws/realtime/a`));
    await socket.nextOf("sync");
    const { delivered } = await call(served, "/api/tasks/a/events", {
      progress: 0.5,
    });
    assertEquals(delivered, turn);

    const scraped = await scrapeAny(served);
    assertEquals(scraped.samples.get("taskwire_workers"), workers);
    assertEquals(sumOf(scraped, "taskwire_connections"), turn);
    assertEquals(
      sumOf(scraped, "taskwire_publishes_total", 'outcome="stored"'),
      turn,
    );
    for (const [sample, value] of rising(scraped)) {
      assertGreaterOrEqual(value, last.get(sample) ?? 0, sample);
      last.delete(sample);
    }
    assertEquals([...last.keys()], [], "a series is gone");
    last = new Map(rising(scraped));

    const { nodes, silent_nodes, connections, totals } = await call(
      served,
      "/api/stats",
    );
    assertEquals(
      { nodes, silent_nodes, connections, totals },
      {
        nodes: workers,
        silent_nodes: undefined,
        connections: turn,
        totals: { published: turn, delivered: turn * (turn + 1) / 2 },
      },
    );
  }
  // Enough sockets for several workers.
  const { samples } = await scrapeAny(served);
  assert(Number(samples.get('taskwire_sockets{worker="1"}')) < turns);
}

Deno.test("every worker shows the metrics of all workers, which never decrease", async () => {
  await using served = await serveThree("memory:");
  await assertSums(served);
});

needs("redis-server")(
  "every worker shows the metrics of all workers, over Redis as well",
  async () => {
    await using redis = await RedisServer.start();
    await using served = await serveThree(redis.url);
    await assertSums(served);
  },
);

Deno.test("a hanging worker is left out of the metrics, and counted as silent in the stats", async () => {
  await using served = await serveThree("memory:");
  const [hanging = 0] = childrenOf(served.server.pid);
  Deno.kill(hanging, "SIGSTOP");
  // At least one answer is from a different worker.
  const controller = new AbortController();
  const { signal } = controller;
  const asked = Array.from({ length: 32 }, () =>
    withClient(async (client) => {
      const scraped = await scrape(served.origin, { client, signal });
      const stats = await fetch(`${served.origin}/api/stats`, {
        client, // connected to the same worker
        signal,
        headers: { Authorization: `Bearer ${testApiKey}` },
      });
      return { scraped, stats: await stats.json() };
    }));
  const { scraped, stats } = await Promise.any(asked);
  controller.abort();
  await Promise.allSettled(asked);
  Deno.kill(hanging, "SIGCONT");
  assertEquals(scraped.samples.get("taskwire_workers"), workers - 1);
  assertEquals([stats.nodes, stats.silent_nodes], [workers - 1, 1]);
});
