import { assertEquals, assertGreater } from "@std/assert";
import { printLine } from "../../src/terminal/output.ts";
import { compareHistories } from "../support/compare_histories.ts";
import { needs } from "../support/needs.ts";
import { Nodes } from "../support/nodes.ts";
import { RedisServer } from "../support/redis_server.ts";
import { ResumingWatcher, type Seen } from "../support/resuming_watcher.ts";
import { RetryingPublishers } from "../support/retrying_publishers.ts";
import { upTo } from "../support/watching.ts";

const test = needs("redis-server");
const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";

test(
  "watchers that join at three nodes while events are published miss none",
  async () => {
    const [watchers, events, publishers] = [240, 1_200, 4];
    const id = "join/1";
    await using server = await RedisServer.start();
    await using nodes = await Nodes.start({
      store: server.url,
      env: { TASKWIRE_HISTORY_LIMIT: String(events) },
    });
    const { epoch } = await nodes.at(0).publish(id);
    const joined: { watcher: ResumingWatcher; from: number }[] = [];

    let published = 1;
    async function publish(): Promise<void> {
      while (published < events) {
        published += 1;
        const { offset } = await nodes.random().publish(id, { progress: 0.5 });
        // A watcher every few events, each at a different position.
        if (Number(offset) % (events / watchers) !== 0) continue;
        const from = (joined.length * 37) % Number(offset);
        const { origin } = nodes.at(joined.length);
        const position = { epoch: String(epoch), offset: from };
        joined.push({
          watcher: new ResumingWatcher(origin, id, position),
          from,
        });
      }
    }
    await Promise.all(Array.from({ length: publishers }, publish));
    const seen = await Promise.all(
      joined.map(({ watcher }) => watcher.seenUntil(events)),
    );

    let gaps = 0, duplicates = 0;
    for (const [index, { offsets }] of seen.entries()) {
      const from = joined[index]?.from ?? 0;
      const distinct = new Set(offsets).size;
      gaps += events - from - distinct;
      duplicates += offsets.length - distinct;
      assertEquals(offsets, offsets.toSorted((a, b) => a - b));
    }
    printLine(
      `three nodes: ${joined.length} watchers, ${events} events: gaps ${gaps}, duplicates ${duplicates}`,
    );
    assertEquals([joined.length, gaps, duplicates], [watchers, 0, 0]);
  },
);

test(
  "kill -9 of three nodes in turn loses no acknowledged event",
  async () => {
    const [rounds, acknowledgedPerRound] = [isFull ? 10 : 4, 200];
    const tasks = upTo(8).map((index) => `kill/${index}`);
    await using server = await RedisServer.start();
    await using nodes = await Nodes.start({ store: server.url });
    const watchers = tasks.flatMap((task) =>
      upTo(3).map(() => ({
        task,
        watcher: new ResumingWatcher(() => nodes.random().origin, task),
      }))
    );
    await Promise.all(watchers.map(({ watcher }) => watcher.joined));
    const publishers = new RetryingPublishers({
      tasks,
      node: () => nodes.random(),
      count: 12,
    });
    publishers.start();
    for (let round = 1; round <= rounds; round++) {
      await publishers.acknowledgements(acknowledgedPerRound);
      const killed = nodes.random();
      await killed.kill();
      // Watchers and publishers of the node use other nodes meanwhile.
      await publishers.acknowledgements(acknowledgedPerRound);
      await killed.start();
    }
    await publishers.acknowledgements(acknowledgedPerRound);
    await publishers.stop();

    const { acknowledged, failures } = publishers;
    const { found, lost, duplicated, heads } = await compareHistories(
      nodes,
      tasks,
      acknowledged,
    );
    const seen = await Promise.all(watchers.map(async ({ task, watcher }) => {
      const head = heads.get(task) ?? 0;
      return { head, ...await watcher.seenUntil(head) };
    }));
    const resumes = seen.reduce((sum, { resumes }: Seen) => sum + resumes, 0);
    printLine(
      `kill -9 of a node, ${rounds} rounds: acknowledged ${acknowledged.length}, found ${found}, lost ${lost}, duplicated ${duplicated}; ${watchers.length} watchers resumed ${resumes} times; ${failures} attempts broke off`,
    );
    assertEquals({ lost, duplicated }, { lost: 0, duplicated: 0 });
    for (const { head, offsets } of seen) assertEquals(offsets, upTo(head));
    assertGreater(resumes, 0);
  },
);
