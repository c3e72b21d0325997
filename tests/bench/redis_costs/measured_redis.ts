import { shardBase, shardCount } from "../../../src/store/redis_keys.ts";
import { settings } from "../../../src/settings.ts";
import { Nodes } from "../../support/nodes.ts";
import { allowOpenFiles } from "../../support/open_files.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { headers } from "../growth/measured_server.ts";
import { CpuMeter } from "./cpu_meter.ts";

/** Sockets that a node must be able to hold. */
const sockets = 5_000;

/** Nodes on a Redis that flushes its file every second; dispose of them to stop all. */
export class MeasuredRedis implements AsyncDisposable {
  readonly nodes: Nodes;
  readonly #redis: RedisServer;
  readonly #pid: number;

  private constructor(redis: RedisServer, nodes: Nodes, pid: number) {
    this.#redis = redis;
    this.nodes = nodes;
    this.#pid = pid;
  }

  static async start(): Promise<MeasuredRedis> {
    await using stack = new AsyncDisposableStack();
    const redis = stack.use(await RedisServer.start());
    const nodes = stack.use(
      await Nodes.start({
        store: redis.url,
        env: {
          TASKWIRE_API_KEYS: headers.Authorization.replace("Bearer ", ""),
          TASKWIRE_HISTORY_LIMIT: "1000",
          // Pings are a cost of sockets in time, and not of an event.
          TASKWIRE_IDLE_TIMEOUT: "0",
        },
      }),
    );
    for (const { pid } of nodes.all) await allowOpenFiles(pid, sockets);
    const info = String(await redis.command("INFO", "server"));
    const pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
    stack.move();
    return new MeasuredRedis(redis, nodes, pid);
  }

  /** Of the three nodes. */
  get origins(): readonly [string, string, string] {
    return [0, 1, 2].map((index) => this.nodes.at(index).origin) as [
      string,
      string,
      string,
    ];
  }

  /** Of Redis, then of each node. */
  meter(): CpuMeter {
    return new CpuMeter([this.#pid, ...this.nodes.all.map(({ pid }) => pid)]);
  }

  /** What Redis holds, in bytes. */
  async memory(): Promise<number> {
    const info = String(await this.#redis.command("INFO", "memory"));
    return Number(/used_memory:(\d+)/.exec(info)?.[1]);
  }

  /** Makes Redis believe in so many nodes in all; those that it invents do nothing. */
  async pretend(count: number): Promise<void> {
    for (let shard = 0; shard < shardCount; shard++) {
      const base = shardBase(settings.redisPrefix.fallback, shard);
      for (let index = this.nodes.all.length; index < count; index++) {
        const node = `invented-${index}`;
        await this.#redis.command("HSET", `${base}w:${node}`, "", "0");
        await this.#redis.command("SADD", `${base}nodes`, node);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.nodes[Symbol.asyncDispose]();
    await this.#redis[Symbol.asyncDispose]();
  }
}
