import { shardBase, shardCount } from "../../../src/store/redis/keys.ts";
import { settings } from "../../../src/config/settings.ts";
import { Nodes, type TaskwireNode } from "../../support/nodes.ts";
import { allowOpenFiles } from "../../support/open_files.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { headers } from "../growth/measured_server.ts";
import { CpuMeter } from "./cpu_meter.ts";

/** The number of sockets a node must be able to hold. */
const sockets = 5_000;

/** The interval for checking results, in milliseconds. */
const pollMs = 50;

/** Nodes on a Redis with a flush every second; dispose to stop all. */
export class MeasuredRedis implements AsyncDisposable {
  readonly nodes: Nodes;
  readonly #redis: RedisServer;
  readonly #pid: number;

  private constructor(redis: RedisServer, nodes: Nodes, pid: number) {
    this.#redis = redis;
    this.nodes = nodes;
    this.#pid = pid;
  }

  /**
   * @param idleTimeoutSeconds A socket silent for half of this time is pinged.
   */
  static async start(idleTimeoutSeconds = 0): Promise<MeasuredRedis> {
    await using stack = new AsyncDisposableStack();
    const redis = stack.use(await RedisServer.start());
    const nodes = stack.use(
      await Nodes.start({
        store: redis.url,
        env: {
          TASKWIRE_API_KEYS: headers.Authorization.replace("Bearer ", ""),
          TASKWIRE_HISTORY_LIMIT: "1000",
          // Pings are a cost of sockets over time, not of an event.
          TASKWIRE_IDLE_TIMEOUT: String(idleTimeoutSeconds),
        },
      }),
    );
    for (const { pid } of nodes.all) await allowOpenFiles(pid, sockets);
    const info = String(await redis.command("INFO", "server"));
    const pid = Number(/process_id:(\d+)/.exec(info)?.[1]);
    stack.move();
    return new MeasuredRedis(redis, nodes, pid);
  }

  /** The origins of the three nodes. */
  get origins(): readonly [string, string, string] {
    return [0, 1, 2].map((index) => this.nodes.at(index).origin) as [
      string,
      string,
      string,
    ];
  }

  /** The process ids of Redis and of each node. */
  meter(): CpuMeter {
    return new CpuMeter([this.#pid, ...this.nodes.all.map(({ pid }) => pid)]);
  }

  /** Returns the memory used by Redis, in bytes. */
  async memory(): Promise<number> {
    const info = String(await this.#redis.command("INFO", "memory"));
    return Number(/used_memory:(\d+)/.exec(info)?.[1]);
  }

  /** Returns the bytes received and sent by Redis so far. */
  async traffic(): Promise<{ received: number; sent: number }> {
    const info = String(await this.#redis.command("INFO", "stats"));
    const count = (name: string) =>
      Number(new RegExp(`${name}:(\\d+)`).exec(info)?.[1]);
    return {
      received: count("total_net_input_bytes"),
      sent: count("total_net_output_bytes"),
    };
  }

  /**
   * Cuts the nodes' connections; resolves once a node is ready again, with all
   * watched tasks.
   */
  async reconnected(node: TaskwireNode, tasks: number): Promise<void> {
    await this.#redis.command("CLIENT", "KILL", "TYPE", "pubsub");
    for (;;) {
      const info = String(await this.#redis.command("INFO", "stats"));
      const channels = Number(/pubsub_channels:(\d+)/.exec(info)?.[1]);
      if (channels >= tasks) break;
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    while ((await node.call("GET /readyz")).status !== 200) {
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
  }

  /**
   * Registers a total number of nodes in Redis; the additional nodes are fake
   * and idle.
   */
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
