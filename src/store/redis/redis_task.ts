import type { Snapshot, StreamPosition } from "../../tasks/event.ts";
import type { TaskState } from "../../tasks/state.ts";
import {
  shardBase,
  shardKeys,
  shardOf,
  taskChannel,
  taskKeys,
} from "./keys.ts";
import type { EncodedEvent, HistoryView } from "../../tasks/store.ts";

/** How the scripts are told which task is meant. */
export interface RedisTask {
  readonly keys: readonly string[];
  /** What the arguments begin with. */
  readonly args: readonly string[];
  readonly channel: string;
  /** What the keys of its part begin with. */
  readonly base: string;
}

/**
 * Names a task to a script.
 *
 * @param prefix What all keys begin with.
 * @param database Its number.
 * @param run See `checkRedis`.
 */
export function nameTask(
  prefix: string,
  database: number,
  run: string,
  taskId: string,
): RedisTask {
  const base = shardBase(prefix, shardOf(taskId));
  return {
    keys: [...shardKeys(base), ...taskKeys(base, taskId)],
    args: [base, crypto.randomUUID(), run, taskId],
    channel: taskChannel(base, database, taskId),
    base,
  };
}

/** The state of a task, as Redis has it. Its epoch stands beside it, where a script can change it. */
export function parseState(json: string, epoch: string): TaskState {
  const state: TaskState = JSON.parse(json);
  if (state.snapshot.epoch === epoch) return state;
  const snapshot: Snapshot = { ...state.snapshot, epoch };
  return { ...state, snapshot };
}

/**
 * After how many bytes of events one read has enough in any case. What has not been sent
 * yet to a client that subscribes counts for Redis, and beyond 32 MB it hangs
 * up (`client-output-buffer-limit pubsub`).
 */
const enoughBytes = 262_144;

/**
 * The last arguments of the read script.
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

/** The answer of the read script. @throws {TypeError} When it is another's. */
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

/** A script's answer. @throws {TypeError} When it is no list. */
export function listOf(answer: unknown): readonly unknown[] {
  if (Array.isArray(answer)) return answer;
  throw new TypeError("A script answered with what is no list");
}
