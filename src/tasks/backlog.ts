import type { TaskEvent } from "./event.ts";
import { isTerminal } from "./status.ts";

/** An event to send, and how many before it it stands for. */
export interface Sendable {
  readonly event: TaskEvent;
  /** The event as all its watchers get it; none for one that stands for others. */
  readonly frame?: string;
  /** 0 for an event as it was published. */
  readonly skipped: number;
}

/**
 * A task's events that wait for one reader. For a slow one they are merged:
 * each run of events that only say how far the task is becomes the newest of
 * them, with what those before it said and it doesn't. The end of an attempt
 * and a lost worker stay events of their own (spec §5).
 */
export class Backlog {
  #items: Sendable[] = [];
  #merges = false;

  /** How many are to be sent. */
  get size(): number {
    return this.#items.length;
  }

  /** Merges what waits, and what comes from now on until all is taken. */
  merge(): void {
    if (this.#merges) return;
    this.#merges = true;
    for (const { event, frame } of this.#items.splice(0)) {
      this.add(event, frame);
    }
  }

  /** Adds the next event. */
  add(event: TaskEvent, frame?: string): void {
    const last = this.#items.at(-1);
    if (this.#merges && last && isProgress(last.event) && isProgress(event)) {
      this.#items[this.#items.length - 1] = {
        event: { ...last.event, ...event },
        skipped: last.skipped + 1,
      };
    } else {
      this.#items.push({
        event,
        ...(frame === undefined ? {} : { frame }),
        skipped: 0,
      });
    }
  }

  /** Takes the oldest out. */
  take(): Sendable | undefined {
    const item = this.#items.shift();
    if (this.#items.length === 0) this.#merges = false;
    return item;
  }

  /** Forgets everything. */
  clear(): void {
    this.#items = [];
    this.#merges = false;
  }
}

/** Whether an event may be merged with others. */
function isProgress({ status }: TaskEvent): boolean {
  return !isTerminal(status) && status !== "lost";
}
