import type { Nodes, StoredEvent } from "./nodes.ts";
import type { Acknowledgement } from "./retrying_publishers.ts";

/** The fate of the acknowledged events. */
export interface Comparison {
  /** Acknowledged, and in the history at the acknowledged offset. */
  readonly found: number;
  /** Acknowledged, and missing in the history. */
  readonly lost: number;
  /** Twice in a history under the same `event_id`. */
  readonly duplicated: number;
  /** The newest offset per task. */
  readonly heads: ReadonlyMap<string, number>;
  /** The events per task. */
  readonly histories: ReadonlyMap<string, readonly StoredEvent[]>;
}

/**
 * Looks for all acknowledged events in the tasks' histories. Every history is
 * read from a different node.
 */
export async function compareHistories(
  nodes: Nodes,
  tasks: readonly string[],
  acknowledged: readonly Acknowledgement[],
): Promise<Comparison> {
  const histories = new Map(
    await Promise.all(tasks.map(async (task, index) => {
      const events = await nodes.at(index).history(task);
      return [task, events] as const;
    })),
  );
  const events = [...histories.values()].flat();
  const byId = new Map(events.map((event) => [event.event_id, event]));
  const found = acknowledged.filter(({ task, eventId, offset }) => {
    const event = byId.get(eventId);
    return event?.connection_id === task && event.offset === offset;
  }).length;
  return {
    found,
    lost: acknowledged.length - found,
    duplicated: events.length - byId.size,
    heads: new Map(
      [...histories].map((
        [task, events],
      ) => [task, events.at(-1)?.offset ?? 0]),
    ),
    histories,
  };
}
