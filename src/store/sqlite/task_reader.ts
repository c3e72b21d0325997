import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { maxPageLength, takePage } from "../list_page.ts";
import { Listings } from "./listings.ts";
import type { Statements } from "./statements.ts";
import type {
  EventQuery,
  HistoryQuery,
  HistoryRows,
  Listing,
  ListingQuery,
  Loaded,
  LoadedNames,
  Opened,
  Rows,
} from "./thread_calls.ts";

/** Reads committed tasks and events. */
export class TaskReader {
  readonly #database: DatabaseSync;
  readonly #statements: Statements;
  readonly #historyLimit: number;
  readonly #listings: Listings;

  /** @param historyLimit The number of events kept per task. */
  constructor(
    database: DatabaseSync,
    statements: Statements,
    historyLimit: number,
  ) {
    this.#database = database;
    this.#statements = statements;
    this.#historyLimit = historyLimit;
    this.#listings = new Listings(database);
  }

  /** Reads the values from which the owner of the store continues. */
  describe(): Omit<Opened, "mayLackEvents"> {
    const { readEpoch, lastId, lastChange, oldestTasks } = this.#statements;
    const oldest = oldestTasks.get(1);
    return {
      epoch: String(readEpoch.get()?.epoch),
      lastId: Number(lastId.get()?.id ?? 0),
      lastChange: Number(lastChange.get()?.changed_at ?? 0),
      oldestMs: oldest === undefined ? null : Number(oldest.updated_at_ms),
    };
  }

  /** Reads tasks by their ids, with the named events. */
  load(taskIds: readonly string[], maxNames: number): Loaded {
    return this.#atOneTime(() => {
      const tasks: (string | number | null)[] = [];
      const names: LoadedNames[] = [];
      for (const taskId of taskIds) {
        const row = this.#statements.findTask.get(taskId);
        if (row === undefined) tasks.push(null, null, null, null);
        else {
          const { id, changed_at, updated_at_ms, state } = row;
          tasks.push(
            Number(id),
            Number(changed_at),
            Number(updated_at_ms),
            String(state),
          );
        }
        names.push(this.#names(row && Number(row.id), maxNames));
      }
      return { tasks, names };
    });
  }

  #names(id: number | undefined, maxNames: number): LoadedNames {
    if (id === undefined) return { rows: [], hasMore: false };
    const found = this.#statements.listNames.all(id, maxNames + 1);
    const hasMore = found.length > maxNames;
    const named = hasMore ? [] : found
      .map((row) => [String(row.event_id), Number(row.offset)] as const)
      .sort(([, a], [, b]) => a - b);
    return { rows: named.flat(), hasMore };
  }

  /** Returns the offset of an event; `null` for an unknown event. */
  findOffset({ id, eventId, position }: EventQuery): number | null {
    const { findEvent, findUnnamedEvent } = this.#statements;
    const found = findEvent.get(id, eventId) ??
      (position === null ? undefined : findUnnamedEvent.get(id, position));
    return found === undefined ? null : Number(found.offset);
  }

  /** Reads a task and its history; `null` for an unknown task. */
  read(query: HistoryQuery): HistoryRows | null {
    return this.#atOneTime(() => {
      const { findHistory, findState } = this.#statements;
      const row = findHistory.get(query.taskId);
      if (row === undefined) return null;
      const epoch = String(row.epoch);
      const newest = Number(row.newest);
      const id = Number(row.id);
      const isExpired = Number(row.updated_at_ms) <= query.oldestKeptMs;
      const isWanted = query.epoch === null || query.epoch === epoch;
      return {
        epoch,
        isExpired,
        newest,
        state: query.withState && !isExpired
          ? String(findState.get(id)?.state)
          : null,
        events: isExpired || !isWanted ? null : this.#events(id, newest, query),
      };
    });
  }

  /**
   * @returns `null` if the position lies before or beyond the kept history.
   */
  #events(
    id: number,
    newest: number,
    { offset: since, limit, enough }: HistoryQuery,
  ): Rows | null {
    const oldest = Math.max(0, newest - this.#historyLimit);
    const offset = since ?? oldest;
    if (offset < oldest || offset > newest) return null;
    if (offset === newest) return [];
    const events: (string | number)[] = [];
    let length = 0;
    const bounds = { limit, enough, lengthOf: lengthOfEvent };
    const rows = inSteps(bounds, (count, last) => {
      const after = last === undefined ? offset : Number(last.offset);
      return this.#statements.eventsAfter.all(id, after, count);
    });
    for (const row of rows) {
      const json = String(row.event);
      events.push(Number(row.offset), json);
      length += json.length;
      if (length >= enough) break;
    }
    // After the limit was raised, less history may be kept than the limit
    // says.
    const isWhole = since === null || events[0] === offset + 1;
    return isWhole ? events : null;
  }

  /** Lists tasks, newest change first. */
  list(query: ListingQuery): Listing {
    const { limit, cursor, labels } = query;
    const { list, values } = this.#listings.prepare(query);
    return this.#atOneTime(() => {
      const bounds = {
        limit: limit + 1,
        enough: maxPageLength,
        lengthOf: lengthOfState,
        // Each step of a list by label sorts all tasks with the label.
        firstStep: labels.length > 0 ? maxStep : 1,
      };
      const rows = inSteps(bounds, (count, last) => {
        const before = last === undefined
          ? cursor ?? Number.MAX_SAFE_INTEGER
          : Number(last.changed_at);
        return list.all(...values, before, count);
      });
      const { page, hasMore } = takePage(rows, limit, lengthOfState);
      const last = page.at(-1);
      return {
        states: page.map(({ state }) => String(state)),
        cursor: last && hasMore ? Number(last.changed_at) : null,
      };
    });
  }

  /** Runs statements that all see the database as of one commit. */
  #atOneTime<T>(read: () => T): T {
    this.#database.exec("BEGIN");
    try {
      return read();
    } finally {
      this.#database.exec("COMMIT");
    }
  }
}

type Row = Record<string, SQLOutputValue>;

function lengthOfEvent({ event }: Row): number {
  return String(event).length;
}

function lengthOfState({ state }: Row): number {
  return String(state).length;
}

/** The amount of rows to read. */
interface RowBounds {
  /** The most rows; below 0 for all. */
  readonly limit: number;
  /** The total length after which the reader of the rows has probably enough. */
  readonly enough: number;
  readonly lengthOf: (row: Row) => number;
  /** The rows read in the first step; 1 by default. */
  readonly firstStep?: number;
}

/** The most rows read per step. */
const maxStep = 64;

/**
 * Reads rows in steps of as many as are likely to be enough, so that few rows
 * are read in vain. (Deno 2.4 loses rows if the iteration of a statement is left
 * early.)
 *
 * @param read Reads a number of rows after the last row.
 */
function* inSteps(
  { limit, enough, lengthOf, firstStep = 1 }: RowBounds,
  read: (count: number, last: Row | undefined) => Row[],
): Generator<Row> {
  let last: Row | undefined;
  let left = limit < 0 ? Infinity : limit;
  let missing = enough;
  let step = firstStep;
  while (left > 0) {
    const count = Math.min(step, left);
    const rows = read(count, last);
    yield* rows;
    if (rows.length < count) return;
    last = rows.at(-1);
    left -= count;
    const length = rows.reduce((sum, row) => sum + lengthOf(row), 0);
    missing -= length;
    const likely = Math.ceil(missing * count / Math.max(1, length));
    step = Math.max(1, Math.min(likely, 2 * step, maxStep));
  }
}
