import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { answerOf } from "../support/answer.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { TestSocket } from "../support/socket.ts";
import { serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const watchers = isFull ? 2_000 : 300;
const stalled = 20;
const uploads = 10;
const drainMs = isFull ? 10_000 : 4_000;

/**
 * The server disconnects watchers over half the drain time: at least a third of
 * the half must be used.
 */
const leastSpreadMs = drainMs / 2 / 3;

/** The time from the end of the drain time to the end of the process. */
const exitMs = 1_000;

/** Far more bytes than the kernel keeps for a stalled reader. */
const bigEvents = 300;
const bigEvent = { data: "x".repeat(60_000) };
const apiKey = "key-of-the-drain-test";

Deno.test(`taskwire serve disconnects ${watchers} watchers over the drain time, ${stalled} stalled`, async () => {
  await using folder = await makeTempDir();
  const { server, origin } = await serve([], {
    cwd: folder.path,
    env: {
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_DRAIN_TIMEOUT: String(drainMs / 1_000),
      TASKWIRE_LOG: "info",
    },
  });
  await using _ = server;
  const ws = `${origin.replace("http", "ws")}/ws/realtime`;
  using stack = new DisposableStack();
  const alive = Array.from(
    { length: watchers - stalled },
    (_, index) => new TestSocket(`${ws}/alive%2F${index % 50}`),
  );
  await Promise.all(alive.map((socket) => socket.nextOf("sync")));
  const unread: RawSocket[] = [];
  for (let count = 0; count < stalled; count += 1) {
    unread.push(stack.use(await RawSocket.open(`${ws}/stalled`)));
  }
  const inFlight = Array.from(
    { length: uploads },
    (_, index) => new SlowUpload(origin, `upload/${index}`),
  );
  await Promise.all(inFlight.map((upload) => upload.begin()));
  for (let count = 0; count < bigEvents; count += 1) {
    const { status } = await answerOf(publish(
      origin,
      "stalled",
      JSON.stringify(bigEvent),
    ));
    assertEquals(status, 201);
  }

  const signaledAt = Date.now();
  const goodbyes = alive.map((socket) => goodbyeOf(socket));
  const exit = server.exitCode().then((code) => ({ code, at: Date.now() }));
  server.kill("SIGTERM");
  await Promise.race(goodbyes);
  // Half of the publishes end during the disconnects, the rest after.
  const late = inFlight.splice(uploads / 2);
  const statuses = await Promise.all(inFlight.map((upload) => upload.finish()));
  const told = await Promise.all(goodbyes);
  statuses.push(...await Promise.all(late.map((upload) => upload.finish())));
  const { code, at } = await exit;
  const taken = await Promise.all(unread.map((socket) => lastOffset(socket)));

  const times = told.map(({ atMs }) => atMs - signaledAt)
    .sort((a, b) => a - b);
  const firstMs = times[0] ?? 0, lastMs = times.at(-1) ?? 0;
  const middleMs = times[Math.floor(times.length / 2)] ?? 0;
  printLine(
    `drain of ${drainMs} ms: ${told.length} watchers told after ${firstMs} to ${lastMs} ms, half of them by ${middleMs} ms; exit ${code} after ${
      at - signaledAt
    } ms; the stalled took ${Math.min(...taken)} to ${
      Math.max(...taken)
    } of ${bigEvents} events; publishes in flight answered: ${
      statuses.join(" ")
    }`,
  );
  assertEquals(statuses, Array.from({ length: uploads }, () => 201));
  assertGreater(lastMs - firstMs, leastSpreadMs);
  // Evenly distributed.
  assertGreater(middleMs - firstMs, leastSpreadMs / 3);
  assertGreater(lastMs - middleMs, leastSpreadMs / 3);
  assertGreater(new Set(told.map(({ retryAfterMs }) => retryAfterMs)).size, 10);
  assertEquals(code, 0);
  assertLess(at - signaledAt, drainMs + exitMs);
  // The watchers were stalled: the server could not send its data.
  for (const offset of taken) assertLess(offset, bigEvents);
});

/** Asserts the `error` frame and the close of a watcher. */
async function goodbyeOf(
  socket: TestSocket,
): Promise<{ atMs: number; retryAfterMs: number }> {
  const { code, retry_after_ms } = await socket.nextOf("error");
  const atMs = Date.now();
  const retryAfterMs = Number(retry_after_ms);
  assertEquals(code, "server_restarting");
  assert(retryAfterMs > 0);
  assertEquals((await socket.closed).code, 1012);
  return { atMs, retryAfterMs };
}

/** Returns the offset of the last readable event, after the server's end. */
async function lastOffset(socket: RawSocket): Promise<number> {
  for (let last = 0;;) {
    try {
      const { type, offset } = JSON.parse(await socket.nextText());
      if (type === "task") last = offset;
    } catch (error) {
      if (error instanceof Error && /hung up|reset/.test(error.message)) {
        return last;
      }
      throw error;
    }
  }
}

function publish(
  origin: string,
  task: string,
  body: string | ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Response> {
  return fetch(`${origin}/api/tasks/${encodeURIComponent(task)}/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${apiKey}` },
    body,
  });
}

/** A publish with a body in two chunks, a long time apart. */
class SlowUpload {
  readonly #writer: WritableStreamDefaultWriter<string>;
  readonly #status: Promise<number>;

  constructor(origin: string, task: string) {
    const { readable, writable } = new TextEncoderStream();
    this.#writer = writable.getWriter();
    this.#status = answerOf(publish(origin, task, readable))
      .then(({ status }) => status);
  }

  /** Sends the first half; resolves when the bytes are sent. */
  begin(): Promise<void> {
    return this.#writer.write('{"progress":');
  }

  /** Sends the rest; returns the status of the answer. */
  async finish(): Promise<number> {
    await this.#writer.write("0.5}");
    await this.#writer.close();
    return await this.#status;
  }
}
