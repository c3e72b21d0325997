import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { StoreDisconnectedError } from "../../../src/tasks/store.ts";
import type { Change } from "../../../src/tasks/state.ts";
import { Announcements } from "../../support/announcements.ts";
import { captureLog } from "../../support/captured_log.ts";
import { cutProxy } from "../../support/cut_proxy.ts";
import { deadline } from "../../support/deadline.ts";
import { needs } from "../../support/needs.ts";
import {
  ageRedis,
  openRedisStore,
  redisRetention,
} from "../../support/redis_store.ts";
import { shareRedis } from "../../support/shared_redis.ts";
import { outcomeOf } from "../store_contract_bench.ts";

const test = needs("redis-server");

const redis = await shareRedis();
const { server } = redis;

/** Opens stores with the same prefix. */
async function openTwo(retention = redisRetention) {
  const prefix = redis.prefix();
  const announced = new Announcements();
  const one = await openRedisStore(server, prefix, announced.take, retention);
  const two = await openRedisStore(server, prefix, () => 0, retention);
  return {
    prefix,
    announced,
    one,
    two,
    async [Symbol.asyncDispose]() {
      await one.close();
      await two.close();
    },
  };
}

test("publish() gets a turn despite a busy process nearer to Redis", async () => {
  const prefix = redis.prefix();
  const retention = { ...redisRetention, historyLimit: 100_000 };
  await using far = cutProxy(`http://127.0.0.1:${server.port}`, 2);
  const url = `redis://127.0.0.1:${far.port}`;
  await using near = await openRedisStore(server, prefix, () => 0, retention);
  await using away = await openRedisStore({ url }, prefix, () => 0, retention);
  let isOver = false;
  let published = 0;
  const flooding = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await near.publish("a", {});
      published += 1;
    }
  });
  for (let count = 0; count < 20; count++) {
    const publishing = away.publish("a", { event_id: `away ${count}` });
    outcomeOf("stored", await deadline(publishing, () => "no turn"));
  }
  isOver = true;
  await Promise.all(flooding);
  assertEquals((await near.read("a")).offset, published + 20);
});

test("publish() waits no longer than a second for a process that dies in its turn", async () => {
  await using stores = await openTwo();
  const { one, prefix } = stores;
  const { offset } = outcomeOf("stored", await one.publish("a", {})).event;
  const keys = await server.command("KEYS", `${prefix}*:s:a`);
  const [key = ""] = keys as string[];
  const until = String(Date.now() + 500);
  await server.command("HSET", key, "turn", "dead", "until", until);
  const next = outcomeOf("stored", await one.publish("a", {})).event;
  assertEquals(next.offset, offset + 1);
  assert(Date.now() >= Number(until));
});

test("publish() stores each event once if two processes contend for a task", async () => {
  await using stores = await openTwo({
    ...redisRetention,
    historyLimit: 1_000,
  });
  const { one, two, announced } = stores;
  await one.watch("a", 1);
  const rounds = Array.from({ length: 60 }, (_, round) => round);
  const outcomes = (await Promise.all(
    [one, two].map(async (store, index) => {
      const own = [];
      for (const round of rounds) {
        // A publisher waits for every event, so publishers take turns and
        // collide.
        own.push(
          ...await Promise.all([
            store.publish("a", { event_id: `${index}-${round}` }),
            store.publish("a", { event_id: `shared-${round}` }),
            store.publish("a", {}),
          ]),
        );
      }
      return own;
    }),
  )).flat();
  const stored = outcomes.filter(({ kind }) => kind === "stored").length;
  // The first of the shared events, regardless of the publisher.
  assertEquals(stored, 5 * rounds.length);
  const { events, epoch } = await two.read("a", "oldest");
  const offsets = Array.from({ length: stored }, (_, index) => index + 1);
  assertEquals(events.map(({ offset }) => offset), offsets);
  const names = events.map(({ json }) => JSON.parse(json).event_id);
  assertEquals(new Set(names).size, stored);
  assertEquals(await announced.until("a", stored), offsets);
  assert(
    outcomes.every((outcome) =>
      !("epoch" in outcome) || outcome.epoch === epoch
    ),
  );
});

