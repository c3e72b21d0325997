import { delay } from "../../async/delay.ts";
import { RecentMap } from "../../collections/recent_map.ts";
import type { TaskState } from "../../tasks/state.ts";
import { isTerminal } from "../../tasks/status.ts";
import { topicsOf } from "../../tasks/topic.ts";
import {
  applyBatch,
  type ChangeResult,
  type KnownTask,
} from "./apply_batch.ts";
import type { StoreRedis } from "./store_redis.ts";
import { listOf, parseState, type RedisTask } from "./redis_task.ts";
import { listKeys } from "./keys.ts";
import { publishScript } from "./task_scripts.ts";
import {
  type Publication,
  type PublishOutcome,
  type Retention,
  StoreDisconnectedError,
} from "../../tasks/store.ts";
import { Semaphore } from "../../async/semaphore.ts";

/** A change in the queue of its task. */
interface Waiting {
  readonly change: Publication["change"];
  resolve(outcome: PublishOutcome): void;
  reject(error: unknown): void;
}

/** The most changes of one task per script call. */
const maxBatch = 100;

/**
 * The most concurrent scripts. A script may return a state, and all states must
 * fit into Redis's output buffer of a subscribed client (see `readArgs`).
 */
const maxScripts = 64;

/**
 * The most tasks to remember. Changes of a remembered task mostly succeed at the
 * first attempt.
 */
const maxKnown = 32_768;

/** The largest remembered state, in characters of JSON. */
const maxKnownLength = 2_048;

/** The longest wait of nodes for the node with the turn, in milliseconds. */
const turnMs = 1_000;

/** The longest pause before asking again, in milliseconds. */
const longestWaitMs = 16;

/** The input of a script call. */
interface Attempt {
  readonly known: KnownTask | undefined;
  readonly result: ChangeResult | undefined;
  /** The state after the changes, as JSON. */
  readonly after: string | undefined;
  readonly places: readonly (readonly [name: string, offset: number])[];
}

/** The expected revision of an unknown task: matches no revision. */
const unknown = "?";

/**
 * Publishes to Redis with optimistic concurrency. `applyChange` runs in this
 * process, and a Lua script commits the result if the task's revision is
 * unchanged. Otherwise the script returns the current state, and the change is
 * applied to the current state: no rule is written twice. After two late attempts
 * in a row a node gets the next turn, and the other nodes wait: without turns, a
 * node far from Redis would never win.
 *
 * Changes of a task are stored in sequence, all waiting changes in a single call.
 */
export class RedisPublisher {
  readonly #link: StoreRedis;
  readonly #name: (taskId: string) => RedisTask;
  readonly #node: string;
  readonly #retention: Retention;
  readonly #known = new RecentMap<KnownTask>(maxKnown);
  readonly #queues = new Map<string, Waiting[]>();
  readonly #scripts = new Semaphore(maxScripts);

  /**
   * @param name Returns the keys and arguments of a task for scripts.
   * @param node The process's id.
   */
  constructor(
    link: StoreRedis,
    name: (taskId: string) => RedisTask,
    node: string,
    retention: Retention,
  ) {
    this.#link = link;
    this.#name = name;
    this.#node = node;
    this.#retention = retention;
  }

  /** Forgets all known states: Redis may have restored older data. */
  forget(): void {
    this.#known.clear();
  }

