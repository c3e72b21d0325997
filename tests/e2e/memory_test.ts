import { assert, assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { sendWithoutEnd } from "../support/endless_message.ts";
import { RawSocket } from "../support/raw_socket.ts";
import { ResumingWatcher } from "../support/resuming_watcher.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { TestSocket } from "../support/socket.ts";
import { serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const apiKey = "key-of-the-memory-test";
const task = "upload_123456";
const maxMemoryBytes = 250_000_000;

/** Events published after the restart. */
const eventsAfterwards = 50;

Deno.test("an endless message makes watchers resume without losing an event", async () => {
  await using folder = await makeTempDir();
  const options = {
    cwd: folder.path,
    env: {
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_MAX_MEMORY_BYTES: String(maxMemoryBytes),
    },
  };
  let running = await serve([], options);
  const { origin } = running;
  const ws = origin.replace("http", "ws");
  const watchers = Array.from(
    { length: 5 },
    () => new ResumingWatcher(origin, task),
  );
  await Promise.all(watchers.map(({ joined }) => joined));
  await using bystander = new TestSocket(`${ws}/ws/ws/simple/a`);
  await bystander.nextOf("connected");

  const offsets: number[] = [];
  let isOver = false;
  const publishing = (async () => {
    for (let count = 0; !isOver; count += 1) {
      const eventId = String(count);
      const event = { task, eventId, apiKey };
      offsets.push(await publishUntilAnswered(origin, event));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();

  using attacker = await RawSocket.open(`${ws}/ws/test/a`);
  const sending = sendWithoutEnd(attacker);
  const { type, code, retry_after_ms } = await bystander.nextFrame();
  const toldAt = Date.now();
  assertEquals([type, code], ["error", "server_restarting"]);
  assert(Number(retry_after_ms) > 0);
  assertEquals((await bystander.closed).code, 1012);
  assertEquals(await running.server.exitCode(), 75);
  const drainMs = Date.now() - toldAt;
  const sentMiB = await sending;
  assert(
    (await running.server.stderr).includes("TASKWIRE_MAX_MEMORY_BYTES"),
  );

  const publishedBefore = offsets.length;
  running = await serve(["--port", new URL(origin).port], options);
  while (offsets.length < publishedBefore + eventsAfterwards) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  isOver = true;
  await publishing;
  const head = offsets.at(-1) ?? 0;
  const all = Array.from({ length: head }, (_, index) => index + 1);
  assertEquals(offsets, all);
  const seen = await Promise.all(
    watchers.map((watcher) => watcher.seenUntil(head)),
  );
  for (const { offsets: seenOffsets, resumes } of seen) {
    assertEquals(seenOffsets, all);
    assertGreater(resumes, 0);
  }
  printLine(
    `endless message: ${sentMiB} MiB sent, exit 75 ${drainMs} ms after the first watcher was told; published ${head}, lost 0; watchers resumed ${
      seen.reduce((sum, { resumes }) => sum + resumes, 0)
    } times`,
  );
  await running[Symbol.asyncDispose]();
});