test("publish() answers a retry at a different process with the first answer", async () => {
  await using stores = await openTwo();
  const { one, two } = stores;
  await two.publish("a", {}); // to make the store remember the task
  const first = outcomeOf("stored", await one.publish("a", { event_id: "x" }));
  const again = outcomeOf(
    "duplicate",
    await two.publish("a", { event_id: "x" }),
  );
  assertEquals(
    [again.offset, again.epoch],
    [first.event.offset, first.epoch],
  );
});

const endings: Record<
  string,
  (stores: Awaited<ReturnType<typeof openTwo>>) => Promise<unknown>
> = {
  "forgotten by another process": ({ two }) => two.forget("a"),
  "just over, with keys that are kept longer": ({ prefix }) =>
    ageRedis(server, prefix, redisRetention.historyTtlMs * 1.05),
  "over, as its time is": ({ prefix }) =>
    ageRedis(server, prefix, redisRetention.historyTtlMs * 2),
  "flushed": () => server.flush(),
};

for (const [ending, end] of Object.entries(endings)) {
  test(`publish() begins a known task anew that is ${ending}`, async () => {
    await using stores = await openTwo();
    const { one, two } = stores;
    await one.publish("a", { event_id: "x", user_id: "7" });
    const before = outcomeOf(
      "stored",
      await one.publish("a", { status: "failed" }),
    );
    await end(stores);
    const after = outcomeOf(
      "stored",
      await one.publish("a", { event_id: "x" }),
    );
    assertEquals(after.event.offset, 1);
    assertNotEquals(after.epoch, before.epoch);
    const { state, epoch } = await two.read("a");
    assertEquals([state?.owner, epoch], [undefined, after.epoch]);
  });
}

test("publish() stores an event in flight at a disconnect only once", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(`http://127.0.0.1:${server.port}`);
  const prefix = redis.prefix();
  const url = `redis://127.0.0.1:${proxy.port}`;
  await using store = await openRedisStore({ url }, prefix);
  let next = 0;
  for (let round = 0; round < 3; round++) {
    const ids = Array.from({ length: 250 }, () => `event-${next++}`);
    const publishing = ids.map((event_id) => store.publish("a", { event_id }));
    const settling = Promise.allSettled(publishing);
    await publishing[0]; // some are stored and answered, some stored, some not
    proxy.cut();
    const failed: StoreDisconnectedError[] = [];
    for (const result of await settling) {
      if (result.status === "fulfilled") continue;
      assert(result.reason instanceof StoreDisconnectedError);
      failed.push(result.reason);
    }
    assert(failed[0]);
    proxy.mend();
    await deadline(failed[0].restored, () => "not restored");
    // A publisher without an answer publishes again.
    await Promise.all(ids.map((event_id) => store.publish("a", { event_id })));
    const { offset } = await store.read("a");
    assertEquals(offset, next);
  }
});

test("publish() accepts more changes at once than a script stores", async () => {
  await using stores = await openTwo({
    ...redisRetention,
    historyLimit: 1_000,
  });
  const { one, two } = stores;
  const text = "x".repeat(100);
  const outcomes = await Promise.all(
    Array.from({ length: 450 }, () => one.publish("a", { message: text })),
  );
  assertEquals(
    outcomes.map((outcome) => outcomeOf("stored", outcome).event.offset),
    outcomes.map((_, index) => index + 1),
  );
  const { events } = await two.read("a", "oldest");
  assertEquals(events.length, 450);
});

test("publish() forgets an event_id together with the event", async () => {
  await using stores = await openTwo({ ...redisRetention, historyLimit: 3 });
  const { one, two, prefix } = stores;
  for (const event_id of ["1", "2", "3", "4", "5"]) {
    await one.publish("a", { event_id });
  }
  assertEquals(
    outcomeOf("duplicate", await two.publish("a", { event_id: "3" })).offset,
    3,
  );
  // Named again: the younger event counts, and is not forgotten with the older
  // event.
  assertEquals(
    outcomeOf("stored", await two.publish("a", { event_id: "2" })).event.offset,
    6,
  );
  for (let count = 0; count < 2; count++) await two.publish("a", {});
  outcomeOf("duplicate", await one.publish("a", { event_id: "2" }));
  assertEquals(await named(prefix), ["2"]);
});

/** Returns the kept `event_id`s of `a`. */
async function named(prefix: string): Promise<unknown> {
  const [key = ""] = await server.command(
    "KEYS",
    `${prefix}*}:n:a`,
  ) as string[];
  return (await server.command("HKEYS", key) as string[]).sort();
}

