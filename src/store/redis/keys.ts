import { statuses } from "../../tasks/status.ts";

/**
 * How many parts the tasks are divided into. The keys of one part share a hash
 * tag, and so a node of a Cluster: a script may touch a task together with the
 * indexes that it is in. It can't be changed while there are tasks.
 */
export const shardCount = 16;

/** All of them. */
export const shards: readonly number[] = Array.from(
  { length: shardCount },
  (_, shard) => shard,
);

/** How long a node that says nothing still counts, in milliseconds. */
export const patienceMs = 10_000;

/** The part that a task, or a user, belongs to: FNV-1a of its UTF-16 units. */
export function shardOf(name: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % shardCount;
}

/** What the names of all keys of a part begin with. */
export function shardBase(prefix: string, shard: number): string {
  return `${prefix}{${shard}}:`;
}

/**
 * The keys of a part:
 *
 * | | |
 * | --- | --- |
 * | `shard` | hash: the `epoch` of histories that begin now, the `run` of Redis in which it was made, the last `tick` |
 * | `leases` | sorted set: tasks by the end of their lease, in milliseconds since 1970 |
 * | `nodes` | set: the taskwire processes |
 * | `i:<status>` | sorted sets: the tasks of a status by their last event |
 */
export function shardKeys(base: string): string[] {
  return [
    `${base}shard`,
    `${base}leases`,
    `${base}nodes`,
    ...statuses.map((status) => `${base}i:${status}`),
  ];
}

/**
 * The keys of a task, which expire together:
 *
 * | | |
 * | --- | --- |
 * | `s:<id>` | hash: `state` as JSON; its `epoch`, `offset`, `status` and `lease`; `rev`, which counts writes; `run`, as above; the node whose `turn` it is, and `until` when |
 * | `h:<id>` | stream: the history; the ids are `<offset>-0`, `e` is the event as JSON, `n` its `event_id` where a publisher named it |
 * | `n:<id>` | hash: the offsets of these |
 */
export function taskKeys(base: string, taskId: string): string[] {
  return [
    `${base}s:${taskId}`,
    `${base}h:${taskId}`,
    `${base}n:${taskId}`,
  ];
}

/**
 * The channel of what happens to a task. Channels are of all databases of a
 * server: so its number is in the name.
 */
export function taskChannel(
  base: string,
  database: number,
  taskId: string,
): string {
  return `${base}t${database}:${taskId}`;
}

/** The task of a {@linkcode taskChannel}. No prefix has a brace, so that the first one begins what follows it. */
export function taskOfChannel(channel: string): string {
  return channel.slice(channel.indexOf(":", channel.indexOf("}") + 2) + 1);
}

/** Hash: how many watch each task at a node. It expires when the node is silent. */
export function watchersKey(base: string, node: string): string {
  return `${base}w:${node}`;
}

/** Hash: how many connections each user has at a node. It expires likewise. */
export function usersKey(base: string, node: string): string {
  return `${base}u:${node}`;
}
