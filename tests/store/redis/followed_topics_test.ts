import { assertEquals, assertRejects } from "@std/assert";
import { FollowedTopics } from "../../../src/store/redis/followed_topics.ts";
import { Announcements } from "../../support/announcements.ts";
import { FakeRedis, type FakeRedisClient } from "../../support/fake_redis.ts";

/** Followed topics, with a connection to a fake Redis. */
function bench() {
  const redis = new FakeRedis();
  const announced = new Announcements();
  const client = redis.connect();
  return {
    redis,
    client,
    announced,
    topics: new FollowedTopics({
      channelBases: ["test:{0}:f0:", "test:{1}:f0:"],
      listen: (client) =>
        client.run({ text: "", sha: "" }, [], ["listen", "20"])
          .then(() => undefined),
      announce: announced.take,
    }),
  };
}

/** Makes commands wait until released. */
function hold(client: FakeRedisClient): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.before = () => promise;
  return resolve;
}

Deno.test("FollowedTopics.follow() subscribes once, from the first list to the last", async () => {
  const { topics, client } = bench();
  for (const isFollowed of [true, true, false, false, true]) {
    await topics.follow("owner:7", isFollowed, client);
  }
  assertEquals(client.done, [
    ...["listen=20", "+o:7", "+o:7", "-o:7", "-o:7"],
    ...["listen=20", "+o:7", "+o:7"],
  ]);
});

Deno.test("FollowedTopics.follow() listens before the first topic, as long as topics are followed", async () => {
  const { topics, client } = bench();
  await Promise.all([
    topics.follow("owner:7", true, client),
    topics.follow("owner:8", true, client),
  ]);
  await topics.follow("owner:7", false, client);
  await topics.follow("owner:9", true, client);
  const listening = client.done.filter((what) => what === "listen=20");
  assertEquals([client.done[0], listening.length], ["listen=20", 1]);
  assertEquals(topics.isListening, true);
  await topics.follow("owner:8", false, client);
  await topics.follow("owner:9", false, client);
  assertEquals(topics.isListening, false);
});

Deno.test("FollowedTopics.follow() listens again after a refusal", async () => {
  const { topics, client } = bench();
  client.before = () => {
    throw new Error("OOM");
  };
  await assertRejects(() => topics.follow("owner:7", true, client), Error);
  client.before = () => {};
  await topics.follow("owner:7", true, client);
  assertEquals(client.done, ["listen=20", "listen=20", "+o:7", "+o:7"]);
});

Deno.test("FollowedTopics.follow() resolves once subscribed, for every list", async () => {
  const { topics, client } = bench();
  const release = hold(client);
  const order: string[] = [];
  const following = [1, 2].map((list) =>
    topics.follow("owner:7", true, client).then(() =>
      order.push(`list ${list}`)
    )
  );
  await topics.follow("owner:8", false, client);
  order.push("released");
  release();
  await Promise.all(following);
  assertEquals(order, ["released", "list 1", "list 2"]);
});

Deno.test("FollowedTopics.follow() stays subscribed if a list comes before the unsubscribe", async () => {
  const { topics, client } = bench();
  const release = hold(client);
  const following = [true, false, true].map((isFollowed) =>
    topics.follow("owner:7", isFollowed, client)
  );
  release();
  await Promise.all(following);
  assertEquals([...client.subscribed], ["o:7"]);
  assertEquals(topics.isOutdated(client), false);
});

Deno.test("FollowedTopics.follow() announces a change with several followed topics once", async () => {
  const { topics, client, redis, announced } = bench();
  await topics.follow("owner:7", true, client);
  await topics.follow("label:l", true, client);
  const deletion = '{"kind":"topic_deleted","taskId":"a"}';
  redis.say("o:7", deletion);
  redis.say("l:l", deletion);
  assertEquals(announced.ofTopics.length, 1);
  // Meanwhile the task may have begun anew.
  await topics.follow("owner:7", false, client);
  await topics.follow("owner:7", true, client);
  redis.say("o:7", deletion);
  assertEquals(announced.ofTopics.length, 2);
});

Deno.test("FollowedTopics.update() subscribes a new connection to the topics of now", async () => {
  const { topics, client, redis } = bench();
  await topics.follow("owner:7", true, client);
  await topics.follow("owner:8", true, client);
  const next = redis.connect();
  assertEquals(topics.isOutdated(next), true);
  // While the new connection is prepared.
  next.before = (what) => {
    if (!what.startsWith("+o:8")) return;
    topics.follow("owner:8", false, undefined);
    topics.follow("owner:9", true, undefined);
  };
  await topics.update(next);
  assertEquals([...next.subscribed], ["o:7", "o:8"]);
  assertEquals(topics.isOutdated(next), true);
  await topics.update(next);
  assertEquals([...next.subscribed].sort(), ["o:7", "o:9"]);
  assertEquals(topics.isOutdated(next), false);
});

Deno.test("FollowedTopics.update() rejects if Redis refuses, and leaves the topic for later", async () => {
  const { topics, client, redis } = bench();
  await topics.follow("owner:7", true, client);
  const next = redis.connect();
  next.before = () => {
    throw new Error("NOPERM");
  };
  await assertRejects(() => topics.update(next), Error, "NOPERM");
  assertEquals(topics.isOutdated(next), true);
});
