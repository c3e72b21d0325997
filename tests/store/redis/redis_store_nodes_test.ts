import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { parseRedisUrl } from "../../../src/redis/address.ts";
import {
  shardBase,
  shardOf,
  taskChannel,
  topicChannel,
  topicChannelBase,
} from "../../../src/store/redis/keys.ts";
import {
  StoreDisconnectedError,
  type TaskList,
} from "../../../src/tasks/store.ts";
import type { Topic } from "../../../src/tasks/topic.ts";
import { Announcements } from "../../support/announcements.ts";
import { captureLog } from "../../support/captured_log.ts";
import { cutProxy } from "../../support/cut_proxy.ts";
import { deadline } from "../../support/deadline.ts";
import { eventually } from "../../support/eventually.ts";
import { needs } from "../../support/needs.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { TestRedisChannel } from "../../support/redis_channel.ts";
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
const origin = `http://127.0.0.1:${server.port}`;

test("watch() counts for publishes, reads and lists of all processes", async () => {
  const prefix = redis.prefix();
  await using one = await openRedisStore(server, prefix);
  await using two = await openRedisStore(server, prefix);
  const sums = async (id: string) => {
    const { delivered } = outcomeOf("stored", await one.publish(id, {}));
    const { watchers } = await two.read(id);
    const { states, watchers: listed } = await one.list({ limit: 9 });
    const index = states.findIndex(({ snapshot }) =>
      snapshot.connection_id === id
    );
    return [delivered, watchers, listed?.[index]];
  };
  assertEquals(await sums("a"), [0, 0, 0]);
  await one.watch("a", 2);
  await two.watch("a", 3);
  await two.watch("b", 1);
  assertEquals(await sums("a"), [5, 5, 5]);
  assertEquals(await sums("b"), [1, 1, 1]);
  await one.watch("a", 0);
  assertEquals(await sums("a"), [3, 3, 3]);
  await two.watch("a", 0);
  assertEquals(await sums("a"), [0, 0, 0]);
});

test("watch() makes other processes' changes announced, only of watched tasks", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  await one.watch("a", 1);
  await two.publish("b", {});
  await two.publish("a", { user_id: "7" });
  await one.publish("a", {});
  await two.publish("a", { kind: "cancel" });
  await two.forget("a");
  await two.publish("a", {});
  assertEquals(await announced.until("a", 5), [
    1,
    2,
    "cancel_requested",
    "deleted",
    1,
  ]);
  assertEquals(announced.of("b"), []);
  const [first] = announced.all;
  assert(first?.kind === "event");
  assertEquals(first.owner, "7");
});

test("a foreign message costs neither the connection nor an event", async () => {
  using log = captureLog();
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  await using channel = await TestRedisChannel.open(server.url);
  await one.watch("a", 1);
  await two.publish("a", {});
  await announced.until("a", 1);
  const { client } = one.link;
  const base = shardBase(prefix, shardOf("a"));
  const name = taskChannel(base, one.database, "a");
  for (const message of ["not JSON", "null", '{"kind":"event"}\n{}']) {
    assertEquals(await channel.publish(name, message), 1);
  }
  await two.publish("a", {});
  assertEquals(await announced.until("a", 2), [1, 2]);
  assertStrictEquals(one.link.client, client);
  assertEquals(log.text.split("Ignored a message").length - 1, 3);
  assertEquals(log.text.split('"connectionId":"a"').length - 1, 3);
});

