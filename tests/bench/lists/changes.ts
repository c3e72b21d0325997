import { delay } from "../../../src/async/delay.ts";
import { testApiKey } from "../../support/server.ts";

/** The number of users, each with a list. */
export const userCount = 1_000;

/** The number of running tasks: ten of each user. */
export const taskCount = 10_000;

/** Tasks with half of all changes: 25 a second each, more than lists show. */
const hotCount = 100;

/** One of so many changes of the other tasks ends the task, and begins a new one. */
const changesPerEnd = 50;

/** The number of concurrent requests; each publisher has tasks of its own. */
const publishers = 10;

/** The time between two requests of a publisher, in milliseconds. */
const pauseMs = 20;

/** The lines of a request that fills the store. */
const linesPerFill = 1_000;

export const userId = (number: number): string => `user-${number}`;

/** Changes of the tasks of all users, published as lines of JSON. */
export class Changes {
  readonly #originOf: (request: number) => string;
  /** The task of each place; an ended task leaves its place to a new one. */
  readonly #tasks = Array.from(
    { length: taskCount },
    (_, place) => ({ id: `task-${place}`, current: 0 }),
  );
  #requests = 0;
  #begun = taskCount;

  /** @param originOf Returns the server for a request. */
  constructor(originOf: (request: number) => string) {
    this.#originOf = originOf;
  }

  /** Begins all tasks. */
  async begin(): Promise<void> {
    for (let start = 0; start < taskCount; start += linesPerFill) {
      const lines = this.#tasks.slice(start, start + linesPerFill)
        .map((_, index) => this.#line(start + index));
      await this.#publish(lines);
    }
  }

  /**
   * Publishes at a rate.
   *
   * @returns The number of changes acknowledged per second.
   */
  async run(ratePerSecond: number, seconds: number): Promise<number> {
    const startedAtMs = performance.now();
    const counts = await Promise.all(
      Array.from(
        { length: publishers },
        (_, publisher) =>
          this.#runAlone(publisher, ratePerSecond / publishers, seconds),
      ),
    );
    const published = counts.reduce((sum, count) => sum + count);
    return published / (performance.now() - startedAtMs) * 1_000;
  }

  /** Publishes one request at a time, so that no change overtakes another. */
  async #runAlone(
    publisher: number,
    ratePerSecond: number,
    seconds: number,
  ): Promise<number> {
    const startedAtMs = performance.now();
    let published = 0;
    for (;;) {
      const elapsedMs = performance.now() - startedAtMs;
      if (elapsedMs >= seconds * 1_000) return published;
      const due = Math.floor(ratePerSecond * elapsedMs / 1_000) - published;
      if (due > 0) {
        const lines = Array.from(
          { length: due },
          () => this.#change(publisher),
        );
        await this.#publish(lines);
      }
      published += due;
      await delay(pauseMs);
    }
  }

  #change(publisher: number): string {
    if (Math.random() < 0.5) {
      return this.#line(ownPlace(publisher, 0, hotCount));
    }
    const place = ownPlace(publisher, hotCount, taskCount);
    if (Math.random() * changesPerEnd >= 1) return this.#line(place);
    const { id } = this.#tasks[place] ?? { id: "" };
    this.#tasks[place] = { id: `task-${this.#begun++}`, current: 0 };
    return JSON.stringify({ connection_id: id, status: "succeeded" });
  }

  #line(place: number): string {
    const task = this.#tasks[place] ?? { id: "", current: 0 };
    task.current += 1;
    return JSON.stringify({
      connection_id: task.id,
      user_id: userId(place % userCount),
      current: task.current,
      total: 1_000_000,
      message: "transcoding",
    });
  }

  async #publish(lines: readonly string[]): Promise<void> {
    const response = await fetch(
      `${this.#originOf(this.#requests++)}/api/events`,
      {
        method: "POST",
        headers: { Authorization: `Bearer ${testApiKey}` },
        body: lines.join("\n"),
      },
    );
    const answer = await response.text();
    const stored = answer.match(/"offset":/g)?.length ?? 0;
    if (stored === lines.length) return;
    throw new Error(
      `${lines.length - stored} of ${lines.length} changes were not stored: ${
        answer.slice(0, 500)
      }`,
    );
  }
}

/** Returns a random place of a publisher, from `start` to below `end`. */
function ownPlace(publisher: number, start: number, end: number): number {
  const places = (end - start) / publishers;
  return start + publisher + publishers * Math.floor(Math.random() * places);
}
