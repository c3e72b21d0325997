import { assert, assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { childrenOf } from "../support/child_processes.ts";
import { sendWithoutEnd } from "../support/endless_message.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { residentBytes } from "../support/resident_memory.ts";
import { ResumingWatcher, type Seen } from "../support/resuming_watcher.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { serve, type ServeCommand } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const apiKey = "key-of-the-workers-test";
const env = { TASKWIRE_API_KEYS: apiKey, TASKWIRE_LOG: "error" };
const tasks = Array.from({ length: 4 }, (_, index) => `workers/${index}`);
const watchersPerTask = 8;

/**
 * Publishers and watchers of all {@linkcode tasks}, with retries after every
 * error.
 */
class Load {
  readonly #origin: string;
  readonly #watchers: readonly ResumingWatcher[];
  readonly #publishing: Promise<void>[];
  /**
   * The offset of each acknowledged event, by `event_id`, which includes the
   * task.
   */
  readonly #acknowledged = new Map<string, number>();
  readonly #heads = tasks.map(() => 0);
  #isOver = false;
  #onAcknowledged = () => {};

  private constructor(origin: string, watchers: readonly ResumingWatcher[]) {
    this.#origin = origin;
    this.#watchers = watchers;
    this.#publishing = tasks.flatMap((_, index) => [
      this.#publish(index, "a"),
      this.#publish(index, "b"),
    ]);
  }

  static async start(origin: string): Promise<Load> {
    const watchers = tasks.flatMap((task) =>
      Array.from(
        { length: watchersPerTask },
        () => new ResumingWatcher(origin, task),
      )
    );
    await Promise.all(watchers.map(({ joined }) => joined));
    return new Load(origin, watchers);
  }

  /** Waits until a number of further events were acknowledged. */
  async acknowledgedMore(count: number): Promise<void> {
    const atLeast = this.#acknowledged.size + count;
    await new Promise<void>((resolve) => {
      this.#onAcknowledged = () => {
        if (this.#acknowledged.size >= atLeast) resolve();
      };
    });
  }

  /** Ends publishing; returns the result. */
  async stop(): Promise<{ acknowledged: number; seen: readonly Seen[] }> {
    this.#isOver = true;
    await Promise.all(this.#publishing);
    const acknowledged = this.#acknowledged.size;
    const heads = this.#heads.reduce((sum, head) => sum + head, 0);
    assertEquals(heads, acknowledged, "an event was stored twice, or lost");
    const seen = await Promise.all(
      this.#watchers.map(async (watcher, index) => {
        const head = this.#heads[Math.floor(index / watchersPerTask)] ?? 0;
        const seen = await watcher.seenUntil(head);
        assertEquals(
          seen.offsets,
          Array.from({ length: head }, (_, offset) => offset + 1),
        );
        return seen;
      }),
    );
    return { acknowledged, seen };
  }

  async #publish(index: number, publisher: string): Promise<void> {
    const task = tasks[index] ?? "";
    for (let count = 0; !this.#isOver; count++) {
      const eventId = `${index}-${publisher}-${count}`;
      const offset = await publishUntilAnswered(this.#origin, {
        task,
        eventId,
        apiKey,
      });
      this.#acknowledged.set(eventId, offset);
      this.#heads[index] = Math.max(this.#heads[index] ?? 0, offset);
      this.#onAcknowledged();
    }
  }
}

/** Waits for the replacement of a worker, under load. */
async function replacementOf(
  { server }: ServeCommand,
  before: readonly number[],
  load: Load,
): Promise<void> {
  const isReplaced = () => {
    const now = childrenOf(server.pid);
    return now.length === before.length &&
      now.some((pid) => !before.includes(pid));
  };
  while (!isReplaced()) await load.acknowledgedMore(10);
}

const resumesOf = (seen: readonly Seen[]) =>
  seen.reduce((sum, { resumes }) => sum + resumes, 0);

Deno.test("kill -9 of workers under load makes watchers resume without losing an event", async () => {
  await using folder = await makeTempDir();
  await using served = await serve(["--workers", "2"], {
    cwd: folder.path,
    env,
  });
  const load = await Load.start(served.origin);
  const rounds = 3; // five deaths in 10 s would end the server
  for (let round = 0; round < rounds; round++) {
    await load.acknowledgedMore(300);
    const workers = childrenOf(served.server.pid);
    const victim = workers[round % workers.length] ?? 0;
    Deno.kill(victim, "SIGKILL");
    await replacementOf(served, workers, load);
  }
  await load.acknowledgedMore(300);
  const { acknowledged, seen } = await load.stop();
  const resumes = resumesOf(seen);
  assertGreater(resumes, 0);
  printLine(
    `kill -9 of a worker, ${rounds} times: acknowledged ${acknowledged}, lost 0, duplicated 0; ${seen.length} watchers resumed ${resumes} times`,
  );
  served.server.kill("SIGTERM");
  assertEquals(await served.server.exitCode(), 0);
});

Deno.test("an endless message costs one worker, and the rest keep serving", async () => {
  await using folder = await makeTempDir();
  const maxMemoryBytes = 250_000_000;
  await using served = await serve(["--workers", "2"], {
    cwd: folder.path,
    env: { ...env, TASKWIRE_MAX_MEMORY_BYTES: String(maxMemoryBytes) },
  });
  const load = await Load.start(served.origin);
  await load.acknowledgedMore(100);
  const { pid } = served.server;
  const workers = childrenOf(pid);
  using attacker = await RawSocket.open(
    `${served.origin.replace("http", "ws")}/ws/test/a`,
  );
  const sending = sendWithoutEnd(attacker);
  await replacementOf(served, workers, load);
  const sentMiB = await sending;
  await load.acknowledgedMore(100);
  assertEquals(
    childrenOf(pid).filter((worker) => workers.includes(worker)).length,
    1,
  );
  assert(residentBytes(pid) < maxMemoryBytes);
  const { acknowledged, seen } = await load.stop();
  printLine(
    `endless message to a worker: ${sentMiB} MiB sent; acknowledged ${acknowledged}, lost 0; ${seen.length} watchers resumed ${
      resumesOf(seen)
    } times`,
  );
  served.server.kill("SIGTERM");
  assertEquals(await served.server.exitCode(), 0);
  assert((await served.server.stderr).includes("TASKWIRE_MAX_MEMORY_BYTES"));
});
