import type { Snapshot, StreamPosition } from "../../tasks/event.ts";
import type { TaskState } from "../../tasks/state.ts";
import {
  shardBase,
  shardKeys,
  shardOf,
  taskChannel,
  taskKeys,
  topicChannelBase,
  topicShardOf,
} from "./keys.ts";
import type { EncodedEvent, HistoryView } from "../../tasks/store.ts";

/** The keys and arguments with which scripts address a task. */
export interface RedisTask {
  readonly keys: readonly string[];
  /** The first arguments of all scripts. */
  readonly args: readonly string[];
  readonly channel: string;
  /** The beginning of the channels of the task's topics. */
  readonly topicChannels: string;
  /** The prefix of all keys of the task's shard. */
  readonly base: string;
}

/**
 * Makes the keys and arguments of a task.
 *
 * @param prefix The prefix of all keys.
 * @param database The number of the database.
 * @param run See `checkRedis`.
 * @param isCluster True if Redis is a Cluster.
 */
export function nameTask(
  prefix: string,
  database: number,
  run: string,
  taskId: string,
  isCluster = false,
): RedisTask {
  const base = shardBase(prefix, shardOf(taskId));
  return {
    keys: [...shardKeys(base), ...taskKeys(base, taskId)],
    args: [base, crypto.randomUUID(), run, taskId],
    channel: taskChannel(base, database, taskId),
    topicChannels: topicChannelBase(
      shardBase(prefix, topicShardOf(taskId, isCluster)),
      database,
    ),
    base,
  };
}

/**
 * Parses a task's state. Scripts may change the epoch, so the epoch is stored
 * beside the state.
 */
export function parseState(json: string, epoch: string): TaskState {
  const state: TaskState = JSON.parse(json);
  if (state.snapshot.epoch === epoch) return state;
  const snapshot: Snapshot = { ...state.snapshot, epoch };
  return { ...state, snapshot };
}

/**
 * The bytes of events after which a read stops in any case. Redis counts unsent
 * replies to a subscribed client, and disconnects the client beyond 32 MB
 * (`client-output-buffer-limit pubsub`).
 */
const enoughBytes = 262_144;

/**
 * Makes the last arguments of the read script.
 *
 * @param isAlone True to read the events after a position without the state.
 */
export function readArgs(
  since: StreamPosition | "oldest" | undefined,
  limit: number,
  enough: number,
  historyLimit: number,
  isAlone = false,
): string[] {
  const { epoch, offset } = typeof since === "object"
    ? since
    : { epoch: "", offset: 0 };
  const which = typeof since === "object"
    ? isAlone ? "alone" : "after"
    : since ?? "none";
  const count = Number.isFinite(limit) ? limit : -1;
  const bytes = Math.min(enough, enoughBytes);
  return [which, epoch, offset, count, historyLimit, bytes].map(String);
}

/**
 * Parses the reply of the read script.
 *
 * @throws {TypeError} If the reply is not from the read script.
 */
export function parseView(answer: unknown): HistoryView {
  const [epoch, offset, json, watchers, recovered, ...rest] = listOf(answer);
  const state = json === null || json === undefined
    ? undefined
    : parseState(String(json), String(epoch));
  const events: EncodedEvent[] = [];
  for (let at = 0; at + 1 < rest.length; at += 2) {
    events.push({ offset: Number(rest[at]), json: String(rest[at + 1]) });
  }
  return {
    epoch: String(epoch),
    offset: Number(offset),
    state,
    recovered: recovered === 1,
    events,
    watchers: Number(watchers),
  };
}

/**
 * Returns a reply as a list.
 *
 * @throws {TypeError} If the reply is no list.
 */
export function listOf(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer;
  throw new TypeError("Unexpected reply from a script: not a list");
}
