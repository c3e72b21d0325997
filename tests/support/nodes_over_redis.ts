import { answerQuestion } from "../../src/connections/answer_question.ts";
import { RedisNodes } from "../../src/cluster/redis_nodes.ts";
import type { Config } from "../../src/config/config.ts";
import { TestRedisChannel } from "./redis_channel.ts";
import { RedisServer } from "./redis_server.ts";
import { startTestServer, type TestServer } from "./server.ts";

/** A server of {@linkcode NodesOverRedis}. */
export interface RedisNode {
  readonly server: TestServer;
  readonly channel: TestRedisChannel;
  readonly otherNodes: RedisNodes;
}

/** Servers joined over a Redis, with separate stores. */
export class NodesOverRedis implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly nodes: RedisNode[] = [];
  readonly #stack = new AsyncDisposableStack();

  private constructor(redis: RedisServer) {
    this.redis = this.#stack.use(redis);
  }

  static async start(
    count: number,
    config: Partial<Config> = {},
  ): Promise<NodesOverRedis> {
    const nodes = new NodesOverRedis(await RedisServer.start());
    while (nodes.nodes.length < count) await nodes.add(config);
    return nodes;
  }

  /**
   * Adds a server.
   *
   * @param knowsReceivers True if Redis reports the number of a message's
   * receivers.
   */
  async add(
    config: Partial<Config> = {},
    knowsReceivers = true,
  ): Promise<RedisNode> {
    const channel = this.#stack.use(
      await TestRedisChannel.open(this.redis.url),
    );
    let made: RedisNodes | undefined;
    const server = this.#stack.use(
      await startTestServer({
        config,
        services: (node) => ({
          otherNodes: made = new RedisNodes({
            channel: knowsReceivers ? channel : {
              publish: (...args) =>
                channel.publish(...args).then(() => undefined),
              subscribe: (...args) => channel.subscribe(...args),
              run: (...args) => channel.run(...args),
            },
            prefix: "test:",
            node: `node_${this.nodes.length}`,
            baseOf: (userId) => `test:{${userId.length % 16}}:`,
            answer: (question) => answerQuestion(question, node),
            countNodes: () => Promise.resolve(this.nodes.length),
          }),
        }),
      }),
    );
    const otherNodes = made;
    if (otherNodes === undefined) {
      throw new Error("The server has no link to other nodes");
    }
    await otherNodes.start();
    this.#stack.defer(() => otherNodes.stop());
    const node = { server, channel, otherNodes };
    this.nodes.push(node);
    return node;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