test("publish() trims a history to the present limit", async () => {
  await using stores = await openTwo();
  const { one, prefix } = stores;
  for (let count = 1; count <= 9; count++) {
    await one.publish("a", { event_id: `event-${count}` });
  }
  const { epoch } = await one.read("a");
  const less = { ...redisRetention, historyLimit: 3 };
  await using store = await openRedisStore(server, prefix, () => 0, less);
  const offsets = async () => {
    const { events } = await store.read("a", "oldest");
    return events.map(({ offset }) => offset);
  };
  assertEquals(await offsets(), [7, 8, 9]);
  assertEquals((await store.read("a", { epoch, offset: 5 })).recovered, false);
  await store.publish("a", { event_id: "event-10" });
  assertEquals(await offsets(), [8, 9, 10]);
  assertEquals(await named(prefix), ["event-10", "event-8", "event-9"]);
});

test("publish() announces nothing that Redis then refuses to store", async () => {
  using _log = captureLog();
  await using stores = await openTwo();
  const { one, announced } = stores;
  await one.watch("a", 1);
  await one.publish("a", {});
  const changes: readonly Change[] = [{ kind: "cancel" }, {}];
  await server.command("CONFIG", "SET", "maxmemory", "1mb");
  try {
    for (const change of changes) {
      const error = await assertRejects(() => one.publish("a", change));
      assert(!(error instanceof StoreDisconnectedError));
    }
    // Redis is still reachable.
    const { offset, state } = await one.read("a");
    assertEquals([offset, state?.cancelRequested], [1, undefined]);
  } finally {
    await server.command("CONFIG", "SET", "maxmemory", "0");
  }
  await one.publish("a", {});
  assertEquals(await announced.until("a", 2), [1, 2]);
});

test("publish() knows nothing of before the connection: data may be older now", async () => {
  using _log = captureLog();
  const prefix = redis.prefix();
  await using proxy = cutProxy(`http://127.0.0.1:${server.port}`);
  const url = `redis://127.0.0.1:${proxy.port}`;
  await using store = await openRedisStore({ url }, prefix);
  await using other = await openRedisStore(server, prefix);
  await other.publish("a", {});
  const [key = ""] = await server.command(
    "KEYS",
    `${prefix}*}:s:a`,
  ) as string[];
  const fields = await server.command("HGETALL", key) as string[];
  await store.publish("a", { message: "of the first life" });
  proxy.cut();
  await assertRejects(() => store.read("a"), StoreDisconnectedError);
  // A backup is restored, and goes on to the same rev.
  await server.command("HSET", key, ...fields);
  const [history = ""] = await server.command(
    "KEYS",
    `${prefix}*}:h:a`,
  ) as string[];
  await server.command("DEL", history);
  await other.publish("a", { message: "of the second" });
  proxy.mend();
  const { restored } = store.link.disconnected() as StoreDisconnectedError;
  await deadline(restored, () => "not restored");
  await store.publish("a", {});
  const { state } = await other.read("a");
  assertEquals(state?.snapshot.message, "of the second");
});

test("publish() keeps no large state in memory, and reads the state again", async () => {
  await using store = await openRedisStore(server, redis.prefix());
  const { link } = store;
  const run = link.run.bind(link);
  let scripts = 0;
  link.run = (...args) => {
    scripts += 1;
    return run(...args);
  };
  const large = { data: "x".repeat(10_000) };
  const changes: readonly Change[] = [{}, large, {}, { data: "small" }, {}];
  const tries: number[] = [];
  for (const change of changes) {
    scripts = 0;
    outcomeOf("stored", await store.publish("a", change));
    tries.push(scripts);
  }
  // The first attempt always finds the task's state.
  assertEquals(tries, [2, 1, 2, 2, 1]);
});

test("publishAll() of tasks that are large keeps the connection to Redis", async () => {
  await using stores = await openTwo();
  const { one, two } = stores;
  await two.watch("a", 1); // Redis bounds the output buffer of a subscribed client
  const ids = Array.from({ length: 1_000 }, (_, index) => `task ${index}`);
  const data = "x".repeat(60_000);
  for (const id of ids) await one.publish(id, { data });
  const { client } = two.link;
  const results = await two.publishAll(
    ids.map((taskId) => ({ taskId, change: { progress: 0.5 } })),
  );
  assert(results.every(({ status }) => status === "fulfilled"));
  assertStrictEquals(two.link.client, client);
});
