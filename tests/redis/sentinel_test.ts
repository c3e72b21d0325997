import {
  assert,
  assertEquals,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { parseRedisUrl } from "../../src/redis/address.ts";
import { findMaster } from "../../src/redis/sentinel.ts";
import { StoreDisconnectedError } from "../../src/tasks/store.ts";
import { Announcements } from "../support/announcements.ts";
import { captureLog } from "../support/captured_log.ts";
import { closedOrigin } from "../support/closed_origin.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { deadline } from "../support/deadline.ts";
import { needs } from "../support/needs.ts";
import { RedisSentinel, replicated } from "../support/redis_sentinel.ts";
import { RedisServer } from "../support/redis_server.ts";
import { openRedisStore } from "../support/redis_store.ts";
import { outcomeOf } from "../store/store_contract_bench.ts";

const test = needs("redis-server");

function find(url: string) {
  const address = parseRedisUrl(url);
  if (address === undefined) throw new TypeError(url);
  return findMaster(address, {
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  });
}

test("a replica promoted without the newest writes gets new epochs, and watchers learn so", async () => {
  using _log = captureLog();
  await using master = await RedisServer.start({ appendFsync: "always" });
  await using proxy = cutProxy(`http://127.0.0.1:${master.port}`);
  await using replica = await RedisServer.start({
    appendFsync: "always",
    args: ["--replicaof", "127.0.0.1", String(proxy.port)],
  });
  await replicated(master, replica);
  await using sentinel = await RedisSentinel.start(master);

  const here = { host: "127.0.0.1", port: master.port };
  assertEquals(await find(sentinel.url), here);
  const away = new URL(closedOrigin()).host;
  const url = sentinel.url.replace("//", `//${away},`);
  assertEquals(await find(url), here);
  await assertRejects(() => find(`${sentinel.url}-not`), Error, "no master");
  await assertRejects(
    () => find(`redis://${away}?sentinel=tests`),
    Error,
    `${away}: `,
  );

  const announced = new Announcements();
  await using store = await openRedisStore({ url }, "app:", announced.take);
  await store.watch("a", 1);
  for (let count = 0; count < 3; count++) await store.publish("a", {});
  await replicated(master, replica);
  proxy.stall();
  const { epoch } = await store.read("a");
  for (let count = 0; count < 2; count++) {
    outcomeOf("stored", await store.publish("a", { message: "lost" }));
  }
  await master.kill();
  const { restored } = await assertRejects(async () => {
    for (;;) await store.read("a");
  }, StoreDisconnectedError);
  await sentinel.switched();
  await deadline(restored, () => "not restored");
  assertEquals(await find(url), { ...here, port: replica.port });

  assertEquals(await announced.until("a", 6), [1, 2, 3, 4, 5, "missed"]);
  const view = await store.read("a", { epoch, offset: 5 });
  assertEquals([view.recovered, view.offset], [false, 3]);
  assertNotEquals(view.epoch, epoch);
  for (let count = 0; count < 4; count++) await store.publish("a", {});
  // The offsets are assigned again, and must not be taken for the earlier
  // offsets.
  for (let offset = 0; offset <= 7; offset++) {
    assert(!(await store.read("a", { epoch, offset })).recovered);
  }
  assertEquals(await announced.until("a", 10), [
    ...[1, 2, 3, 4, 5, "missed"],
    ...[4, 5, 6, 7],
  ]);
  proxy.resume();
});
