import { assert, assertEquals, assertMatch } from "@std/assert";
import { answerOf } from "../support/answer.ts";
import { childrenOf } from "../support/child_processes.ts";
import { eventually } from "../support/eventually.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { scrape } from "../support/scrape.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { serve } from "../support/taskwire.ts";
import { UnbrokenWatcher } from "../support/unbroken_watcher.ts";

/**
 * The descriptor limit of a process, and the number of idle connections to use
 * all of them.
 */
const openFiles = 100;
const idle = 400;

/**
 * Errors of a port without a listener: refused by the kernel, or reset at once.
 */
const refusals = [
  Deno.errors.ConnectionRefused,
  Deno.errors.ConnectionReset,
  Deno.errors.NotConnected,
];

const env = {
  TASKWIRE_JWT_SECRET: testSecret,
  TASKWIRE_API_KEYS: testApiKey,
  TASKWIRE_LOG: "info",
};

/** Opens idle connections until a server has no descriptor left. */
async function takeDescriptors(origin: string): Promise<Disposable> {
  const { hostname, port } = new URL(origin);
  const stack = new DisposableStack();
  for (let count = 0; count < idle; count += 1) {
    try {
      stack.use(await Deno.connect({ hostname, port: Number(port) }));
    } catch (error) {
      if (!refusals.some((kind) => error instanceof kind)) throw error;
      break;
    }
  }
  return stack;
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

function countOpenFiles(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Returns the number of times the server's processes listened again. */
async function countFailures(origin: string): Promise<number> {
  const { samples } = await scrape(origin);
  return [...samples]
    .filter(([name]) => name.startsWith("taskwire_accept_failures_total"))
    .reduce((sum, [, count]) => sum + count, 0);
}

for (const workers of [1, 2]) {
  Deno.test(`taskwire serve survives a lack of descriptors, with ${workers} workers`, async () => {
    await using served = await serve(["--workers", String(workers)], {
      env,
      openFiles,
    });
    const { origin, server } = served;
    {
      await using watcher = new UnbrokenWatcher(origin, "a");
      await watcher.until(({ life }) => life !== undefined);
      const publish = (eventId: string) =>
        publishUntilAnswered(origin, {
          task: "a",
          eventId,
          apiKey: testApiKey,
        });
      await publish("before");
      {
        using _idle = await takeDescriptors(origin);
        const processes = workers === 1 ? [server.pid] : childrenOf(server.pid);
        const isFull = (pid: number) => countOpenFiles(pid) >= openFiles;
        await eventually(() => Promise.resolve(processes.some(isFull)));
      }
      await eventually(async () => await health(origin) === 200);
      assertEquals(await publish("after"), 2);
      await watcher.until(({ offset }) => offset === 2);
      assert(watcher.isContiguous);
      assertEquals(watcher.lives.length, 1);
      await eventually(async () => await countFailures(origin) > 0);
    }
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
    assertMatch(
      await server.stderr,
      /Cannot accept connections: .*LimitNOFILE/,
    );
  });
}
