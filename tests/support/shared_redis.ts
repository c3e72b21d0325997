import { has } from "./needs.ts";
import { RedisCluster } from "./redis_cluster.ts";
import { RedisServer, type RedisServerOptions } from "./redis_server.ts";

/** A Redis for all tests of a file, with a prefix per test. */
export interface Shared<Redis> {
  readonly server: Redis;
  /** Returns an unused prefix. */
  prefix(): string;
}

/** Stands in for servers on a machine without Redis, where the tests of the file are skipped. */
const absent = { prefix: () => "", server: { port: 0 } };

/** Starts a Redis for all tests of a file, and stops the Redis after the tests. */
export async function shareRedis(
  options: RedisServerOptions = {},
): Promise<Shared<RedisServer>> {
  if (!has("redis-server")) return absent as Shared<RedisServer>;
  const server = await RedisServer.start(options);
  return await share(server, [server]);
}

/** Starts a Cluster for all tests of a file, and stops the Cluster after the tests. */
export async function shareRedisCluster(): Promise<Shared<RedisCluster>> {
  if (!has("redis-server")) {
    return absent as Shared<object> as Shared<RedisCluster>;
  }
  const server = await RedisCluster.start();
  return await share(server, server.nodes);
}

async function share<Redis extends RedisServer | RedisCluster>(
  server: Redis,
  nodes: readonly RedisServer[],
): Promise<Shared<Redis>> {
  // Deno would take output of Redis during a test for a leak of the test.
  await server.command("CONFIG", "SET", "loglevel", "warning");
  let isStopped = false;
  Deno.test.afterAll(async () => {
    isStopped = true;
    await server[Symbol.asyncDispose]();
  });
  // If a filter matches no test.
  addEventListener("unload", () => {
    if (!isStopped) { for (const node of nodes) node.kill(); }
  });
  let count = 0;
  return { server, prefix: () => `test${++count}:` };
}
