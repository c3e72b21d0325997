import { assert, assertEquals } from "@std/assert";
import { statuses } from "../../../src/tasks/status.ts";
import {
  listKeys,
  shardBase,
  shardCount,
  shardKeys,
  shardOf,
  taskChannel,
  taskKeys,
  taskOfChannel,
  topicChannel,
  topicChannelBase,
  topicShardOf,
  topicShards,
  usersKey,
  watchersKey,
} from "../../../src/store/redis/keys.ts";

Deno.test("shardOf() never changes: the tasks would not be found any more", () => {
  const shards = ["", "a", "b", "upload_123456", "user/7/报告", "🔑"].map(
    shardOf,
  );
  assertEquals(shards, [5, 12, 5, 6, 6, 11]);
  assertEquals(shardCount, 16);
});

Deno.test("shardOf() divides tasks about evenly", () => {
  const counts = new Array(shardCount).fill(0);
  for (let id = 0; id < 16_000; id++) counts[shardOf(`upload_${id}`)]++;
  assert(Math.min(...counts) > 800 && Math.max(...counts) < 1_200, `${counts}`);
});

Deno.test("keys of a shard share a hash tag, and all differ", () => {
  const base = shardBase("app:", 3);
  assertEquals(base, "app:{3}:");
  const keys = [
    ...shardKeys(base),
    ...taskKeys(base, "a"),
    ...taskKeys(base, "shard"),
    watchersKey(base, "n"),
    usersKey(base, "n"),
  ];
  assertEquals(new Set(keys).size, 3 + statuses.length + 6 + 2);
  assert(keys.every((key) => key.startsWith("app:{3}:")));
  // The scripts rely on the number.
  assertEquals(shardKeys(base).length, 9);
});

Deno.test("taskOfChannel() finds a task of any name, in any database", () => {
  for (const id of ["a", "t0:a", "}:t0:x", "{1}:t0:b", "a:b/c", ":"]) {
    for (const database of [0, 15]) {
      const channel = taskChannel(shardBase("a:b:", 12), database, id);
      assertEquals(taskOfChannel(channel), id, channel);
    }
  }
  assert(taskChannel("{1}:", 0, "a") !== taskChannel("{1}:", 1, "a"));
});

Deno.test("topicChannel() ends like the key of the topic's list, which the script relies on", () => {
  const base = shardBase("a:", 5);
  const topics = ["owner:7", "label:team:7"] as const;
  assertEquals(listKeys(base, topics), ["a:{5}:o:7", "a:{5}:l:team:7"]);
  assertEquals(
    topics.map((topic) => topicChannel(topicChannelBase(base, 3), topic)),
    ["a:{5}:f3:o:7", "a:{5}:f3:l:team:7"],
  );
  assertEquals(topicChannel("a:{5}:f3:", "all"), "a:{5}:f3:all");
});

Deno.test("topicShards() has the shard that announces a task", () => {
  for (const isCluster of [false, true]) {
    for (const id of ["a", "b", "c"]) {
      const shard = topicShardOf(id, isCluster);
      assert(topicShards(isCluster).includes(shard));
    }
  }
  assertEquals([topicShardOf("a", true), shardOf("a")], [12, 12]);
});
