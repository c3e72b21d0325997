import { assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { childrenOf } from "../support/child_processes.ts";
import { eventually } from "../support/eventually.ts";
import { needs } from "../support/needs.ts";
import { Nodes, type TaskwireNode } from "../support/nodes.ts";
import { RedisServer } from "../support/redis_server.ts";
import { publishInTurn } from "../support/retrying_publisher.ts";
import { testApiKey as apiKey } from "../support/server.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { upTo } from "../support/watching.ts";

const publishers = 100;
const total = Deno.env.get("TASKWIRE_LOAD") === "full" ? 10_000 : 1_000;

/** The share of events that are published twice at the same time. */
const repeatedShare = 0.1;

const task = "import/1";

Deno.test("increments sum up exactly though the server is killed", async () => {
  await using folder = await makeTempDir();
  await using nodes = await Nodes.start({
    store: `sqlite:${folder.path}/taskwire.db`,
    count: 1,
  });
  await incrementThrough("SQLite", nodes, [killAndStart]);
});

Deno.test("increments sum up exactly though a worker, then the server is killed", async () => {
  await using folder = await makeTempDir();
  await using nodes = await Nodes.start({
    store: `sqlite:${folder.path}/taskwire.db`,
    count: 1,
    env: { TASKWIRE_WORKERS: "2" },
  });
  await incrementThrough("SQLite, two workers", nodes, [
    killWorker,
    killAndStart,
  ]);
});

needs("redis-server")(
  "increments sum up exactly though one of three nodes is killed",
  async () => {
    await using server = await RedisServer.start();
    await using nodes = await Nodes.start({ store: server.url });
    await incrementThrough("three nodes", nodes, [(node) => node.kill()]);
  },
);

async function killAndStart(node: TaskwireNode): Promise<void> {
  await node.kill();
  await node.start();
}

/** Kills a worker, and waits for the replacement. */
async function killWorker({ pid }: TaskwireNode): Promise<void> {
  const before = childrenOf(pid);
  Deno.kill(before[0] ?? 0, "SIGKILL");
  await eventually(() => {
    const now = childrenOf(pid);
    return Promise.resolve(
      now.length === before.length &&
        now.some((worker) => !before.includes(worker)),
    );
  });
}

/** An answer to an increment. */
interface Answered {
  readonly eventId: string;
  readonly current: number;
}

/**
 * Adds up to {@linkcode total} from many publishers, with faults at equal
 * distances, and checks all answers and the history.
 */
async function incrementThrough(
  name: string,
  nodes: Nodes,
  faults: readonly ((node: TaskwireNode) => Promise<void>)[],
): Promise<void> {
  let attempts = 0;
  const answers: Answered[] = [];
  const waiting = new Map(
    faults.map((_, index) => [
      Math.floor(total * (index + 1) / (faults.length + 1)),
      Promise.withResolvers<void>(),
    ]),
  );

  async function publish(eventId: string): Promise<void> {
    // Each node in turn, even if killed.
    const originOf = () => nodes.at(attempts++).origin;
    const members = { increment: 1, total };
    const event = { task, eventId, apiKey, members };
    const answer = await publishInTurn(originOf, event);
    answers.push({ eventId, current: Number(answer.current) });
    waiting.get(answers.length)?.resolve();
  }
  async function publishAll(publisher: number): Promise<void> {
    for (let count = 0; count < total / publishers; count++) {
      const eventId = `${publisher}.${count}`;
      await Promise.all([
        publish(eventId),
        ...(Math.random() < repeatedShare ? [publish(eventId)] : []),
      ]);
    }
  }
  async function breakAll(): Promise<void> {
    for (const [index, reached] of [...waiting.values()].entries()) {
      await reached.promise;
      await faults[index]?.(nodes.random());
    }
  }
  await Promise.all([breakAll(), ...upTo(publishers).map(publishAll)]);

  const repeats = answers.length - total;
  const failures = attempts - answers.length;
  const events = await nodes.random().history(task);
  const idOf = new Map(events.map(({ event_id, current }) => [
    Number(current),
    event_id,
  ]));
  const finishers = new Set(
    answers.filter(({ current }) => current === total)
      .map(({ eventId }) => eventId),
  );
  printLine(
    `${name}: ${total} increments from ${publishers} publishers, ${repeats} repeated, ${failures} attempts broke off; sum ${
      events.at(-1)?.current
    }, publishers that saw the total: ${finishers.size}`,
  );
  assertGreater(repeats, 0);
  assertGreater(failures, 0);
  assertEquals(events.map(({ current }) => current), upTo(total));
  const wrong = answers.filter(({ eventId, current }) =>
    idOf.get(current) !== eventId
  );
  assertEquals(wrong, []);
  assertEquals(finishers.size, 1);
}
