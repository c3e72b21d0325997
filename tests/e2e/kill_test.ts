import { assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { serve } from "../support/taskwire.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { ResumingWatcher } from "../support/resuming_watcher.ts";

const rounds = 10;
const acknowledgedPerRound = 300;
const publishers = 16;
const apiKey = "key-of-the-kill-test";
const tasks = Array.from({ length: 8 }, (_, index) => `kill/${index}`);

Deno.test("kill -9 under load loses no acknowledged event", async () => {
  const folder = await Deno.makeTempDir({ prefix: "taskwire-kill-" });
  const options = {
    cwd: folder,
    env: { TASKWIRE_API_KEYS: apiKey, TASKWIRE_LOG: "error" },
  };
  let running = await serve([], options);
  const { origin } = running;
  const { port } = new URL(origin);
  const watchers = tasks.map((id) => new ResumingWatcher(origin, id));
  await Promise.all(watchers.map(({ joined }) => joined));
  /** The offset of each acknowledged event, by `event_id`. */
  const acknowledged = new Map<string, { task: string; offset: number }>();
  let isOver = false;
  let onAcknowledged = () => {};

  async function publish(publisher: number): Promise<void> {
    for (let count = 0; !isOver; count++) {
      const task = tasks[(publisher + count) % tasks.length] ?? "";
      const eventId = `${publisher}-${count}`;
      const offset = await publishUntilAnswered(origin, {
        task,
        eventId,
        apiKey,
      });
      acknowledged.set(eventId, { task, offset });
      onAcknowledged();
    }
  }
  function acknowledgements(atLeast: number): Promise<void> {
    return new Promise((resolve) => {
      onAcknowledged = () => {
        if (acknowledged.size >= atLeast) resolve();
      };
    });
  }

  const publishing = Array.from(
    { length: publishers },
    (_, index) => publish(index),
  );
  for (let round = 1; round <= rounds; round++) {
    await acknowledgements(acknowledged.size + acknowledgedPerRound);
    running.server.kill("SIGKILL");
    await running.server.exitCode();
    running = await serve(["--port", port], options);
  }
  await acknowledgements(acknowledged.size + acknowledgedPerRound);
  isOver = true;
  await Promise.all(publishing);

  const histories = await Promise.all(
    tasks.map((id) => readHistory(origin, id)),
  );
  const stored = new Map(
    histories.flat().map((event) => [
      event.event_id,
      event,
    ]),
  );
  const found = [...acknowledged].filter(([id, { task, offset }]) => {
    const event = stored.get(id);
    return event?.offset === offset && event.connection_id === task;
  });
  const heads = histories.map((events) => events.at(-1)?.offset ?? 0);
  const seen = await Promise.all(
    watchers.map((watcher, index) => watcher.seenUntil(heads[index] ?? 0)),
  );
  const lost = acknowledged.size - found.length;
  const duplicated = histories.flat().length - stored.size;
  printLine(
    `kill -9, ${rounds} rounds: acknowledged ${acknowledged.size}, found ${found.length}, lost ${lost}, duplicated ${duplicated}; watchers resumed ${
      seen.reduce((sum, { resumes }) => sum + resumes, 0)
    } times`,
  );
  assertEquals({ lost, duplicated }, { lost: 0, duplicated: 0 });
  for (const [index, { offsets, resumes }] of seen.entries()) {
    const head = heads[index] ?? 0;
    assertEquals(offsets, Array.from({ length: head }, (_, i) => i + 1));
    assertGreater(resumes, 0);
  }
  await running.server[Symbol.asyncDispose]();
  await Deno.remove(folder, { recursive: true });
});

interface HistoryEvent {
  readonly connection_id: string;
  readonly event_id: string;
  readonly offset: number;
}

async function readHistory(
  origin: string,
  task: string,
): Promise<HistoryEvent[]> {
  const id = encodeURIComponent(task);
  const events: HistoryEvent[] = [];
  for (;;) {
    const offset = events.at(-1)?.offset ?? 0;
    const response = await fetch(
      `${origin}/api/tasks/${id}/events?limit=1000&offset=${offset}`,
      { headers: { Authorization: `Bearer ${apiKey}` } },
    );
    const page = await response.json();
    if (page.events.length === 0) return events;
    events.push(...page.events);
  }
}
