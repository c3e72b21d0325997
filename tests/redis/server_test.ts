import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { ErrorReply } from "@redis/client";
import type { RedisAddress } from "../../src/redis/address.ts";
import type { RedisClient } from "../../src/redis/client.ts";
import { checkRedis } from "../../src/redis/server.ts";
import { RedisOpenError } from "../../src/redis/error.ts";
import { captureLog } from "../support/captured_log.ts";

/** A Redis without loss of acknowledged writes. */
const careful = {
  redis_version: "7.0.15",
  run_id: "abc",
  aof_enabled: "1",
  maxmemory_policy: "noeviction",
  connected_slaves: "0",
  second_repl_offset: "-1",
};

/** A client of a Redis with the given facts in `INFO`. */
function clientOf(
  info: Partial<typeof careful> & Record<string, string>,
  appendfsync: string | Error = "always",
): RedisClient {
  const unused = () => Promise.reject(new Error("unused"));
  return {
    run: unused,
    subscribe: unused,
    unsubscribe: unused,
    destroy() {},
    info: () => Promise.resolve(new Map(Object.entries(info))),
    send(_, command) {
      assertEquals(command, ["CONFIG", "GET", "appendfsync"]);
      return appendfsync instanceof Error
        ? Promise.reject(appendfsync)
        : Promise.resolve({ appendfsync });
    },
  };
}

function addressOf(kind: RedisAddress["kind"]): RedisAddress {
  return { kind, hosts: [], isTls: false, database: 0 };
}

const server = addressOf("server");

Deno.test("checkRedis() trusts only a server that flushes before answering", async () => {
  using log = captureLog();
  assertEquals(await checkRedis(clientOf(careful), server), "abc+");
  assertEquals(log.text, "");
});

Deno.test("checkRedis() rejects while Redis is loading its data", async () => {
  using log = captureLog();
  // Redis reports an append-only file as switched off while reading the file.
  const loading = clientOf({ ...careful, loading: "1", aof_enabled: "0" });
  await assertRejects(() => checkRedis(loading, server), Error, "is loading");
  assertEquals(log.text, "");
  const loaded = clientOf({ ...careful, loading: "0" });
  assertEquals(await checkRedis(loaded, server), "abc+");
});

Deno.test("checkRedis() distrusts a run that may lack the last writes of the previous run", async () => {
  using _log = captureLog();
  for (
    const [client, kind, run] of [
      [clientOf(careful, "everysec"), "server", "abc"],
      [clientOf(careful, new ErrorReply("NOPERM")), "server", "abc"],
      [clientOf({ ...careful, aof_enabled: "0" }), "server", "abc"],
      [clientOf({ ...careful, connected_slaves: "1" }), "server", "abc"],
      [clientOf({ ...careful, second_repl_offset: "9" }), "server", "abc"],
      [clientOf(careful), "sentinel", "abc"],
      [clientOf(careful), "cluster", "?"],
      [clientOf({ redis_version: "7.0.15" }), "server", "?"],
    ] as const
  ) assertEquals(await checkRedis(client, addressOf(kind)), run);
});

Deno.test("checkRedis() warns of a Redis that can lose acknowledged writes", async () => {
  for (
    const [change, warning] of [
      [{ maxmemory_policy: "allkeys-lru" }, /allkeys-lru.*noeviction/],
      [{ aof_enabled: "0" }, /no append-only file.*appendonly yes/],
    ] as const
  ) {
    using log = captureLog();
    await checkRedis(clientOf({ ...careful, ...change }), server);
    assertMatch(log.text, warning);
    assertEquals(log.text.trimEnd().split("\n").length, 1);
  }
});

Deno.test("checkRedis() accepts 6.2 and later, and nothing older", async () => {
  using _log = captureLog();
  for (const redis_version of ["6.2.0", "7.2.4", "8.0.1", "10.0.0"]) {
    await checkRedis(clientOf({ ...careful, redis_version }), server);
  }
  for (const redis_version of ["6.0.20", "5.0.14", "2.8", ""]) {
    await assertRejects(
      () => checkRedis(clientOf({ ...careful, redis_version }), server),
      RedisOpenError,
      "version 6.2 or later is needed",
    );
  }
});

Deno.test("checkRedis() passes on that the connection is lost", async () => {
  await assertRejects(
    () => checkRedis(clientOf(careful, new Error("lost")), server),
    Error,
    "lost",
  );
});
