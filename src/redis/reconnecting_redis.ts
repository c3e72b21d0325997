import { log } from "../log/log.ts";
import { Pause } from "../async/pause.ts";
import type { RedisAddress } from "./address.ts";
import { type OnMessage, openRedisClient, type RedisClient } from "./client.ts";
import { deadline } from "../async/deadline.ts";
import {
  asOpenError,
  asUnavailable,
  isMisconfigured,
  RedisDisconnectedError,
  RedisUnavailableError,
} from "./error.ts";
import type { RedisScript } from "./script.ts";
import { checkRedis } from "./server.ts";
import { watchRedis } from "./health.ts";

/** The owner of a {@linkcode ReconnectingRedis}, called for each connection. */
export interface RedisOwner {
  /**
   * Prepares a new connection, then calls `commit`: from that moment on the
   * connection is used.
   *
   * @param run Names the run of Redis, for scripts: see `checkRedis`.
   */
  open(client: RedisClient, run: string, commit: () => void): Promise<void>;
  /**
   * Sends a heartbeat: shows that this process is alive, and by the reply that
   * Redis is alive. Called repeatedly, also during `open`.
   */
  tick(client: RedisClient): Promise<void>;
}

/** The longest time for connecting, in milliseconds. */
const connectTimeoutMs = 3_000;

/** The pauses between attempts, in milliseconds; each doubles the last. */
const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** A connection to Redis that is replaced when lost, until closed. */
export class ReconnectingRedis {
  readonly #address: RedisAddress;
  readonly #owner: RedisOwner;
  readonly #closing = new AbortController();
  readonly #pause = new Pause();
  readonly #opened = Promise.withResolvers<void>();
  /** The usable connection, if any. */
  #client: RedisClient | undefined;
  /** The connection still being prepared by `open`, if any. */
  #opening: RedisClient | undefined;
  #restored = Promise.withResolvers<void>();
  readonly #channels = new Map<string, OnMessage>();
  /** True once the first attempt to connect has succeeded or failed. */
  #hasOpened = false;
  /** True once the present outage was reported. */
  #isAway = false;
  #drop: (cause: Error) => void = () => {};
  #staying: Promise<void> | undefined;

  constructor(address: RedisAddress, owner: RedisOwner) {
    this.#address = address;
    this.#owner = owner;
  }

  /**
   * Connects, and reconnects until closed. Resolves after the first attempt,
   * also if Redis can't be reached yet.
   *
   * @throws {RedisOpenError} If Redis refuses, for example a wrong password.
   */
  start(): Promise<void> {
    this.#staying ??= this.#stayConnected();
    return this.#opened.promise;
  }

  /** The usable connection, if any. */
  get client(): RedisClient | undefined {
    return this.#client;
  }

  /** Makes the error for calls without a connection. */
  disconnected(): RedisUnavailableError {
    return this.#closing.signal.aborted
      ? new RedisUnavailableError("The connection to Redis is closed")
      : new RedisDisconnectedError(
        "Redis can't be reached",
        this.#restored.promise,
      );
  }

  /**
   * Calls a function with the connection.
   *
   * @throws {RedisUnavailableError} If Redis can't be reached or refuses.
   */
  use<T>(ask: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    return client
      ? this.#ask(client, ask)
      : Promise.reject(this.disconnected());
  }

  /**
   * Runs a script.
   *
   * @throws {RedisUnavailableError} If Redis can't be reached or refuses.
   */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return this.use((client) => client.run(script, keys, args));
  }

  /**
   * Subscribes to a channel on the present connection and on all later
   * connections.
   *
   * @throws {RedisUnavailableError} If the present connection is lost
   * meanwhile.
   */
  async subscribe(channel: string, onMessage: OnMessage): Promise<void> {
    this.#channels.set(channel, onMessage);
    const client = this.#client ?? this.#opening;
    if (client === undefined) return;
    await this.#ask(client, () => client.subscribe([channel], onMessage));
  }

  /** Closes the connection for good. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#pause.end();
    this.#drop(new Error("closed"));
    await this.#staying;
    this.#restored.resolve(); // waiting callers then find it closed
  }

  async #ask<T>(
    client: RedisClient,
    ask: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    try {
      return await ask(client);
    } catch (error) {
      throw asUnavailable(error, (cause) => {
        if (client === (this.#client ?? this.#opening)) this.#drop(cause);
        return this.disconnected();
      });
    }
  }

  async #stayConnected(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#closing.signal.aborted) {
      try {
        await this.#connect(() => pauseMs = firstPauseMs);
      } catch (error) {
        this.#report(error);
      }
      await this.#pause.wait(pauseMs * (0.5 + Math.random() / 2));
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    this.#opened.resolve();
  }

  /** Connects; returns or throws when the connection is lost. */
  async #connect(onOpen: () => void): Promise<void> {
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {}); // handled by the races below
    // At once, so that calls failing now find no connection.
    const drop = (cause: Error) => {
      if (this.#drop === drop) this.#forgetClient();
      lost.reject(cause);
    };
    this.#drop = drop;
    const client = await openRedisClient(this.#address, {
      onLost: drop,
      timeoutMs: connectTimeoutMs,
      signal: this.#closing.signal,
    });
    const commit = () => {
      this.#opening = undefined;
      this.#client = client;
      onOpen();
      log.info("Connected to Redis");
      this.#hasOpened = true;
      this.#isAway = false;
      this.#opened.resolve();
      this.#restored.resolve();
    };
    try {
      const checking = checkRedis(client, this.#address);
      const run = await Promise.race([
        deadline(checking, connectTimeoutMs, this.#closing.signal),
        lost.promise,
      ]);
      this.#opening = client;
      const opening = this.#open(client, run, commit);
      await Promise.race([
        Promise.all([
          opening,
          watchRedis(() => this.#owner.tick(client), this.#pause),
        ]),
        lost.promise,
      ]);
    } finally {
      this.#forgetClient();
      client.destroy();
    }
  }

  async #open(
    client: RedisClient,
    run: string,
    commit: () => void,
  ): Promise<void> {
    for (const [channel, onMessage] of this.#channels) {
      await client.subscribe([channel], onMessage);
    }
    await this.#owner.open(client, run, commit);
  }

  #forgetClient(): void {
    this.#opening = undefined;
    if (this.#client === undefined) return;
    this.#client = undefined;
    this.#restored = Promise.withResolvers();
  }

  #report(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (isMisconfigured(error) && !this.#hasOpened) {
      this.#closing.abort();
      this.#pause.end();
      this.#opened.reject(asOpenError(error));
      return;
    }
    this.#hasOpened = true;
    this.#opened.resolve();
    // Once per outage, since connecting is tried every second.
    log[this.#isAway ? "debug" : "error"](
      "No connection to Redis, retrying: {error}",
      { error },
    );
    this.#isAway = true;
  }
}
