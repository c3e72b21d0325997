import { delay } from "../../async/delay.ts";
import { RecentMap } from "../../collections/recent_map.ts";
import type { TaskState } from "../../tasks/state.ts";
import { applyBatch, type Judgement, type KnownTask } from "./apply_batch.ts";
import type { ReconnectingRedis } from "../../redis/reconnecting_redis.ts";
import { listOf, parseState, type RedisTask } from "./redis_task.ts";
import { publishScript } from "./task_scripts.ts";
import {
  type Publication,
  type PublishOutcome,
  type Retention,
  StoreDisconnectedError,
} from "../../tasks/store.ts";
import { Semaphore } from "../../async/semaphore.ts";

/** A change that waits for its turn. */
interface Waiting {
  readonly change: Publication["change"];
  resolve(outcome: PublishOutcome): void;
  reject(error: unknown): void;
}

/** The most changes of one task that one script stores. */
const maxBatch = 100;

/**
 * The most scripts at once: each may answer with a state, and these have to fit
 * into what Redis holds for a client that subscribes (see `readArgs`).
 */
const maxScripts = 64;

/** How many tasks are remembered, so that the first try is the last. */
const maxKnown = 32_768;

/** The largest of these, in characters of JSON. */
const maxKnownLength = 2_048;

/** How long the others wait at most for a node whose turn it is, in milliseconds. */
const turnMs = 1_000;

/** How seldom they look whether it has been, in milliseconds. */
const longestWaitMs = 16;

/** What a script is asked to store. */
interface Attempt {
  readonly known: KnownTask | undefined;
  readonly judgement: Judgement | undefined;
  /** The state after it, as JSON. */
  readonly after: string | undefined;
  readonly places: readonly (readonly [name: string, offset: number])[];
}

/** What stands for a task of which nothing is known yet: no state of it is expected. */
const unknown = "?";

/**
 * Publishes to Redis. The state machine judges here, and a script stores what it
 * said if the task still is what it was judged by; else it is judged again by
 * what the script found. So no rule is written twice. A node that comes too late
 * twice gets the next turn, for which the others wait: one that is further from
 * Redis would never be in time else.
 *
 * Changes of one task go one after the other, those that wait all at once.
 */
export class RedisPublisher {
  readonly #link: ReconnectingRedis;
  readonly #name: (taskId: string) => RedisTask;
  readonly #node: string;
  readonly #retention: Retention;
  readonly #known = new RecentMap<KnownTask>(maxKnown);
  readonly #queues = new Map<string, Waiting[]>();
  readonly #scripts = new Semaphore(maxScripts);

  /**
   * @param name Names a task to a script.
   * @param node This process's id.
   */
  constructor(
    link: ReconnectingRedis,
    name: (taskId: string) => RedisTask,
    node: string,
    retention: Retention,
  ) {
    this.#link = link;
    this.#name = name;
    this.#node = node;
    this.#retention = retention;
  }

  /** Takes nothing for known any more: Redis may have an older copy of its data now. */
  forget(): void {
    this.#known.clear();
  }

  /** @throws {StoreUnavailableError} When Redis can't be reached or written. */
  publish({ taskId, change }: Publication): Promise<PublishOutcome> {
    return new Promise((resolve, reject) => {
      const waiting = { change, resolve, reject };
      const queue = this.#queues.get(taskId);
      if (queue) {
        queue.push(waiting);
        return;
      }
      this.#queues.set(taskId, [waiting]);
      // In this turn more may come.
      queueMicrotask(() => this.#work(taskId));
    });
  }

  async #work(taskId: string): Promise<void> {
    for (;;) {
      const batch = this.#queues.get(taskId)?.splice(0, maxBatch) ?? [];
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
    let found = ""; // the state as JSON, where it was asked for
    let waitMs = 1;
    let places: ReadonlyMap<string, number> = new Map();
    const names = new Set<string>();
    for (const change of changes) {
      if (!("kind" in change) && change.event_id !== undefined) {
        names.add(change.event_id);
      }
    }
    for (;;) {
      const judgement = known &&
        applyBatch(taskId, known, changes, places);
      const after = judgement?.state && JSON.stringify(judgement.state);
      const named = [...names].map((name) =>
        [name, places.get(name) ?? 0] as const
      );
      const answer = await this.#scripts.take(() =>
        this.#try(taskId, { known, judgement, after, places: named })
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
      } else if (known && judgement) {
        const [, rev, watchers] = answer;
        const { epoch } = known;
        const state: TaskState | undefined = judgement.state ?? known.state;
        if ((after ?? found).length <= maxKnownLength) {
          this.#known.set(taskId, { epoch, rev: String(rev), state });
        } else this.#known.delete(taskId);
        return judgement.outcomes(Number(watchers));
      }
    }
  }

  async #try(
    taskId: string,
    { known, judgement, after, places }: Attempt,
  ): Promise<readonly unknown[]> {
    const { keys, args, channel } = this.#name(taskId);
    const { historyLimit, historyTtlMs } = this.#retention;
    const state = judgement?.state;
    try {
      return listOf(
        await this.#link.run(publishScript, keys, [
          ...args,
          known ? `${known.epoch}:${known.rev}` : unknown,
          String(historyTtlMs),
          String(historyLimit),
          channel,
          state?.snapshot.status ?? "-",
          String(state?.leaseEndsAtMs ?? "-"),
          after ?? "-",
          this.#node,
          String(known?.isFresh ? turnMs : 0),
          String(places.length),
          ...places.flatMap(([name, offset]) => [name, String(offset)]),
          ...judgement?.operations ?? [],
        ]),
      );
    } catch (error) {
      // It may have been stored: what is known may be no longer true, which the next try finds out.
      if (error instanceof StoreDisconnectedError) {
        this.#known.delete(taskId);
      }
      throw error;
    }
  }
}
