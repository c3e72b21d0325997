import { answerOf } from "./answer.ts";
import { deadline } from "./deadline.ts";
import { testApiKey } from "./server.ts";

/** The pause before a new attempt, in milliseconds. */
const retryDelayMs = 50;

/** Statuses for a new attempt: the answers of proxies and stopping nodes. */
const passing: readonly number[] = [502, 503, 504];

interface PublishedEvent {
  readonly event_id: string;
  readonly status?: string;
}

/**
 * Workers publishing through a proxy. Every event is repeated under the same
 * `event_id` until acknowledged.
 */
export class ProxiedPublishers {
  /** The `event_id`s. */
  readonly acknowledged = new Set<string>();
  /** Attempts with any other outcome, counted by outcome. */
  readonly failures = new Map<number | "broken", number>();
  readonly #url: (task: string) => string;
  readonly #publishing: Promise<unknown>;
  #isOver = false;
  #wake = () => {};

  constructor(origin: string, tasks: readonly string[], count = 8) {
    this.#url = (task) =>
      `${origin}/api/tasks/${encodeURIComponent(task)}/events`;
    this.#publishing = Promise.all(
      Array.from(
        { length: count },
        (_, index) => this.#publishAll(tasks, index),
      ),
    );
    this.#publishing.catch(() => this.#wake());
  }

  /** Waits for a number of further acknowledgements. */
  async acknowledgements(more: number): Promise<void> {
    const enough = this.acknowledged.size + more;
    while (this.acknowledged.size < enough) {
      const woken = new Promise<void>((resolve) => this.#wake = resolve);
      await deadline(
        Promise.race([woken, this.#publishing]),
        () => `${this.acknowledged.size} events are acknowledged`,
      );
    }
  }

  /** Stops after the acknowledgement of all pending events. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await deadline(this.#publishing, () => "publishers are still unanswered");
  }

  /** Publishes an event, repeatedly until acknowledged. */
  async publish(task: string, event: PublishedEvent): Promise<void> {
    while (!await this.#isTaken(this.#url(task), event)) {
      await new Promise((resolve) => setTimeout(resolve, retryDelayMs));
    }
    this.acknowledged.add(event.event_id);
    this.#wake();
  }

  async #publishAll(tasks: readonly string[], index: number): Promise<void> {
    for (let count = 0; !this.#isOver; count++) {
      const task = tasks[(index + count) % tasks.length] ?? "";
      await this.publish(task, { event_id: `${index}.${count}` });
    }
  }

  async #isTaken(url: string, event: PublishedEvent): Promise<boolean> {
    try {
      const { status, text } = await answerOf(fetch(url, {
        method: "POST",
        headers: { Authorization: `Bearer ${testApiKey}` },
        body: JSON.stringify(event),
      }));
      if (status === 201) return true;
      if (!passing.includes(status)) throw new Error(`${status}: ${text}`);
      this.#count(status);
    } catch (error) {
      // The connection broke.
      if (!(error instanceof TypeError)) throw error;
      this.#count("broken");
    }
    return false;
  }

  #count(failure: number | "broken"): void {
    this.failures.set(failure, (this.failures.get(failure) ?? 0) + 1);
  }
}
