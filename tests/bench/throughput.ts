/**
 * Measures a server in a separate process over HTTP and WebSocket: acknowledged
 * events, history reads, and joins with a replay of 100 events, per second.
 *
 * The stores take turns, round by round, so that a noisy machine affects all
 * alike; the median of the rounds is printed. The client shares the machine:
 * the figures are orders of magnitude, not records.
 *
 * @module
 */

import { printLine } from "../../src/terminal/output.ts";
import { serve } from "../support/taskwire.ts";
import { TestSocket } from "../support/socket.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const rounds = 5;
const secondsPerRound = 1;
const replayed = 100;
const apiKey = "key-of-the-benchmark";
const headers = { Authorization: `Bearer ${apiKey}` };

const stores = [
  { name: "memory", store: "memory:", sync: "NORMAL" },
  { name: "SQLite, NORMAL", store: "sqlite:bench.db", sync: "NORMAL" },
  { name: "SQLite, FULL", store: "sqlite:bench.db", sync: "FULL" },
];

/** Work repeated by several clients at a time; each call counts once. */
interface Work {
  readonly name: string;
  readonly atOnce: number;
  run(origin: string, worker: number): Promise<void>;
}

const works: readonly Work[] = [
  { name: "publishes, 1 publisher", atOnce: 1, run: publish },
  { name: "publishes, 64 publishers", atOnce: 64, run: publish },
  { name: `history reads of ${replayed}`, atOnce: 16, run: readHistory },
  { name: `joins, replay of ${replayed}`, atOnce: 16, run: join },
];

async function publish(origin: string, worker: number): Promise<void> {
  const response = await fetch(`${origin}/api/tasks/bench-${worker}/events`, {
    method: "POST",
    headers,
    body: '{"current":42,"total":100,"unit":"rows","message":"transcoding"}',
  });
  if (response.status !== 201) throw new Error(await response.text());
  await response.body?.cancel();
}

async function readHistory(origin: string): Promise<void> {
  const url = `${origin}/api/tasks/history/events?limit=${replayed}`;
  const { events } = await (await fetch(url, { headers })).json();
  if (events.length !== replayed) throw new Error("History is not whole");
}

const epochs = new Map<string, string>();

async function join(origin: string): Promise<void> {
  const query = `epoch=${epochs.get(origin)}&offset=0`;
  const url = `${origin.replace("http", "ws")}/ws/realtime/history?${query}`;
  await using socket = new TestSocket(url);
  for (let offset = 1; offset <= replayed; offset++) {
    const frame = await socket.nextOf("task");
    if (frame.offset !== offset) throw new Error("Replay is not whole");
  }
}

async function prepareHistory(origin: string): Promise<void> {
  for (let offset = 1; offset <= replayed; offset++) {
    const response = await fetch(`${origin}/api/tasks/history/events`, {
      method: "POST",
      headers,
      body: JSON.stringify({ progress: offset / replayed }),
    });
    epochs.set(origin, (await response.json()).epoch);
  }
}

/** @returns Calls per second. */
async function measure(origin: string, { atOnce, run }: Work): Promise<number> {
  const startedAt = performance.now();
  const endsAt = startedAt + secondsPerRound * 1_000;
  let calls = 0;
  await Promise.all(Array.from({ length: atOnce }, async (_, worker) => {
    while (performance.now() < endsAt) {
      await run(origin, worker);
      calls += 1;
    }
  }));
  return calls / (performance.now() - startedAt) * 1_000;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (import.meta.main) {
  await using stack = new AsyncDisposableStack();
  const servers = [];
  for (const { name, store, sync } of stores) {
    const folder = stack.use(await makeTempDir());
    const { server, origin } = await serve([], {
      cwd: folder.path,
      env: {
        TASKWIRE_API_KEYS: apiKey,
        TASKWIRE_STORE: store,
        TASKWIRE_SQLITE_SYNC: sync,
        TASKWIRE_LOG: "error",
      },
    });
    stack.use(server);
    await prepareHistory(origin);
    servers.push({ name, origin });
  }
  printLine(`Calls a second, median of ${rounds} rounds (lowest to highest)`);
  for (const work of works) {
    const rates = servers.map((): number[] => []);
    for (const { origin } of servers) await measure(origin, work); // warm-up
    for (let round = 0; round < rounds; round++) {
      for (const [index, { origin }] of servers.entries()) {
        rates[index]?.push(await measure(origin, work));
      }
    }
    const cells = servers.map(({ name }, index) => {
      const values = rates[index] ?? [];
      const [low, high] = [Math.min(...values), Math.max(...values)];
      return `${name} ${median(values).toFixed(0)} (${low.toFixed(0)} to ${
        high.toFixed(0)
      })`;
    });
    printLine(`${work.name}: ${cells.join(" · ")}`);
  }
}