test("a process cut off catches up on missed events, and its watchers count again", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(origin);
  const prefix = redis.prefix();
  const announced = new Announcements();
  const url = `redis://127.0.0.1:${proxy.port}`;
  await using one = await openRedisStore({ url }, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  for (const id of ["a", "gone", "left"]) {
    await two.publish(id, {});
    await one.watch(id, 1);
    await one.read(id);
  }
  for (let round = 0; round < 3; round++) {
    proxy.cut();
    const { restored } = await assertRejects(async () => {
      for (;;) await one.read("a");
    }, StoreDisconnectedError);
    // While Redis is away, too.
    for (const [id, count] of [["a", 2], ["left", 0], ["new", 1]] as const) {
      await assertRejects(() => one.watch(id, count), StoreDisconnectedError);
    }
    for (let count = 0; count < 5; count++) await two.publish("a", {});
    await two.forget("gone");
    await two.publish("gone", {});
    proxy.mend();
    await deadline(restored, () => "not restored");
    const delivered = [];
    for (const id of ["a", "gone", "left", "new"]) {
      delivered.push(outcomeOf("stored", await two.publish(id, {})).delivered);
    }
    assertEquals(delivered, [2, 1, 0, 1], `in round ${round}`);
    await announced.until("a", 6 * (round + 1));
    await announced.until("gone", 2 * (round + 1));
    await announced.until("new", round + 1);
  }
  assertEquals(
    announced.of("a"),
    Array.from({ length: 18 }, (_, index) => index + 2),
  );
  assertEquals(announced.of("gone"), ["missed", 2, "missed", 2, "missed", 2]);
  assertEquals(announced.of("new"), [1, 2, 3]);
  assertEquals(announced.of("left"), []);
});

/** Returns the number of processes subscribed to the channel of a topic. */
async function followersOf(prefix: string, topic: Topic): Promise<unknown> {
  const base = topicChannelBase(shardBase(prefix, 0), 0);
  const channel = topicChannel(base, topic);
  const [, count] = await server.command(
    ...["PUBSUB", "NUMSUB", channel],
  ) as [string, unknown];
  return count;
}

/** The ids of changed and deleted tasks, and topics of which messages may be missing. */
function toldOf({ ofTopics }: Announcements): string[] {
  return ofTopics.map((announcement) => {
    switch (announcement.kind) {
      case "topic_changed": {
        const { connection_id, offset } = announcement.state.snapshot;
        return `${connection_id} ${offset}`;
      }
      case "topic_deleted":
        return `${announcement.taskId} deleted`;
      case "topic_missed":
        return announcement.topic;
    }
  });
}

test("follow() makes other processes' changes announced, only of followed topics", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  await one.follow("owner:7", true);
  await one.follow("label:rows", true);
  await two.watch("a", 3);
  await two.publish("a", { user_id: "7", labels: ["rows", "team:7"] });
  await two.publish("b", { user_id: "8" });
  await two.publish("c", { labels: ["owner:7", "7"] });
  await two.publish("d", {});
  await two.publish("e", { labels: ["rows"], lease: 1_000 });
  await two.publish("e", { kind: "heartbeat" });
  await two.publish("e", { kind: "cancel" });
  await two.forget("a");
  await announced.untilTold(4);
  assertEquals(toldOf(announced), ["a 1", "e 1", "e 1", "a deleted"]);
  const [first, , last] = announced.ofTopics;
  assert(first?.kind === "topic_changed" && last?.kind === "topic_changed");
  assertEquals([first.watchers, last.watchers], [3, 0]);
  assertEquals(last.state.cancelRequested, true);
});

test("follow() ends with the last list, however quickly lists come and go", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  const change = (...changes: boolean[]) =>
    Promise.all(
      changes.map((isFollowed) => one.follow("owner:7", isFollowed)),
    );
  for (const end of [true, false]) {
    await change(true, false, true, false, end);
    assertEquals(await followersOf(prefix, "owner:7"), end ? 1 : 0);
    await two.publish("a", { user_id: "7" });
    await change(false, end);
    assertEquals(await followersOf(prefix, "owner:7"), end ? 1 : 0);
  }
  assertEquals(toldOf(announced), ["a 1"]);
});

