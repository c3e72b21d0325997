import { assertEquals, assertRejects } from "@std/assert";
import { encodeNotice } from "../../../src/store/redis/announcement.ts";
import { FollowedTopics } from "../../../src/store/redis/followed_topics.ts";
import { RedisSubscriptions } from "../../../src/store/redis/subscriptions.ts";
import { shardOf } from "../../../src/store/redis/keys.ts";
import { Announcements } from "../../support/announcements.ts";
import { FakeRedis, type FakeRedisClient } from "../../support/fake_redis.ts";

/** The subscriptions of a process, and the announcements. */
function bench() {
  const redis = new FakeRedis();
  const announced = new Announcements();
  const reads: string[] = [];
  const hooks = { onRead: () => {} };
  const topics = new FollowedTopics({
    channelBases: ["test:{0}:f0:"],
    listen: () => Promise.resolve(),
    announce: announced.take,
  });
  const feeds = new RedisSubscriptions({
    prefix: "test:",
    database: 0,
    node: "node",
    topics,
    announce: announced.take,
    read(_client, id, since, limit) {
      reads.push(`${id}@${since.offset}`);
      const view = redis.read(id, since, limit);
      hooks.onRead();
      return Promise.resolve(view);
    },
  });
  return {
    redis,
    announced,
    reads,
    hooks,
    feeds,
    topics,
    /** Watches a task, then reads, as watchers do. */
    async watch(client: FakeRedisClient, ...ids: string[]) {
      for (const id of ids) {
        await feeds.watch(id, 1, client);
        feeds.note(id, redis.read(id, { epoch: "", offset: 0 }, 0));
      }
    },
    /** Connects again. */
    async restore(prepare: (client: FakeRedisClient) => void = () => {}) {
      const client = redis.connect();
      prepare(client);
      let isCommitted = false;
      await feeds.restore(client, () => isCommitted = true);
      assertEquals(isCommitted, true);
      return client;
    },
  };
}

Deno.test("watch() subscribes with the first, and leaves with the last", async () => {
  const { redis, feeds, announced } = bench();
  const client = redis.connect();
  for (const count of [1, 2, 1, 0]) {
    await feeds.watch("a", count, client);
    redis.publish("a");
  }
  assertEquals(client.done, ["+a", "a=1", "a=2", "a=1", "a=0", "-a"]);
  assertEquals(announced.of("a"), [1, 2, 3]);
});

Deno.test("watch() with 0 for an unknown task does nothing", async () => {
  const { redis, feeds } = bench();
  const client = redis.connect();
  await feeds.watch("a", 0, client);
  assertEquals(client.done, []);
});

Deno.test("watch() resolves once subscribed, for every watcher", async () => {
  const { redis, feeds } = bench();
  const client = redis.connect();
  const { promise: subscribed, resolve: onSubscribed } = Promise
    .withResolvers<void>();
  client.before = (what) => what === "+a" ? subscribed : undefined;
  const order: string[] = [];
  const watching = [1, 2].map((count) =>
    feeds.watch("a", count, client).then(() => order.push(`watched ${count}`))
  );
  await Promise.resolve();
  order.push("subscribed");
  onSubscribed();
  await Promise.all(watching);
  assertEquals(order, ["subscribed", "watched 1", "watched 2"]);
});

Deno.test("watch() follows watchers that leave and return at once", async () => {
  const { redis, feeds, announced } = bench();
  const client = redis.connect();
  await Promise.all(
    [1, 0, 1, 0, 1].map((count) => feeds.watch("a", count, client)),
  );
  assertEquals([client.subscribed.has("a"), client.watchers.get("a")], [
    true,
    1,
  ]);
  redis.publish("a");
  assertEquals(announced.of("a"), [1]);
});

Deno.test("watch() unsubscribes only after the subscription is complete", async () => {
  const { redis, feeds } = bench();
  const client = redis.connect();
  const { promise: subscribed, resolve: onSubscribed } = Promise
    .withResolvers<void>();
  client.before = (what) => what === "+a" ? subscribed : undefined;
  const watching = [1, 0].map((count) => feeds.watch("a", count, client));
  await feeds.watch("b", 1, client);
  assertEquals(client.done.includes("-a"), false);
  onSubscribed();
  await Promise.all(watching);
  assertEquals(client.done.at(-1), "-a");
});

