import { createClient } from "@redis/client";
import type { RedisChannel } from "../../src/cluster/redis_channel.ts";
import type { RedisScript } from "../../src/redis/script.ts";
import { StoreUnavailableError } from "../../src/tasks/store.ts";

type Listener = (message: string) => void;

function makeClient(url: string) {
  return createClient({
    url,
    RESP: 3,
    // Otherwise the client reads the environment.
    maintNotifications: "disabled",
    socket: { reconnectStrategy: false },
  });
}

/** A connection to a real Redis. Tests replace a lost connection by hand. */
export class TestRedisChannel implements RedisChannel, AsyncDisposable {
  readonly #url: string;
  readonly #listeners = new Map<string, Listener>();
  #client: ReturnType<typeof makeClient>;
  #lost: Promise<void>;

  private constructor(url: string) {
    this.#url = url;
    [this.#client, this.#lost] = this.#make();
  }

  static async open(url: string): Promise<TestRedisChannel> {
    const channel = new TestRedisChannel(url);
    await channel.#client.connect();
    return channel;
  }

  /** Resolves when the connection is lost. */
  get lost(): Promise<void> {
    return this.#lost;
  }

  /** Reconnects, and restores the subscriptions. */
  async reconnect(): Promise<void> {
    this.#destroy();
    [this.#client, this.#lost] = this.#make();
    await this.#client.connect();
    for (const [name, listener] of this.#listeners) {
      await this.#client.subscribe(name, listener);
    }
  }

  async publish(channel: string, message: string): Promise<number> {
    return await this.#try(() => this.#client.publish(channel, message));
  }

  async subscribe(channel: string, onMessage: Listener): Promise<void> {
    this.#listeners.set(channel, onMessage);
    await this.#try(() => this.#client.subscribe(channel, onMessage));
  }

  async run(
    { text }: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown> {
    return await this.#try(() =>
      this.#client.eval(text, { keys: [...keys], arguments: [...args] })
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#destroy();
    return Promise.resolve();
  }

  #make(): [ReturnType<typeof makeClient>, Promise<void>] {
    const lost = Promise.withResolvers<void>();
    const client = makeClient(this.#url);
    client.on("error", () => lost.resolve());
    return [client, lost.promise];
  }

  #destroy(): void {
    if (this.#client.isOpen) this.#client.destroy();
  }

  async #try<T>(action: () => Promise<T>): Promise<T> {
    if (!this.#client.isReady) throw new StoreUnavailableError("Redis is away");
    return await action();
  }
}