test("follow() makes changes announced for longer than the first heartbeat promises", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  await one.follow("owner:7", true);
  const key = `${shardBase(prefix, shardOf("a"))}shard`;
  for (let count = 0; count < 3; count++) {
    await ageRedis(server, prefix, 9_000);
    await eventually(async () => {
      const listen = Number(await server.command("HGET", key, "listen"));
      return listen > Date.now() + 15_000;
    });
  }
  await two.publish("a", { user_id: "7" });
  await announced.untilTold(1);
  assertEquals(toldOf(announced), ["a 1"]);
});

test("follow() ignores a message of another version", async () => {
  using log = captureLog();
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  await using channel = await TestRedisChannel.open(server.url);
  await one.follow("owner:7", true);
  const { client } = one.link;
  const base = topicChannelBase(shardBase(prefix, 0), one.database);
  const name = topicChannel(base, "owner:7");
  for (const message of ["not JSON", "null", '{"kind":"topic_changed"}\n{}']) {
    assertEquals(await channel.publish(name, message), 1);
  }
  await two.publish("a", { user_id: "7" });
  await announced.untilTold(1);
  assertEquals(toldOf(announced), ["a 1"]);
  assertStrictEquals(one.link.client, client);
  assertEquals(log.text.split("Ignored a message").length - 1, 3);
});

test("list() lists the tasks in the lists of an earlier version by the last event", async () => {
  const prefix = redis.prefix();
  await using store = await openRedisStore(server, prefix);
  const labels = ["rows"];
  for (const id of ["a", "b", "c", "a", "d"]) {
    await store.publish(id, { labels });
  }
  // Then the score was the time of the first event, in 10 microseconds.
  const oldScore = String(Date.now() * 100);
  for (const id of ["a", "b", "c", "gone"]) {
    const list = `${shardBase(prefix, shardOf(id))}l:rows`;
    await server.command("ZADD", list, oldScore, id);
  }
  const ids: string[] = [];
  let cursor: number | undefined = Infinity;
  while (cursor !== undefined) {
    const page: TaskList = await store.list({ labels, limit: 1, cursor });
    ids.push(...page.states.map(({ snapshot }) => snapshot.connection_id));
    cursor = page.cursor;
  }
  assertEquals(ids, ["d", "a", "c", "b"]);
});

test("expired tasks leave a list in the course of time", async () => {
  const prefix = redis.prefix();
  await using store = await openRedisStore(server, prefix);
  const publish = (name: string, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        store.publish(`${name}-${index}`, { labels: ["rows"] })),
    );
  await publish("old", 100);
  await ageRedis(server, prefix, 1.1 * redisRetention.historyTtlMs);
  await publish("new", 400);
  const keys = await server.command("KEYS", `${prefix}*}:l:rows`) as string[];
  const sizes = await Promise.all(
    keys.map((key) => server.command("ZCARD", key)),
  );
  assertEquals(sizes.reduce<number>((sum, size) => sum + Number(size), 0), 400);
});

test("a process cut off follows its topics again, and says that changes may be missed", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(origin);
  const prefix = redis.prefix();
  const announced = new Announcements();
  const url = `redis://127.0.0.1:${proxy.port}`;
  await using one = await openRedisStore({ url }, prefix, announced.take);
  await using two = await openRedisStore(server, prefix);
  for (const topic of ["owner:stays", "label:left"] as const) {
    await one.follow(topic, true);
  }
  for (let round = 0; round < 3; round++) {
    announced.ofTopics.length = 0;
    proxy.cut();
    const { restored } = await assertRejects(async () => {
      for (;;) await one.read("a");
    }, StoreDisconnectedError);
    const changes = { "label:left": false, "label:new": true } as const;
    for (const [topic, isFollowed] of Object.entries(changes)) {
      await assertRejects(
        () => one.follow(topic as Topic, isFollowed),
        StoreDisconnectedError,
      );
    }
    await two.publish("a", { user_id: "stays" });
    proxy.mend();
    await deadline(restored, () => "not restored");
    // From now on each change is announced.
    await two.publish("a", {});
    await two.publish("b", { labels: ["new"] });
    await two.publish("c", { labels: ["left"] });
    await announced.untilTold(4);
    assertEquals(toldOf(announced), [
      "owner:stays",
      "label:new",
      `a ${2 * (round + 1)}`,
      `b ${round + 1}`,
    ]);
    assertEquals(await followersOf(prefix, "label:left"), 0);
  }
});

