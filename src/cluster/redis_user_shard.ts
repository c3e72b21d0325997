import { log } from "../log/log.ts";
import { StoreUnavailableError } from "../tasks/store.ts";
import type { RedisChannel } from "./redis_channel.ts";
import { tellUsersScript } from "./redis_user_script.ts";
import { withFallback } from "../async/with_fallback.ts";

/** What a {@linkcode RedisUserShard} works with. */
export interface RedisUserShardOptions {
  readonly channel: RedisChannel;
  /** What its keys begin with, hash tag included. */
  readonly base: string;
  /** This node's id. */
  readonly node: string;
  /** How long a count is waited for, in milliseconds. */
  readonly timeoutMs: number;
  /** How long what was told holds without a {@linkcode RedisUserShard.beat}, in milliseconds. */
  readonly lifeMs: number;
}

/** Takes how many connections a user has on the other nodes. */
type TakeOthers = (others: number) => void;

/** The most users that one script tells of: Redis does nothing else meanwhile. */
const maxBatch = 500;

/**
 * The connections of a part of the users, counted over all nodes: what this
 * node has is told to Redis as it changes, and told anew where Redis may have
 * lost it.
 *
 * One script runs at a time, so that a later count never arrives before an
 * earlier one; who waits meanwhile is told of by the next, all at once.
 */
export class RedisUserShard {
  readonly #options: RedisUserShardOptions;
  readonly #keys: readonly string[];
  /** The users that are here. */
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, TakeOthers[]>();
  #isWorking = false;
  /** Whether Redis may know something else of this node than is true. */
  #isUnsure = false;

  constructor(options: RedisUserShardOptions) {
    this.#options = options;
    const { base, node } = options;
    this.#keys = [`${base}u:${node}`, `${base}users`];
  }

  /**
   * See `Peers.countUser`. What could not be told leaves each node to its own
   * count until the next {@linkcode RedisUserShard.beat} that gets through.
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

  /** Keeps what was told from expiring, and tells all of it anew where that is needed. */
  async beat(): Promise<void> {
    if (this.#counts.size > 0 || this.#isUnsure) await this.#work(true);
  }

  async #work(isBeat: boolean): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      if (isBeat) await (this.#isUnsure ? this.#tellAnew() : this.#tell([]));
      while (this.#waiting.size > 0) {
        await this.#tell([...this.#waiting.keys()].slice(0, maxBatch));
      }
    } finally {
      this.#isWorking = false;
    }
  }

  /** Replaces all that Redis knows of this node. */
  async #tellAnew(): Promise<void> {
    this.#isUnsure = false;
    const users = [...this.#counts.keys()];
    await this.#send(users.slice(0, maxBatch), true);
    for (let from = maxBatch; from < users.length; from += maxBatch) {
      if (this.#isUnsure) return; // again
      await this.#send(users.slice(from, from + maxBatch), false);
    }
  }

  /** Tells of some users; of all, where nothing is known of this node any more. */
  async #tell(users: readonly string[]): Promise<void> {
    const known = this.#counts.size -
      users.filter((userId) => this.#counts.has(userId)).length;
    const existed = await this.#send(users, false);
    // It has expired, or Redis was emptied.
    if (!existed && known > 0) await this.#tellAnew();
  }

  /** @returns Whether anything was known of this node; so it is, for what can be seen, where Redis does not answer. */
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

/** An outage is reported by whoever holds the connection. */
function reportFault(error: unknown): void {
  const level = error instanceof StoreUnavailableError ? "debug" : "error";
  log[level]("Users are counted on this node alone for now: {error}", {
    error,
  });
}

/** @throws {TypeError} For what the script does not answer. */
function numbersOf(reply: unknown): number[] {
  if (Array.isArray(reply) && reply.every(Number.isInteger)) return reply;
  throw new TypeError("Redis answered with what are no counts");
}
