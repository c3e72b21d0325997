import { assertEquals, assertRejects } from "@std/assert";
import {
  StoreOpenError,
  StoreUnavailableError,
} from "../../../src/tasks/store.ts";
import { captureLog } from "../../support/captured_log.ts";
import { needs } from "../../support/needs.ts";
import { ageRedis, openRedisStore } from "../../support/redis_store.ts";
import { redisCommands, redisRights } from "../../support/redis_rights.ts";
import { shareRedis } from "../../support/shared_redis.ts";
import { testStoreContract } from "../store_contract.ts";

const test = needs("redis-server");

const redis = await shareRedis();
const { server } = redis;

/** Creates a user with the given permissions for the keys and channels of a prefix. */
async function addUser(
  name: string,
  prefix: string,
  commands = redisCommands,
): Promise<string> {
  await server.command(
    ...["ACL", "SETUSER", name, "reset", "on", ">pass word:@/?#%"],
    ...redisRights(prefix, commands),
  );
  return server.urlFor(name, "pass word:@/?#%");
}

let users = 0;

testStoreContract(
  "RedisStore of a user with few rights",
  async (retention, announce) => {
    const prefix = redis.prefix();
    const url = await addUser(`user-${++users}`, prefix);
    const store = await openRedisStore({ url }, prefix, announce, retention);
    return {
      store,
      elapse: (ms) => ageRedis(server, prefix, ms),
      async [Symbol.asyncDispose]() {
        await store.watch("a", 0);
        await store.close();
        assertEquals(await server.command("ACL", "LOG"), []);
      },
    };
  },
  test,
);

/** Tries all methods of a store. */
async function exercise(url: string, prefix: string): Promise<void> {
  await using store = await openRedisStore({ url }, prefix, () => 0, {
    historyLimit: 1,
    historyTtlMs: 60_000,
  });
  await store.watch("a", 1);
  await store.publish("a", { event_id: "1", lease: 100, labels: ["l", "m"] });
  await store.publish("a", { event_id: "2", status: "failed" });
  await store.publish("a", { event_id: "3", attempt: 2 });
  await store.publish("a", { event_id: "of nobody" });
  const { epoch } = await store.read("a", "oldest");
  await store.publish("a", { event_id: `${epoch}:1` });
  await store.list({ limit: 1 });
  await store.list({ limit: 1, labels: ["l", "m"] });
  await store.countNodes();
  await store.forget("a");
  await store.watch("a", 0);
}

test("a user needs each of these rights", async () => {
  using _log = captureLog();
  const needed = [];
  for (const command of redisCommands) {
    // Commands sent once per connection, and optional.
    if (command === "config|get") continue;
    const prefix = redis.prefix();
    const others = redisCommands.filter((other) => other !== command);
    const url = await addUser("restricted", prefix, others);
    await server.command("ACL", "LOG", "RESET");
    await server.command("SCRIPT", "FLUSH");
    await exercise(url, prefix).catch((error) => {
      const isRefusal = error instanceof StoreOpenError ||
        error instanceof StoreUnavailableError;
      if (!isRefusal) throw error;
    });
    const denied = await server.command("ACL", "LOG") as string[][];
    if (denied.some((entry) => entry.includes(command))) needed.push(command);
  }
  await server.command("ACL", "LOG", "RESET");
  assertEquals(needed, redisCommands.filter((name) => name !== "config|get"));
});

test("a user needs an additional right for a database other than 0", async () => {
  const prefix = redis.prefix();
  const url = await addUser("elsewhere", prefix, redisCommands);
  await assertRejects(
    () => openRedisStore({ url: `${url}/1` }, prefix),
    StoreOpenError,
    "'select'",
  );
  await addUser("elsewhere", prefix, [...redisCommands, "select"]);
  await using store = await openRedisStore({ url: `${url}/1` }, prefix);
  await store.publish("a", {});
  await server.command("ACL", "LOG", "RESET");
});

test("a user without permission for channels gets an error", async () => {
  using _log = captureLog();
  const prefix = redis.prefix();
  const url = await addUser("deaf", prefix);
  await server.command("ACL", "SETUSER", "deaf", "resetchannels");
  await using store = await openRedisStore({ url }, prefix);
  await assertRejects(
    () => store.watch("a", 1),
    StoreUnavailableError,
    "NOPERM",
  );
  await server.command("ACL", "LOG", "RESET");
});
