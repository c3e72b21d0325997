import { parsePositionId, positionId } from "../../tasks/event.ts";
import type { EncodedEvent } from "../../tasks/store.ts";

/**
 * The newest events of one task as JSON: strings burden the garbage collector
 * least, and readers want JSON.
 */
export class MemoryHistory {
  readonly #limit: number;
  readonly #epoch: string;
  /** Consecutive, oldest first. Up to twice the limit: see `#trim`. */
  readonly #events: string[] = [];
  /** The offsets of events with a publisher's `event_id`, in order. */
  readonly #named = new Map<string, number>();
  #newest = 0;

  /**
   * @param limit The number of events to keep.
   * @param epoch The task's epoch.
   */
  constructor(limit: number, epoch: string) {
    this.#limit = limit;
    this.#epoch = epoch;
  }

  /** Adds the next event. */
  push(eventId: string, json: string): void {
    const offset = ++this.#newest;
    this.#events.push(json);
    if (eventId !== positionId({ epoch: this.#epoch, offset })) {
      this.#named.delete(eventId); // of a dropped event
      this.#named.set(eventId, offset);
    }
    this.#trim();
  }

  /** Returns the events after a kept offset, oldest first; see `Store.read`. */
  after(offset: number, limit: number, enough = Infinity): EncodedEvent[] {
    const start = offset - (this.#newest - this.#events.length);
    const events: EncodedEvent[] = [];
    let length = 0;
    for (const json of this.#events.slice(start, start + limit)) {
      if (length >= enough) break;
      length += json.length;
      events.push({ offset: offset + 1 + events.length, json });
    }
    return events;
  }

  /** Returns the offset of the kept event with this `event_id`. */
  findOffset(eventId: string): number | undefined {
    const offset = this.#named.get(eventId) ??
      parsePositionId(eventId, this.#epoch) ?? 0;
    const isKept = offset > this.#newest - this.#limit &&
      offset > 0 && offset <= this.#newest;
    if (!isKept) return undefined;
    // The event at this offset may have an id from its publisher instead.
    const [found] = this.after(offset - 1, 1);
    return found && JSON.parse(found.json).event_id === eventId
      ? offset
      : undefined;
  }

  /** Cuts in batches: a `shift` costs time proportional to the length. */
  #trim(): void {
    if (this.#events.length < 2 * this.#limit) return;
    this.#events.splice(0, this.#limit);
    const trimmed = this.#newest - this.#events.length;
    for (const [eventId, offset] of this.#named) {
      if (offset > trimmed) return;
      this.#named.delete(eventId);
    }
  }
}