test("a Redis emptied while idle makes lists read again", async () => {
  await using own = await RedisServer.start();
  const announced = new Announcements();
  await using store = await openRedisStore(own, "test:", announced.take);
  await store.follow("owner:7", true);
  await own.flush();
  await announced.untilTold(1);
  assertEquals(announced.ofTopics[0], {
    kind: "topic_missed",
    topic: "owner:7",
  });
});

test("a Redis emptied while idle is noticed", async () => {
  await using own = await RedisServer.start();
  const announced = new Announcements();
  await using store = await openRedisStore(own, "test:", announced.take);
  await store.watch("a", 1);
  await store.publish("a", {});
  const { epoch } = await store.read("a");
  await own.flush();
  assertEquals(await announced.until("a", 2), [1, "missed"]);
  const { recovered, offset } = await store.read("a", { epoch, offset: 1 });
  assertEquals([recovered, offset], [false, 0]);
});

test("databases of a Redis are independent", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  const url = `${server.url}/1`;
  assertEquals(parseRedisUrl(url)?.database, 1);
  await using two = await openRedisStore({ url }, prefix, announced.take);
  await one.watch("a", 1);
  await two.publish("a", {});
  await two.publish("a", {});
  await one.publish("a", {});
  assertEquals(await announced.until("a", 1), [1]);
  assertEquals((await two.read("a")).offset, 2);
});

test("an expired lease is reported once, regardless of the task's node", async () => {
  const prefix = redis.prefix();
  const announced = new Announcements();
  await using one = await openRedisStore(server, prefix, announced.take);
  await using _two = await openRedisStore(server, prefix);
  const gone = await openRedisStore(server, prefix);
  await one.watch("a", 1);
  await gone.publish("a", { lease: 0.01 });
  await gone.close();
  assertEquals(await announced.until("a", 2), [1, 2]);
  const { state, offset } = await one.read("a");
  assertEquals([state?.snapshot.status, offset], ["lost", 2]);
});

test("a lease that was renewed after its end was seen is not lost", async () => {
  const prefix = redis.prefix();
  await using store = await openRedisStore(server, prefix);
  await store.publish("a", { lease: 1_000 });
  const leases = `${shardBase(prefix, shardOf("a"))}leases`;
  await server.command("ZADD", leases, "1", "a");
  while (await server.command("ZSCORE", leases, "a") === "1") {
    await store.read("a");
  }
  // The reply to the heartbeat, and the store's reaction, precede the reads.
  for (let count = 0; count < 9; count++) await store.read("b");
  assertEquals((await store.read("a")).state?.snapshot.status, "running");
});

test("an unreadable task does not affect other tasks", async () => {
  const prefix = redis.prefix();
  await using store = await openRedisStore(server, prefix);
  await store.publish("a", {});
  await store.publish("b", {});
  const key = `${shardBase(prefix, shardOf("a"))}s:a`;
  await server.command("HSET", key, "state", "{");
  const { client } = store.link;
  await assertRejects(() => store.read("a"), SyntaxError);
  assertEquals((await store.read("b")).offset, 1);
  assertStrictEquals(store.link.client, client);
});

test("close() says goodbye, and is not heard of again", async () => {
  const prefix = redis.prefix();
  const store = await openRedisStore(server, prefix);
  await store.watch("a", 1);
  await store.close();
  assertEquals(await server.command("KEYS", `${prefix}*`), []);
});

test("close() works without a connection", async () => {
  using _log = captureLog();
  await using proxy = cutProxy(origin);
  const url = `redis://127.0.0.1:${proxy.port}`;
  const store = await openRedisStore({ url }, redis.prefix());
  proxy.stall();
  await store.close();
  proxy.resume();
});