Deno.test("watch() stays subscribed if a watcher joins before the unsubscribe", async () => {
  const { redis, feeds, announced } = bench();
  const client = redis.connect();
  const { promise: subscribed, resolve: onSubscribed } = Promise
    .withResolvers<void>();
  client.before = (what) => what === "+a" ? subscribed : undefined;
  const watching = [1, 0, 1].map((count) => feeds.watch("a", count, client));
  onSubscribed();
  await Promise.all(watching);
  redis.publish("a");
  assertEquals(client.done.includes("-a"), false);
  assertEquals([announced.of("a"), client.watchers.get("a")], [[1], 1]);
});

Deno.test("announces each event once, and a history that begins anew", async () => {
  const { redis, announced, watch } = bench();
  redis.publish("a");
  await watch(redis.connect(), "a");
  redis.publish("a");
  redis.say("a", encodeNotice("deleted"));
  redis.renew("a", "two");
  redis.publish("a");
  redis.say("a", encodeNotice("cancel_requested"));
  redis.publish("a");
  assertEquals(announced.of("a"), [2, "deleted", 1, "cancel_requested", 2]);
});

Deno.test("restore() announces missed events once and in order", async () => {
  const { redis, announced, watch, restore, hooks } = bench();
  const lost = redis.connect();
  redis.publish("a");
  await watch(lost, "a", "b", "c");
  redis.publish("b");
  lost.subscribed.clear();
  for (let count = 0; count < 1_200; count++) redis.publish("a");
  redis.publish("b");
  redis.publish("b");
  // An event in the meantime, read and also received as a message.
  let left = 3;
  hooks.onRead = () => {
    if (left-- > 0) { for (const id of ["a", "b", "c"]) redis.publish(id); }
  };
  await restore();
  redis.publish("a");
  const all = (first: number, last: number) =>
    Array.from({ length: last - first + 1 }, (_, index) => first + index);
  assertEquals(announced.of("a"), all(2, 1_205));
  assertEquals(announced.of("b"), all(1, 6));
  assertEquals(announced.of("c"), all(1, 3));
});

Deno.test("restore() announces 'missed' if events can't be read", async () => {
  const { redis, announced, watch, restore } = bench();
  const lost = redis.connect();
  for (const id of ["renewed", "trimmed", "gone", "kept"]) redis.publish(id);
  await watch(lost, "renewed", "trimmed", "gone", "kept", "new", "empty");
  lost.subscribed.clear();
  redis.renew("renewed", "two");
  redis.publish("renewed");
  redis.publish("trimmed");
  redis.publish("trimmed");
  redis.trim("trimmed", 1);
  redis.renew("gone", "two");
  redis.renew("new", "two");
  redis.publish("new");
  redis.renew("empty", "two");
  await restore();
  for (const id of ["renewed", "trimmed", "gone", "kept", "new", "empty"]) {
    redis.publish(id);
  }
  assertEquals(
    ["renewed", "trimmed", "gone", "kept", "new", "empty"].map((id) =>
      announced.of(id)
    ),
    [["missed", 2], ["missed", 4], ["missed", 1], [2], ["missed", 2], [1]],
  );
});

Deno.test("restore() reads nothing for watchers that have not read yet", async () => {
  const { redis, feeds, reads, restore, announced } = bench();
  await feeds.watch("a", 1, redis.connect());
  redis.publish("b");
  await feeds.watch("b", 1, undefined);
  const client = await restore();
  assertEquals(reads, []);
  assertEquals([...client.subscribed].sort(), ["a", "b"]);
  redis.publish("b");
  assertEquals(announced.of("b"), [2]);
});

