import { assert, assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { answerOf } from "../support/answer.ts";
import { eventually } from "../support/eventually.ts";
import { allowOpenFiles } from "../support/open_files.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { scrape } from "../support/scrape.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { serve } from "../support/taskwire.ts";
import { handshakeBytes } from "../support/tcp_exchange.ts";
import { UnbrokenWatcher } from "../support/unbroken_watcher.ts";

const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const durationMs = isFull ? 60_000 : 4_000;

/**
 * The descriptor limit of the server and of each worker: lower than the number
 * of watchers.
 */
const openFiles = 1_024;
const watchersEach = 1_100;

/** The number of watchers that connect first and stay. */
const steady = 40;
const tasks = ["steady/0", "steady/1", "steady/2", "steady/3"];

/** The time a passing watcher stays, in milliseconds. */
const stayMs = 1_500;

/**
 * Errors of a port without a listener, or of an unaccepted connection: refused
 * by the kernel, or reset.
 */
const refusals = [
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.BrokenPipe,
  Deno.errors.NotConnected,
];

for (const workers of [1, 2]) {
  Deno.test(`taskwire serve survives ${watchersEach} watchers with ${openFiles} descriptors and ${workers} workers`, async () => {
    const crowd = watchersEach * workers;
    await allowOpenFiles(Deno.pid, crowd + 300);
    await using served = await serve(["--workers", String(workers)], {
      env: {
        TASKWIRE_JWT_SECRET: testSecret,
        TASKWIRE_API_KEYS: testApiKey,
        TASKWIRE_LOG: "error",
      },
      openFiles,
    });
    const { origin, server } = served;
    {
      await using stack = new AsyncDisposableStack();
      const watchers = Array.from(
        { length: steady },
        (_, index) =>
          stack.use(
            new UnbrokenWatcher(origin, tasks[index % tasks.length] ?? ""),
          ),
      );
      for (const watcher of watchers) await watcher.until(({ life }) => !!life);

      const endsAtMs = performance.now() + durationMs;
      let isExhausted = false;
      const isOver = () => performance.now() > endsAtMs && isExhausted;
      const visits = { in: 0, refused: 0 };
      const publishing = Promise.all(
        tasks.map((task) => publishAll(origin, task, isOver)),
      );
      const exhausting = eventually(async () =>
        await acceptFailures(origin) > 0
      ).finally(() => isExhausted = true);
      await Promise.all([
        exhausting,
        ...Array.from(
          { length: crowd },
          () => comeAndGo(origin, isOver, visits),
        ),
      ]);
      const leftAtMs = performance.now();
      await eventually(async () => await health(origin) === 200);
      const healthyMs = performance.now() - leftAtMs;

      const heads = await publishing;
      for (const [index, watcher] of watchers.entries()) {
        const head = heads[index % tasks.length] ?? 0;
        await watcher.until(({ offset }) => offset === head);
      }
      const failures = await acceptFailures(origin);
      printLine(
        `${crowd} watchers came and went for ${
          durationMs / 1_000
        } s, ${openFiles} descriptors each of ${workers}: let in ${visits.in}, refused ${visits.refused}; listened again ${failures} times; /healthz is 200 after ${healthyMs.toFixed()} ms; ${steady} watchers got ${
          heads.join(", ")
        } events`,
      );
      assertGreater(visits.in, 0);
      assertGreater(failures, 0);
      for (const { lives, isContiguous } of watchers) {
        assert(isContiguous);
        assertEquals(lives.length, 1);
      }
    }
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
    const stderr = await server.stderr;
    assert(stderr.includes("Cannot accept connections"), stderr);
  });
}

/**
 * Connects repeatedly, stays for a while, and disconnects; refused connections
 * stay open, too.
 */
async function comeAndGo(
  origin: string,
  isOver: () => boolean,
  visits: { in: number; refused: number },
): Promise<void> {
  const { hostname, port } = new URL(origin);
  const head = new Uint8Array(64);
  while (!isOver()) {
    const staysMs = stayMs * (0.5 + Math.random());
    const stay = new Promise((resolve) => setTimeout(resolve, staysMs));
    try {
      using tcp = await Deno.connect({ hostname, port: Number(port) });
      const reading = (async () => {
        await tcp.write(handshakeBytes("/ws/realtime/crowd"));
        const count = await tcp.read(head) ?? 0;
        return new TextDecoder().decode(head.subarray(0, count));
      })();
      // An unaccepted connection waits in the kernel without an answer.
      const answer = await Promise.race([reading, stay.then(() => "")]);
      visits[answer.startsWith("HTTP/1.1 101 ") ? "in" : "refused"] += 1;
      reading.catch(() => {});
      await stay;
    } catch (error) {
      if (!refusals.some((kind) => error instanceof kind)) throw error;
      visits.refused += 1;
      await stay;
    }
  }
}

/** Publishes to a task; returns the last offset. */
async function publishAll(
  origin: string,
  task: string,
  isOver: () => boolean,
): Promise<number> {
  let offset = 0;
  for (let count = 0; !isOver(); count += 1) {
    offset = await publishUntilAnswered(origin, {
      task,
      eventId: String(count),
      apiKey: testApiKey,
    });
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return offset;
}

/** Returns the status of `/healthz`; 0 without an answer. */
async function health(origin: string): Promise<number> {
  try {
    return (await answerOf(fetch(`${origin}/healthz`))).status;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return 0;
  }
}

/** Counts how often the workers listened again; 0 without an answer. */
async function acceptFailures(origin: string): Promise<number> {
  if (await health(origin) !== 200) return 0;
  const { samples } = await scrape(origin);
  return [...samples]
    .filter(([name]) => name.startsWith("taskwire_accept_failures_total"))
    .reduce((sum, [, value]) => sum + value, 0);
}
