import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  applyBatch,
  type KnownTask,
} from "../../../src/store/redis/apply_batch.ts";
import {
  nameTask,
  parseView,
  readArgs,
} from "../../../src/store/redis/redis_task.ts";
import {
  forgetScript,
  publishScript,
  readScript,
} from "../../../src/store/redis/task_scripts.ts";
import type { RedisScript } from "../../../src/redis/script.ts";
import { needs } from "../../support/needs.ts";
import { shareRedis } from "../../support/shared_redis.ts";
import type { EventDraft } from "../../../src/tasks/draft.ts";
import type { StreamPosition } from "../../../src/tasks/event.ts";

const test = needs("redis-server");

const redis = await shareRedis();

/** The scripts of a task, called individually. */
function bench() {
  const prefix = redis.prefix();
  const call = async (
    { text }: RedisScript,
    rest: readonly string[],
    run: string,
  ) => {
    const { keys, args } = nameTask(prefix, 0, run, "a");
    return await redis.server.command(
      ...["EVAL", text, String(keys.length), ...keys, ...args, ...rest],
    );
  };
  return {
    read: async (since?: StreamPosition | "oldest", run = "one") =>
      parseView(
        await call(readScript, readArgs(since, Infinity, Infinity, 100), run),
      ),
    forget: (epoch: string) =>
      call(forgetScript, ["channel", "gone", epoch, "topics:", ""], "one"),
    async publish(
      known: KnownTask,
      names: Record<string, number> = {},
      draft: EventDraft = {},
      { node = "one", turnMs = 0 } = {},
    ) {
      const { state, operations } = applyBatch("a", known, [draft], new Map());
      const places = Object.entries(names);
      return await call(publishScript, [
        ...[`${known.epoch}:${known.rev}`, "60000", "100", "channel"],
        state?.snapshot.status ?? "-",
        "-",
        JSON.stringify(state),
        ...[node, String(turnMs), "topics:", "0"],
        String(places.length),
        ...places.flatMap(([name, place]) => [name, String(place)]),
        ...operations,
      ], "one") as readonly unknown[];
    },
    /** Returns the task as found by a different process. */
    async known(): Promise<KnownTask> {
      const [, epoch, rev, json] = await call(publishScript, [
        ...[
          "?",
          "60000",
          "100",
          "channel",
          "-",
          "-",
          "-",
          "one",
          "0",
          "topics:",
          "0",
          "0",
        ],
      ], "one") as string[];
      const state = json === undefined || json === null
        ? undefined
        : JSON.parse(json);
      return { epoch: epoch ?? "", rev: rev ?? "", state };
    },
  };
}

test("publishScript stores nothing if the task's revision has changed", async () => {
  const { publish, known, read } = bench();
  const before = await known();
  assertEquals(await publish(before), ["done", "1", 0]);
  const [answer, epoch, rev, state] = await publish(before);
  assertEquals([answer, epoch, rev], ["stale", before.epoch, "1"]);
  assertEquals(JSON.parse(String(state)).snapshot.offset, 1);
  assertEquals(
    (await publish({ ...await known(), epoch: "other" }))[0],
    "stale",
  );
  assertEquals((await read()).offset, 1);
});

test("publishScript gives the next turn to a late node, and makes other nodes wait", async () => {
  const { publish, known } = bench();
  const first = await known();
  await publish(first);
  const late = { node: "two", turnMs: 60_000 };
  const [stale, epoch, rev, json] = await publish(first, {}, {}, late);
  assertEquals(stale, "stale");
  const [answer, leftMs] = await publish(first);
  assertEquals(answer, "wait");
  assert(Number(leftMs) > 0 && Number(leftMs) <= 60_000);
  const state = JSON.parse(String(json));
  const fresh = { epoch: String(epoch), rev: String(rev), state };
  assertEquals((await publish(fresh, {}, {}, late))[0], "done");
  assertEquals((await publish(await known()))[0], "done");
});

test("publishScript finds an event_id in history, given or derived", async () => {
  const { publish, known, read } = bench();
  const before = await known();
  await publish(before);
  const { epoch } = before;
  for (
    const [name, place] of [
      [`${epoch}:1`, "1"],
      [`${epoch}:2`, "0"],
      [`${epoch}:01`, "0"],
      [`${epoch}:1x`, "0"],
      [`${epoch}:9999999999999999`, "0"],
      ["other:1", "0"],
      ["1", "0"],
    ] as const
  ) {
    const wrong = place === "1" ? 0 : 1;
    const answer = await publish(await known(), { [name]: wrong });
    assertEquals([answer[0], answer[4]], ["stale", place], name);
  }
  assertEquals((await read()).offset, 1);
});

test("readScript gives a task a new epoch in a new run, once", async () => {
  const { publish, known, read } = bench();
  await publish(await known());
  const first = await read("oldest");
  const second = await read({ epoch: first.epoch, offset: 1 }, "two");
  assertNotEquals(second.epoch, first.epoch);
  assertEquals([second.recovered, second.offset], [false, 1]);
  assertEquals(second.state?.snapshot.epoch, second.epoch);
  const again = await read("oldest", "two");
  assertEquals(
    [again.epoch, again.events],
    [second.epoch, first.events],
  );
});

test("readScript keeps the epoch if nothing is lost between runs", async () => {
  const { publish, known, read } = bench();
  await publish(await known()); // by a process with an outdated state
  const [first, ...others] = [
    await read("oldest", "one+"),
    await read("oldest", "one"),
  ];
  assertEquals(others.map(({ epoch }) => epoch), [first?.epoch]);
  const unsure = await read("oldest", "two+");
  assertNotEquals(unsure.epoch, first?.epoch);
  assertEquals((await read("oldest", "three+")).epoch, unsure.epoch);
});

test("readScript has enough after 256 KiB, and goes on from there", async () => {
  const { publish, known, read } = bench();
  const data = "x".repeat(64_000);
  for (let count = 0; count < 12; count++) {
    await publish(await known(), {}, { data });
  }
  const { epoch } = await read();
  const slices = [];
  let offset = 0;
  while (offset < 12) {
    const { events, recovered } = await read({ epoch, offset });
    assertEquals([recovered, events[0]?.offset], [true, offset + 1]);
    slices.push(events.length);
    offset = events.at(-1)?.offset ?? 12;
  }
  assertEquals(slices, [5, 5, 2]);
});

test("forgetScript tells if the history existed, and begins a new epoch", async () => {
  const { publish, known, read, forget } = bench();
  const before = await known();
  assertEquals(await forget(before.epoch), 0);
  await publish(before);
  assertEquals(await forget("other"), 0);
  assertEquals([await forget(before.epoch), await forget(before.epoch)], [
    1,
    0,
  ]);
  const { epoch, state } = await read();
  assertEquals(state, undefined);
  assertNotEquals(epoch, before.epoch);
});
