import type { TaskEvent } from "../tasks/event.ts";
import { mergeEvents } from "../tasks/snapshot.ts";
import { isTerminal } from "../tasks/status.ts";

/** An event to send, and how many before it it stands for. */
export interface Sendable {
  readonly event: TaskEvent;
  /** The event as all its watchers get it; none for one that stands for others. */
  readonly frame?: string;
  /** 0 for an event as it was published. */
  readonly skipped: number;
}

/** An event that waits, with the length of its frame; of a merged one, that of the longest. */
interface Item {
  readonly sendable: Sendable;
  readonly length: number;
}

/** The most events that wait for one reader. */
const maxEvents = 1_000;

/** The most characters of the frames together: one event may have 64 KiB of data. */
const maxLength = 1_048_576;

/**
 * A task's events that wait for one reader. For a slow one they are merged:
 * each run of events that only say how far the task is becomes the newest of
 * them, with what those before it said and it doesn't. The end of an attempt
 * and a lost worker stay events of their own (spec §5).
 */
export class Backlog {
  #items: Item[] = [];
  #length = 0;
  #merges = false;

  /** How many are to be sent. */
  get size(): number {
    return this.#items.length;
  }

  /** Tells if the events that follow should rather be read from the store. */
  get isFull(): boolean {
    return this.#items.length >= maxEvents || this.#length >= maxLength;
  }

  /** Merges what waits, and what comes from now on until all is taken. */
  merge(): void {
    if (this.#merges) return;
    this.#merges = true;
    this.#length = 0;
    for (const { sendable } of this.#items.splice(0)) {
      this.add(sendable.event, sendable.frame);
    }
  }

  /** Adds the next event. */
  add(event: TaskEvent, frame?: string): void {
    const length = frame?.length ?? 0;
    const last = this.#items.at(-1);
    if (
      this.#merges && last && isProgress(last.sendable.event) &&
      isProgress(event)
    ) {
      const merged = {
        sendable: {
          event: mergeEvents(last.sendable.event, event),
          skipped: last.sendable.skipped + 1,
        },
        length: Math.max(last.length, length),
      };
      this.#items[this.#items.length - 1] = merged;
      this.#length += merged.length - last.length;
    } else {
      this.#items.push({
        sendable: {
          event,
          ...(frame === undefined ? {} : { frame }),
          skipped: 0,
        },
        length,
      });
      this.#length += length;
    }
  }

  /** Takes the oldest out. */
  take(): Sendable | undefined {
    const item = this.#items.shift();
    if (this.#items.length === 0) this.#merges = false;
    this.#length -= item?.length ?? 0;
    return item?.sendable;
  }

  /** Forgets everything. */
  clear(): void {
    this.#items = [];
    this.#length = 0;
    this.#merges = false;
  }
}

/** Whether an event may be merged with others. */
function isProgress({ status }: TaskEvent): boolean {
  return !isTerminal(status) && status !== "lost";
}
