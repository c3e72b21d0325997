import { RedisServer, type RedisServerOptions } from "./redis_server.ts";

/** A Redis for all tests of a file, each of which has a prefix of its own. */
export interface SharedRedis {
  readonly server: RedisServer;
  /** A prefix that no other test has. */
  prefix(): string;
}

/** Starts one; it is stopped after the file's tests. */
export async function shareRedis(
  options: RedisServerOptions = {},
): Promise<SharedRedis> {
  const server = await RedisServer.start(options);
  // What it writes while a test runs would be taken for a leak of that test.
  await server.command("CONFIG", "SET", "loglevel", "warning");
  let isStopped = false;
  Deno.test.afterAll(async () => {
    isStopped = true;
    await server[Symbol.asyncDispose]();
  });
  // Where a filter leaves none of the tests.
  addEventListener("unload", () => {
    if (!isStopped) server.kill();
  });
  let count = 0;
  return { server, prefix: () => `test${++count}:` };
}
