import { shardBase, shardOf } from "../store/redis/keys.ts";
import type { RedisStore } from "../store/redis/redis_store.ts";
import type { Answer, Question } from "./other_nodes.ts";
import type { RedisChannel } from "./redis_channel.ts";
import { RedisNodes } from "./redis_nodes.ts";

/**
 * Joins the cluster of nodes in the shared Redis. This node becomes visible once
 * {@linkcode RedisNodes.start} has run.
 *
 * @param prefix The prefix of all keys and channels.
 * @param answer Answers questions of nodes.
 */
export function joinRedis(
  store: RedisStore,
  prefix: string,
  answer: (question: Question) => Promise<Answer>,
): RedisNodes {
  return new RedisNodes({
    channel: channelOf(store),
    // Channels are shared by all databases of a server.
    prefix: `${prefix}${store.database}:`,
    node: store.node,
    baseOf: (userId) => shardBase(prefix, shardOf(userId)),
    answer,
    countNodes: () => store.countNodes(),
  });
}

function channelOf({ link, isCluster }: RedisStore): RedisChannel {
  return {
    async publish(channel, message) {
      const reached = await link.use((client) =>
        client.send(channel, ["PUBLISH", channel, message])
      );
      return isCluster ? undefined : Number(reached);
    },
    subscribe: (channel, onMessage) => link.subscribe(channel, onMessage),
    run: (script, keys, args) => link.run(script, keys, args),
  };
}
