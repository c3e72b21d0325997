import { log } from "../log/log.ts";
import { Pause } from "../async/pause.ts";
import type { RedisAddress } from "./address.ts";
import { type OnMessage, openRedisClient, type RedisClient } from "./client.ts";
import { deadline } from "../async/deadline.ts";
import { asStoreError, asStoreOpenError, isMisconfigured } from "./error.ts";
import type { RedisScript } from "./script.ts";
import { checkRedis } from "./server.ts";
import { watchRedis } from "./health.ts";
import {
  StoreDisconnectedError,
  StoreUnavailableError,
} from "../tasks/store.ts";

/** What is done with each connection. */
export interface LinkUser {
  /**
   * Makes a new connection ready, and then calls `commit`: from that moment on
   * it is used.
   *
   * @param run By which scripts tell one run of Redis from another.
   */
  open(client: RedisClient, run: string, commit: () => void): Promise<void>;
  /**
   * Says that this process is there, again and again, also while the connection
   * is made ready; that Redis answers shows that it is there, too.
   */
  tick(client: RedisClient): Promise<void>;
}

/** How long it may take to connect, in milliseconds. */
const connectTimeoutMs = 3_000;

/** The pauses between attempts to connect, in milliseconds: they double. */
const firstPauseMs = 50;
const longestPauseMs = 1_000;

/** A connection to Redis, which is replaced when it is lost, until it is closed. */
export class ReconnectingRedis {
  readonly #address: RedisAddress;
  readonly #user: LinkUser;
  readonly #closing = new AbortController();
  readonly #pause = new Pause();
  readonly #opened = Promise.withResolvers<void>();
  /** The connection, while it can be used. */
  #client: RedisClient | undefined;
  /** That which is made ready. */
  #opening: RedisClient | undefined;
  #restored = Promise.withResolvers<void>();
  readonly #channels = new Map<string, OnMessage>();
  /** Whether the start is over, with a connection or without. */
  #hasOpened = false;
  /** Whether it was reported that there is none. */
  #isAway = false;
  #drop: (cause: Error) => void = () => {};
  #staying: Promise<void> | undefined;

  constructor(address: RedisAddress, user: LinkUser) {
    this.#address = address;
    this.#user = user;
  }

  /**
   * Connects, and stays connected.
   *
   * @throws {StoreOpenError} When Redis refuses, as for a wrong password; one
   * that can't be reached may come yet.
   */
  start(): Promise<void> {
    this.#staying ??= this.#stayConnected();
    return this.#opened.promise;
  }

  /** The connection, while there is one that can be used. */
  get client(): RedisClient | undefined {
    return this.#client;
  }

  /** What to throw while there is no connection. */
  disconnected(): StoreUnavailableError {
    return this.#closing.signal.aborted
      ? new StoreUnavailableError("The connection to Redis is closed")
      : new StoreDisconnectedError(
        "Redis can't be reached",
        this.#restored.promise,
      );
  }

  /**
   * Asks something of the connection.
   *
   * @throws {StoreUnavailableError} When Redis can't be reached, or refuses.
   */
  use<T>(ask: (client: RedisClient) => Promise<T>): Promise<T> {
    const client = this.#client;
    return client
      ? this.#ask(client, ask)
      : Promise.reject(this.disconnected());
  }

  /** Runs a script. @throws {StoreUnavailableError} When Redis can't be reached, or refuses. */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return this.use((client) => client.run(script, keys, args));
  }

  /**
   * Takes a channel's messages over each connection from the next one on, and
   * over the present one.
   *
   * @throws {StoreUnavailableError} When the present one is lost meanwhile.
   */
  async subscribe(channel: string, onMessage: OnMessage): Promise<void> {
    this.#channels.set(channel, onMessage);
    const client = this.#client ?? this.#opening;
    if (client === undefined) return;
    await this.#ask(client, () => client.subscribe([channel], onMessage));
  }

  /** Lets go of the connection, for good. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#pause.end();
    this.#drop(new Error("closed"));
    await this.#staying;
    this.#restored.resolve(); // to hear that it is closed
  }

  async #ask<T>(
    client: RedisClient,
    ask: (client: RedisClient) => Promise<T>,
  ): Promise<T> {
    try {
      return await ask(client);
    } catch (error) {
      throw asStoreError(error, (cause) => {
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

  /** Connects, and returns, or throws, when the connection is lost. */
  async #connect(onOpen: () => void): Promise<void> {
    const lost = Promise.withResolvers<never>();
    lost.promise.catch(() => {}); // it is looked at where it matters
    // At once: what fails by that finds that there is no connection.
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
          watchRedis(() => this.#user.tick(client), this.#pause),
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
    await this.#user.open(client, run, commit);
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
      this.#opened.reject(asStoreOpenError(error));
      return;
    }
    this.#hasOpened = true;
    this.#opened.resolve();
    // Once in an outage: it is tried every second.
    log[this.#isAway ? "debug" : "error"](
      "Redis can't be reached, and is tried again: {error}",
      { error },
    );
    this.#isAway = true;
  }
}
