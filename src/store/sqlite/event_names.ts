import { parsePositionId, positionId } from "../../tasks/event.ts";
import type { LoadedNames } from "./thread_calls.ts";

/** The most names kept per task, unless not yet in the database. */
export const maxNames = 1_024;

/** The offsets of a task's kept events. */
export interface KeptOffsets {
  readonly oldestKept: number;
  readonly newest: number;
  /** The offset of the newest event in the database. */
  readonly committed: number;
}

/** Names and offsets of the events of one task. */
export class EventNames {
  /** The offsets by `event_id`, in order. */
  readonly #offsets = new Map<string, number>();
  #isComplete = true;
  /** The total length of the names, in characters. */
  length = 0;

  /** Adds names read from the database. */
  addAll({ rows, hasMore }: LoadedNames): void {
    if (hasMore) this.#isComplete = false;
    for (let at = 0; at < rows.length; at += 2) {
      this.#add(String(rows[at]), Number(rows[at + 1]));
    }
  }

  /**
   * Adds the name of the newest event.
   *
   * @param kept The offsets of the task's events, with the newest.
   */
  push(eventId: string, { oldestKept, newest, committed }: KeptOffsets): void {
    this.#add(eventId, newest);
    for (const [name, at] of this.#offsets) {
      if (at >= oldestKept) {
        if (this.#offsets.size <= maxNames || at > committed) break;
        this.#isComplete = false;
      }
      this.#offsets.delete(name);
      this.length -= name.length;
    }
  }

  /**
   * Finds the offset of an event by the `event_id`.
   *
   * @param kept The offsets of the task's events.
   * @returns `undefined` for an unknown event; `"ask"` if only the database
   * knows.
   */
  find(
    eventId: string,
    epoch: string,
    { oldestKept, newest, committed }: KeptOffsets,
  ): number | undefined | "ask" {
    const named = this.#offsets.get(eventId);
    if (named !== undefined && named >= oldestKept) return named;
    const position = parsePositionId(eventId, epoch) ?? 0;
    const isKept = position >= oldestKept && position <= newest;
    if (!this.#isComplete && !(isKept && position > committed)) return "ask";
    // The event at this offset may have a name from its publisher instead.
    return isKept && !this.#hasName(position) ? position : undefined;
  }

  #add(eventId: string, offset: number): void {
    // The name of a trimmed event may return.
    if (this.#offsets.delete(eventId)) this.length -= eventId.length;
    this.#offsets.set(eventId, offset);
    this.length += eventId.length;
  }

  #hasName(offset: number): boolean {
    return this.#offsets.values().some((named) => named === offset);
  }
}

/**
 * Returns the `event_id` as stored: `null` if the `event_id` was made from the
 * position.
 */
export function storedName(
  eventId: string,
  epoch: string,
  offset: number,
): string | null {
  return eventId === positionId({ epoch, offset }) ? null : eventId;
}
