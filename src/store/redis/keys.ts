import { statuses } from "../../tasks/status.ts";
import type { Topic } from "../../tasks/topic.ts";

/**
 * The number of shards. All keys of a shard share a hash tag, and therefore a
 * node of a Cluster: a script may change a task and the indexes with the task
 * atomically. The number can't be changed while tasks exist.
 */
export const shardCount = 16;

/** The numbers of all shards. */
export const shards: readonly number[] = Array.from(
  { length: shardCount },
  (_, shard) => shard,
);

/** The time without heartbeats until a node stops counting, in milliseconds. */
export const patienceMs = 10_000;

/** Returns the shard of a task or a user: FNV-1a of the UTF-16 units. */
export function shardOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shardCount;
}

/** Returns the prefix of all keys of a shard. */
export function shardBase(prefix: string, shard: number): string {
  return `${prefix}{${shard}}:`;
}

/**
 * Returns the keys of a shard:
 *
 * - `shard`, hash: the `epoch` of new histories, the `run` of Redis in which the
 *   epoch was made, the last `tick`, the time until which nodes `listen` to
 *   topics, in milliseconds since 1970
 * - `leases`, sorted set: tasks by the end of the lease, in milliseconds since
 *   1970
 * - `nodes`, set: the taskwire processes
 * - `i:<status>`, sorted sets: the tasks of a status by the last event
 */
export function shardKeys(base: string): string[] {
  return [
    `${base}shard`,
    `${base}leases`,
    `${base}nodes`,
    ...statuses.map((status) => `${base}i:${status}`),
  ];
}

/** Returns the keys of sorted sets: the tasks of each topic by the last event. */
export function listKeys(base: string, topics: readonly Topic[]): string[] {
  return topics.map((topic) => base + shortTopic(topic));
}

/** Shortens a topic for keys and channels: `all`, `o:<owner>` or `l:<label>`. */
function shortTopic(topic: Topic): string {
  if (topic === "all") return topic;
  return topic.charAt(0) + topic.slice(topic.indexOf(":"));
}

/**
 * Returns the channel of the changes of a topic's tasks, which ends like the key
 * of the topic's list.
 *
 * @param base See {@linkcode topicChannelBase}.
 */
export function topicChannel(base: string, topic: Topic): string {
  return base + shortTopic(topic);
}

/** Returns the beginning of a shard's {@linkcode topicChannel}s. */
export function topicChannelBase(base: string, database: number): string {
  return `${base}f${database}:`;
}

/**
 * Returns the shards whose channels announce changes by topic. In a Cluster a
 * topic has a channel per shard, because scripts must publish on the master
 * of the subscription: masters may lose each other's messages.
 */
export function topicShards(isCluster: boolean): readonly number[] {
  return isCluster ? shards : [0];
}

/** Returns the shard, of the {@linkcode topicShards}, that announces a task. */
export function topicShardOf(taskId: string, isCluster: boolean): number {
  return isCluster ? shardOf(taskId) : 0;
}

/**
 * Returns the keys of a task. Without the first key the task has expired, and the
 * rest is not read any more:
 *
 * - `s:<id>`, hash: `state` as JSON; the state's `epoch`, `offset`, `status` and
 *   `lease`; `rev`, the number of writes; `run`, as above; the node with the
 *   `turn`, and the turn's end, `until`; `kept`, the end of the other
 *   keys and of the lists of the task's topics, in milliseconds since 1970
 * - `h:<id>`, stream: the history. The ids are `<offset>-0`, `e` is the event as
 *   JSON, `n` the `event_id` if given by the publisher
 * - `n:<id>`, hash: the offsets of the events with `n`
 */
export function taskKeys(base: string, taskId: string): string[] {
  return [
    `${base}s:${taskId}`,
    `${base}h:${taskId}`,
    `${base}n:${taskId}`,
  ];
}

/**
 * Returns the channel of a task's changes. Channels are shared by all databases
 * of a server, so the name includes the database's number.
 */
export function taskChannel(
  base: string,
  database: number,
  taskId: string,
): string {
  return `${base}t${database}:${taskId}`;
}

/**
 * Returns the task of a {@linkcode taskChannel}. Prefixes contain no brace, so
 * the first brace starts the shard.
 */
export function taskOfChannel(channel: string): string {
  return channel.slice(channel.indexOf(":", channel.indexOf("}") + 2) + 1);
}

/**
 * Returns the key of a hash: the number of watchers of each task on a node. The
 * hash expires without heartbeats.
 */
export function watchersKey(base: string, node: string): string {
  return `${base}w:${node}`;
}

/**
 * Returns the key of a hash: the number of connections of each user on a node.
 * The hash expires without heartbeats.
 */
export function usersKey(base: string, node: string): string {
  return `${base}u:${node}`;
}
