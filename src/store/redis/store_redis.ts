import type { RedisAddress } from "../../redis/address.ts";
import type { OnMessage, RedisClient } from "../../redis/client.ts";
import {
  RedisDisconnectedError,
  RedisOpenError,
  RedisUnavailableError,
} from "../../redis/error.ts";
import {
  ReconnectingRedis,
  type RedisOwner,
} from "../../redis/reconnecting_redis.ts";
import type { RedisScript } from "../../redis/script.ts";
import {
  StoreDisconnectedError,
  StoreOpenError,
  StoreUnavailableError,
} from "../../tasks/store.ts";

/** A {@linkcode ReconnectingRedis} with the errors of a store. */
export class StoreRedis {
  readonly #redis: ReconnectingRedis;

  constructor(address: RedisAddress, owner: RedisOwner) {
    this.#redis = new ReconnectingRedis(address, owner);
  }

  /** The usable connection, if any. */
  get client(): RedisClient | undefined {
    return this.#redis.client;
  }

  /** @throws {StoreOpenError} See {@linkcode ReconnectingRedis.start}. */
  start(): Promise<void> {
    return withStoreErrors(() => this.#redis.start());
  }

  /** Makes the error for calls without a connection. */
  disconnected(): StoreUnavailableError {
    return storeErrorOf(this.#redis.disconnected());
  }

  /** @throws {StoreUnavailableError} See {@linkcode ReconnectingRedis.use}. */
  use<T>(ask: (client: RedisClient) => Promise<T>): Promise<T> {
    return withStoreErrors(() => this.#redis.use(ask));
  }

  /** @throws {StoreUnavailableError} See {@linkcode ReconnectingRedis.run}. */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return withStoreErrors(() => this.#redis.run(script, keys, args));
  }

  /** @throws {StoreUnavailableError} See {@linkcode ReconnectingRedis.subscribe}. */
  subscribe(channel: string, onMessage: OnMessage): Promise<void> {
    return withStoreErrors(() => this.#redis.subscribe(channel, onMessage));
  }

  /** Closes the connection for good. */
  close(): Promise<void> {
    return this.#redis.close();
  }
}

async function withStoreErrors<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof RedisUnavailableError) throw storeErrorOf(error);
    if (!(error instanceof RedisOpenError)) throw error;
    throw new StoreOpenError(error.message, { cause: error });
  }
}

function storeErrorOf(error: RedisUnavailableError): StoreUnavailableError {
  return error instanceof RedisDisconnectedError
    ? new StoreDisconnectedError(error.message, error.restored)
    : new StoreUnavailableError(error.message, { cause: error });
}
