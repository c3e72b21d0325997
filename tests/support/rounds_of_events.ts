import { assertEquals } from "@std/assert";

/** Publishes to many tasks in turn, in requests of many lines, until stopped. */
export class RoundsOfEvents {
  /** The number of acknowledged events per task. */
  readonly heads: number[];
  /** Events acknowledged. */
  count = 0;
  readonly #tasks: readonly string[];
  readonly #url: string;
  readonly #headers: Record<string, string>;
  #at = 0;
  #isOver = false;
  #running: Promise<void> = Promise.resolve();

  constructor(origin: string, apiKey: string, tasks: readonly string[]) {
    this.#url = `${origin}/api/events`;
    this.#headers = { Authorization: `Bearer ${apiKey}` };
    this.#tasks = tasks;
    this.heads = tasks.map(() => 0);
  }

  /** Publishes an event per task to the next tasks. */
  async publish(events: number): Promise<void> {
    const indices = Array.from(
      { length: events },
      (_, index) => (this.#at + index) % this.#tasks.length,
    );
    this.#at += events;
    const lines = indices.map((index) =>
      JSON.stringify({ connection_id: this.#tasks[index], progress: 0.5 })
    );
    const response = await fetch(this.#url, {
      method: "POST",
      headers: this.#headers,
      body: lines.join("\n"),
    });
    const results = (await response.text()).trimEnd().split("\n");
    assertEquals(results.length, events);
    for (const [at, index] of indices.entries()) {
      const { offset } = JSON.parse(results[at] ?? "");
      assertEquals(offset, (this.heads[index] ?? 0) + 1, results[at]);
      this.heads[index] = offset;
    }
    this.count += events;
  }

  start(eventsAtATime: number): void {
    this.#isOver = false;
    this.#running = (async () => {
      while (!this.#isOver) await this.publish(eventsAtATime);
    })();
    this.#running.catch(() => {}); // for `stop` to throw
  }

  /** Ends after the request under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }
}