Deno.test("restore() writes the present numbers of watchers, without departed watchers", async () => {
  const { redis, feeds, watch, restore } = bench();
  await watch(redis.connect(), "a", "b");
  await feeds.watch("a", 0, undefined);
  await feeds.watch("b", 3, undefined);
  await feeds.watch("c", 1, undefined);
  await feeds.watch("d", 1, undefined);
  await feeds.watch("d", 0, undefined);
  const client = await restore();
  assertEquals(client.done.sort(), ["+b", "+c", "b=3", "c=1"]);
});

Deno.test("restore() lets nothing slip that changes meanwhile", async () => {
  const { redis, feeds, watch, restore, announced } = bench();
  await watch(redis.connect(), "stays", "leaves", "again", "grows");
  const moments = new Set<string>();
  /** Runs a change once, when the connection receives the command. */
  const at = (told: string, moment: string, change: () => void) => {
    if (told !== moment || moments.has(moment)) return;
    moments.add(moment);
    change();
  };
  const changed: Promise<void>[] = [];
  const change = (id: string, count: number) =>
    void changed.push(feeds.watch(id, count, undefined));
  const client = await restore((client) => {
    client.before = (told) => {
      at(told, "+stays,leaves,again,grows", () => change("comes", 1));
      at(told, "leaves=1", () => change("leaves", 0));
      at(told, "again=1", () => {
        change("again", 0);
        change("again", 2);
      });
      at(told, "grows=1", () => change("grows", 4));
      at(told, "comes=1", () => change("late", 1));
      at(told, "late=1", () => change("late", 0));
    };
  });
  await Promise.all(changed);
  assertEquals(moments.size, 6);
  assertEquals([...client.subscribed].sort(), [
    "again",
    "comes",
    "grows",
    "stays",
  ]);
  assertEquals(Object.fromEntries(client.watchers), {
    stays: 1,
    leaves: 0,
    again: 2,
    grows: 4,
    comes: 1,
    late: 0,
  });
  for (const id of client.subscribed) {
    redis.publish(id);
    assertEquals(announced.of(id), [1], id);
  }
});

Deno.test("restore() starts over if the next connection is lost, too", async () => {
  const { redis, announced, watch, restore, feeds } = bench();
  const lost = redis.connect();
  await watch(lost, "a", "b");
  lost.subscribed.clear();
  redis.publish("a");
  const broken = redis.connect();
  broken.before = (told) => {
    redis.publish("a");
    if (told !== "b=1") return;
    broken.subscribed.clear();
    throw new Error("lost");
  };
  await assertRejects(
    () => feeds.restore(broken, () => announced.take),
    Error,
    "lost",
  );
  redis.publish("b");
  await restore();
  redis.publish("a");
  assertEquals(announced.of("a"), [1, 2, 3, 4, 5]);
  assertEquals(announced.of("b"), [1]);
});

Deno.test("watch() continues on a new connection if the first never subscribed", async () => {
  const { redis, feeds, restore, announced } = bench();
  const broken = redis.connect();
  broken.before = () => {
    throw new Error("lost");
  };
  await assertRejects(() => feeds.watch("a", 1, broken), Error, "lost");
  broken.subscribed.clear();
  const client = await restore();
  await feeds.watch("a", 2, client);
  await feeds.watch("a", 1, client);
  assertEquals(client.done, ["+a", "a=1", "a=2", "a=1"]);
  redis.publish("a");
  assertEquals(announced.of("a"), [1]);
});

Deno.test("retell() writes all numbers of one shard again", async () => {
  const { redis, feeds } = bench();
  const client = redis.connect();
  for (const id of ["a", "b", "c"]) await feeds.watch(id, 2, client);
  client.done.length = 0;
  for (let shard = 0; shard < 16; shard++) await feeds.retell(shard, client);
  assertEquals(client.done.sort(), ["a=2", "b=2", "c=2"]);
});

Deno.test("renew() makes the watchers of one shard read again", async () => {
  const { redis, feeds, announced } = bench();
  const client = redis.connect();
  for (const id of ["a", "b"]) await feeds.watch(id, 2, client);
  client.done.length = 0;
  await feeds.renew(shardOf("a"), client);
  assertEquals(client.done, ["a=2"]);
  assertEquals([announced.of("a"), announced.of("b")], [["missed"], []]);
});
