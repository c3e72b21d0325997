import { log } from "../log/log.ts";
import { StoreUnavailableError } from "../tasks/store.ts";
import type { RedisChannel } from "./redis_channel.ts";
import { tellUsersScript } from "./redis_user_script.ts";
import { withFallback } from "../async/with_fallback.ts";

/** Options of a {@linkcode RedisUserShard}. */
export interface RedisUserShardOptions {
  readonly channel: RedisChannel;
  /** The prefix of the shard's keys, including the hash tag. */
  readonly base: string;
  /** The node's id. */
  readonly node: string;
  /** The longest wait for a count, in milliseconds. */
  readonly timeoutMs: number;
  /** The lifetime of the counts without a {@linkcode RedisUserShard.heartbeat}. */
  readonly lifeMs: number;
}

/** Receives the number of a user's connections on the other nodes. */
type TakeOthers = (others: number) => void;

/** The most users per script call, since a script blocks Redis. */
const maxBatch = 500;

/**
 * The connections of a shard's users, counted over all nodes. A node writes a
 * count to Redis at every change, and rewrites all counts if Redis may have lost
 * data.
 *
 * Scripts run in sequence: a newer count never arrives before an older count. All
 * counts changed meanwhile go into the next script.
 */
export class RedisUserShard {
  readonly #options: RedisUserShardOptions;
  readonly #keys: readonly string[];
  /** The users connected to this node. */
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, TakeOthers[]>();
  #isWorking = false;
  /** True if Redis may hold wrong counts for this node. */
  #isUnsure = false;

  constructor(options: RedisUserShardOptions) {
    this.#options = options;
    const { base, node } = options;
    this.#keys = [`${base}u:${node}`, `${base}users`];
  }

  /**
   * See `OtherNodes.countUser`. If Redis can't be written, a node counts only local
   * connections until the next successful {@linkcode RedisUserShard.heartbeat}.
   */
  async count(userId: string, here: number): Promise<number> {
    if (here > 0) this.#counts.set(userId, here);
    else this.#counts.delete(userId);
    if (this.#isUnsure) return here;
    const others = new Promise<number>((resolve) => {
      const waiting = this.#waiting.get(userId) ?? [];
      waiting.push(resolve);
      this.#waiting.set(userId, waiting);
    });
    this.#work(false).catch(reportFault);
    const sum = await withFallback(others, this.#options.timeoutMs, undefined);
    if (sum === undefined) this.#isUnsure = true;
    return here + (sum ?? 0);
  }

  /** Keeps this node's counts alive, and rewrites all counts if needed. */
  async heartbeat(): Promise<void> {
    if (this.#counts.size > 0 || this.#isUnsure) await this.#work(true);
  }

  async #work(isHeartbeat: boolean): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      if (isHeartbeat) {
        await (this.#isUnsure ? this.#tellAnew() : this.#tell([]));
      }
      while (this.#waiting.size > 0) {
        await this.#tell([...this.#waiting.keys()].slice(0, maxBatch));
      }
    } finally {
      this.#isWorking = false;
    }
  }

  /** Replaces all counts of this node in Redis. */
  async #tellAnew(): Promise<void> {
    this.#isUnsure = false;
    const users = [...this.#counts.keys()];
    await this.#send(users.slice(0, maxBatch), true);
    for (let from = maxBatch; from < users.length; from += maxBatch) {
      if (this.#isUnsure) return; // starts again later
      await this.#send(users.slice(from, from + maxBatch), false);
    }
  }

  /** Writes counts of some users, or of all if Redis has lost the counts. */
  async #tell(users: readonly string[]): Promise<void> {
    const known = this.#counts.size -
      users.filter((userId) => this.#counts.has(userId)).length;
    const existed = await this.#send(users, false);
    // The hash has expired, or Redis was emptied.
    if (!existed && known > 0) await this.#tellAnew();
  }

  /** @returns True if Redis still had this node's counts, or did not answer. */
  async #send(users: readonly string[], isAnew: boolean): Promise<boolean> {
    const { channel, base, node, lifeMs } = this.#options;
    const waiting = users.map((userId) => this.#waiting.get(userId) ?? []);
    for (const userId of users) this.#waiting.delete(userId);
    const pairs = users.flatMap((userId) => [
      userId,
      String(this.#counts.get(userId) ?? 0),
    ]);
    let reply: readonly number[] = [];
    try {
      const args = [node, `${base}u:`, String(lifeMs), isAnew ? "1" : "0"];
      reply = numbersOf(
        await channel.run(tellUsersScript, this.#keys, [...args, ...pairs]),
      );
    } catch (error) {
      this.#isUnsure = true;
      reportFault(error);
    }
    const [existed = 1, ...others] = reply;
    waiting.forEach((all, index) => {
      for (const take of all) take(others[index] ?? 0);
    });
    return existed === 1;
  }
}

/** Logs a failure; the connection reports outages, so at level debug. */
function reportFault(error: unknown): void {
  const level = error instanceof StoreUnavailableError ? "debug" : "error";
  log[level](
    "User limits count only this node's connections for now: {error}",
    {
      error,
    },
  );
}

/** @throws {TypeError} If the reply is not from the script. */
function numbersOf(reply: unknown): number[] {
  if (Array.isArray(reply) && reply.every(Number.isInteger)) return reply;
  throw new TypeError("Unexpected reply from Redis: not a list of counts");
}
