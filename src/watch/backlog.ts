import type { TaskEvent } from "../tasks/event.ts";
import { mergeEvents } from "../tasks/snapshot.ts";
import { isTerminal } from "../tasks/status.ts";

/** An event to send; a merged event also counts the events merged into it. */
export interface Sendable {
  readonly event: TaskEvent;
  /** The frame shared by all watchers; absent for a merged event. */
  readonly frame?: string;
  /** The number of earlier events merged into the event; 0 if none. */
  readonly skipped: number;
}

/** A waiting event and the length of its longest merged frame. */
interface Item {
  readonly sendable: Sendable;
  readonly length: number;
}

/** The most waiting events of one reader. */
const maxEvents = 1_000;

/** The most characters waiting: an event may have 64 KiB of data. */
const maxLength = 1_048_576;

/**
 * A task's waiting events for one reader. For a slow reader, each run of
 * progress events is merged into the newest, with the members given only by
 * earlier events of the run. Ends of attempts and `lost` are never merged (spec
 * §5).
 */
export class Backlog {
  #items: Item[] = [];
  #length = 0;
  #merges = false;

  /** The number of waiting events. */
  get size(): number {
    return this.#items.length;
  }

  /** True if later events should be read from the store instead. */
  get isFull(): boolean {
    return this.#items.length >= maxEvents || this.#length >= maxLength;
  }

  /** Merges the waiting and all added events until the backlog is empty. */
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

  /** Removes and returns the oldest event. */
  take(): Sendable | undefined {
    const item = this.#items.shift();
    if (this.#items.length === 0) this.#merges = false;
    this.#length -= item?.length ?? 0;
    return item?.sendable;
  }

  /** Drops all events. */
  clear(): void {
    this.#items = [];
    this.#length = 0;
    this.#merges = false;
  }
}

/** True if an event may be merged with neighbours. */
function isProgress({ status }: TaskEvent): boolean {
  return !isTerminal(status) && status !== "lost";
}
