import { needs } from "../../support/needs.ts";
import { shareRedis } from "../../support/shared_redis.ts";
import { ageRedis, openRedisStore } from "../../support/redis_store.ts";
import { testStoreContract } from "../store_contract.ts";

const test = needs("redis-server");

const redis = await shareRedis();

testStoreContract("RedisStore", async (retention, announce) => {
  const prefix = redis.prefix();
  const store = await openRedisStore(
    redis.server,
    prefix,
    announce,
    retention,
  );
  return {
    store,
    elapse: (ms) => ageRedis(redis.server, prefix, ms),
    [Symbol.asyncDispose]: () => store.close(),
  };
}, test);
