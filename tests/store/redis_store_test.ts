import { RedisServer } from "../support/redis_server.ts";
import { ageRedis, openRedisStore } from "../support/redis_store.ts";
import { testStoreContract } from "./store_contract.ts";

testStoreContract("RedisStore", async (retention, announce) => {
  const redis = await RedisServer.start();
  const store = await openRedisStore(redis, "test:", announce, retention);
  return {
    store,
    elapse: (ms) => ageRedis(redis, "test:", ms),
    async [Symbol.asyncDispose]() {
      await store.close();
      await redis[Symbol.asyncDispose]();
    },
  };
});
