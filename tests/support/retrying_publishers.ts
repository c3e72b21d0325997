import { answerOf } from "./answer.ts";
import { deadline } from "./deadline.ts";
import type { TaskwireNode } from "./nodes.ts";
import { testApiKey } from "./server.ts";

/** The acknowledgement of a publish. */
export interface Acknowledgement {
  readonly task: string;
  readonly eventId: string;
  readonly epoch: string;
  readonly offset: number;
}

/** Options of {@linkcode RetryingPublishers}. */
export interface PublishersOptions {
  readonly tasks: readonly string[];
  /** The node for the next attempt. */
  readonly node: () => TaskwireNode;
  /** @default {8} */
  readonly count?: number;
}

/**
 * The pause before a new attempt, in milliseconds: far less than `Retry-After`
 * says, to press harder.
 */
const retryDelayMs = 50;

/**
 * Workers publishing events in sequence, at a chosen node. Every event is
 * repeated under the same `event_id` until acknowledged.
 */
export class RetryingPublishers {
  readonly acknowledged: Acknowledgement[] = [];
  /** Answers of 201, by the node's origin. */
  readonly acceptances = new Map<string, number>();
  /** Answers of 503, by the node's origin. */
  readonly refusals = new Map<string, number>();
  /** The number of refused or broken connections. */
  failures = 0;
  /** The longest time to a 503, in milliseconds. */
  slowestRefusalMs = 0;
  readonly #options: PublishersOptions;
  #publishing: Promise<unknown> = Promise.resolve();
  #isOver = false;
  #round = 0;
  readonly #waiting = new Set<() => void>();

  constructor(options: PublishersOptions) {
    this.#options = options;
  }

  /** Begins; `event_id`s are never used again. */
  start(): void {
    this.#isOver = false;
    const round = this.#round += 1;
    const { count = 8 } = this.#options;
    this.#publishing = Promise.all(
      Array.from(
        { length: count },
        (_, index) => this.#publish(`${round}.${index}`, index),
      ),
    );
    this.#publishing.catch(() => this.#wake());
  }

  /** Stops after the acknowledgement of all pending events. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await deadline(this.#publishing, () => "publishers are still unanswered");
  }

  /** Waits for a number of further acknowledgements. */
  async acknowledgements(more: number): Promise<void> {
    const enough = this.acknowledged.length + more;
    await this.until(() => this.acknowledged.length >= enough);
  }

  /** Waits until a node answers 503 from now on. */
  async refusal({ origin }: TaskwireNode): Promise<void> {
    const before = this.refusals.get(origin) ?? 0;
    await this.until(() => (this.refusals.get(origin) ?? 0) > before);
  }

  /** Waits until a node answers 201 from now on. */
  async acceptance({ origin }: TaskwireNode): Promise<void> {
    const before = this.acceptances.get(origin) ?? 0;
    await this.until(() => (this.acceptances.get(origin) ?? 0) > before);
  }

  /** Waits for a condition that answers can change. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      // Never resolves while publishing, but may fail.
      await deadline(
        Promise.race([promise, this.#publishing]),
        () => `${this.acknowledged.length} events are acknowledged`,
      );
    }
  }

  async #publish(name: string, offset: number): Promise<void> {
    const { tasks } = this.#options;
    for (let count = 0; !this.#isOver; count++) {
      const task = tasks[(offset + count) % tasks.length] ?? "";
      const eventId = `${name}.${count}`;
      this.acknowledged.push(await this.#acknowledgement(task, eventId));
      this.#wake();
    }
  }

  async #acknowledgement(
    task: string,
    eventId: string,
  ): Promise<Acknowledgement> {
    for (;;) {
      const answer = await this.#attempt(task, eventId);
      if (answer) return { task, eventId, ...answer };
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
    }
  }

  /** @returns `undefined` if a new attempt is needed. */
  async #attempt(
    task: string,
    eventId: string,
  ): Promise<Pick<Acknowledgement, "epoch" | "offset"> | undefined> {
    const { origin } = this.#options.node();
    const startedAt = performance.now();
    const url = `${origin}/api/tasks/${encodeURIComponent(task)}/events`;
    const attempt = fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${testApiKey}` },
      body: JSON.stringify({ event_id: eventId }),
    });
    try {
      const { status, headers, text, json } = await answerOf(attempt);
      if (status === 201) {
        const { epoch, offset } = json();
        count(this.acceptances, origin);
        return { epoch: String(epoch), offset: Number(offset) };
      }
      if (status !== 503 || !headers.has("retry-after")) {
        throw new Error(`${status} without Retry-After: ${text}`);
      }
      count(this.refusals, origin);
      this.slowestRefusalMs = Math.max(
        this.slowestRefusalMs,
        performance.now() - startedAt,
      );
      this.#wake();
    } catch (error) {
      // The node is being killed or started.
      if (!(error instanceof TypeError)) throw error;
      this.failures += 1;
    }
    return undefined;
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }
}

function count(answers: Map<string, number>, origin: string): void {
  answers.set(origin, (answers.get(origin) ?? 0) + 1);
}
