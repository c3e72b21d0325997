import { parseRedisUrl } from "../../src/redis/address.ts";
import { RedisStore } from "../../src/store/redis/redis_store.ts";
import type { Announce, Retention } from "../../src/tasks/store.ts";
import type { RedisServer } from "./redis_server.ts";

/** The retention of a test's store, unless given. */
export const redisRetention: Retention = {
  historyLimit: 100,
  historyTtlMs: 60_000,
};

/** Opens a connected store in a test's Redis. Disposing closes the store. */
export async function openRedisStore(
  redis: Pick<RedisServer, "url">,
  prefix: string,
  announce: Announce = () => 0,
  retention = redisRetention,
): Promise<RedisStore & AsyncDisposable> {
  const address = parseRedisUrl(redis.url);
  if (address === undefined) throw new TypeError(redis.url);
  const store = new RedisStore(address, prefix, retention, announce);
  await store.link.start();
  return Object.assign(store, {
    [Symbol.asyncDispose]: () => store.close(),
  });
}

/**
 * Makes all keys under a prefix older: expiry times come sooner, and past times
 * move back. Redis's clock can't be set.
 */
export async function ageRedis(
  redis: { command(...words: readonly string[]): Promise<unknown> },
  prefix: string,
  ms: number,
): Promise<void> {
  await redis.command("EVAL", ageScript, "0", prefix, String(ms));
}

const ageScript = `
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, math.floor(left - ARGV[2])) end
  if string.match(key, '}:[iol]:') then
    for _, id in ipairs(redis.call('ZRANGE', key, 0, -1)) do
      redis.call('ZINCRBY', key, -ARGV[2] * 100 * 16, id)
    end
  elseif string.match(key, '}:s:') and redis.call('HEXISTS', key, 'kept') == 1 then
    redis.call('HINCRBY', key, 'kept', math.floor(-ARGV[2]))
  elseif string.match(key, '}:shard$') then
    redis.call('HINCRBY', key, 'tick', math.floor(-ARGV[2] * 100))
    if redis.call('HEXISTS', key, 'listen') == 1 then
      redis.call('HINCRBY', key, 'listen', math.floor(-ARGV[2]))
    end
  end
end
`;