  /** @throws {StoreUnavailableError} If Redis can't be reached or written. */
  publish({ taskId, change }: Publication): Promise<PublishOutcome> {
    return new Promise((resolve, reject) => {
      const waiting = { change, resolve, reject };
      const queue = this.#queues.get(taskId);
      if (queue) {
        queue.push(waiting);
        return;
      }
      this.#queues.set(taskId, [waiting]);
      // More changes may follow in this turn.
      queueMicrotask(() => this.#work(taskId));
    });
  }

  async #work(taskId: string): Promise<void> {
    for (;;) {
      const batch = takeBatch(this.#queues.get(taskId) ?? []);
      if (batch.length === 0) {
        this.#queues.delete(taskId);
        return;
      }
      try {
        const outcomes = await this.#publish(
          taskId,
          batch.map(({ change }) => change),
        );
        batch.forEach(({ resolve, reject }, index) => {
          const result = outcomes[index];
          if (result?.status === "fulfilled") resolve(result.value);
          else reject(result?.reason);
        });
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
  }

  async #publish(
    taskId: string,
    changes: readonly Publication["change"][],
  ): Promise<readonly PromiseSettledResult<PublishOutcome>[]> {
    let known = this.#known.get(taskId);
    let found = ""; // the state as JSON, if returned by a script
    let waitMs = 1;
    let places: ReadonlyMap<string, number> = new Map();
    const names = new Set<string>();
    for (const change of changes) {
      if (!("kind" in change) && change.event_id !== undefined) {
        names.add(change.event_id);
      }
    }
    for (;;) {
      const result = known &&
        applyBatch(taskId, known, changes, places);
      const after = result?.state && JSON.stringify(result.state);
      const named = [...names].map((name) =>
        [name, places.get(name) ?? 0] as const
      );
      const answer = await this.#scripts.take(() =>
        this.#try(taskId, { known, result, after, places: named })
      );
      if (answer[0] === "wait") {
        await delay(Math.min(waitMs, Number(answer[1])));
        waitMs = Math.min(2 * waitMs, longestWaitMs);
      } else if (answer[0] === "stale") {
        const [, epoch, rev, json, ...offsets] = answer.map((item) =>
          item === null ? undefined : String(item)
        );
        known = {
          epoch: epoch ?? "",
          rev: rev ?? "",
          state: json === undefined ? undefined : parseState(json, epoch ?? ""),
          isFresh: true,
        };
        found = json ?? "";
        places = new Map(
          [...names].map((name, index) => [name, Number(offsets[index])]),
        );
      } else if (known && result) {
        const [, rev, watchers] = answer;
        const { epoch } = known;
        const state: TaskState | undefined = result.state ?? known.state;
        if ((after ?? found).length <= maxKnownLength) {
          this.#known.set(taskId, { epoch, rev: String(rev), state });
        } else this.#known.delete(taskId);
        return result.outcomes(Number(watchers));
      }
    }
  }

  async #try(
    taskId: string,
    { known, result, after, places }: Attempt,
  ): Promise<readonly unknown[]> {
    const { keys, args, channel, topicChannels, base } = this.#name(taskId);
    const { historyLimit, historyTtlMs } = this.#retention;
    const state = result?.state;
    const { owner, snapshot } = state ?? {};
    const topics = topicsOf({ owner, labels: snapshot?.labels });
    try {
      return listOf(
        await this.#link.run(publishScript, keys, [
          ...args,
          known ? `${known.epoch}:${known.rev}` : unknown,
          String(historyTtlMs),
          String(historyLimit),
          channel,
          snapshot?.status ?? "-",
          String(state?.leaseEndsAtMs ?? "-"),
          after ?? "-",
          this.#node,
          String(known?.isFresh ? turnMs : 0),
          topicChannels,
          String(topics.length),
          ...listKeys(base, topics),
          String(places.length),
          ...places.flatMap(([name, offset]) => [name, String(offset)]),
          ...result?.operations ?? [],
        ]),
      );
    } catch (error) {
      // The change may have been stored, so the known state may be outdated;
      // the next attempt finds out.
      if (error instanceof StoreDisconnectedError) {
        this.#known.delete(taskId);
      }
      throw error;
    }
  }
}

/**
 * Takes the next changes from a queue, up to the end of an attempt: lists are
 * told only the state after a batch, but are told of every end.
 */
function takeBatch(queue: Waiting[]): Waiting[] {
  const end = queue.slice(0, maxBatch).findIndex(({ change }) =>
    "status" in change && change.status !== undefined &&
    isTerminal(change.status)
  );
  return queue.splice(0, end < 0 ? maxBatch : end + 1);
}
