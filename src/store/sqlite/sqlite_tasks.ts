import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { RecentMap } from "../../collections/recent_map.ts";
import {
  parsePositionId,
  positionId,
  type StreamPosition,
  type TaskEvent,
} from "../../tasks/event.ts";
import type { TaskState } from "../../tasks/state.ts";
import { maxPageLength, takePage } from "../list_page.ts";
import { prepareStatements, type Statements } from "./statements.ts";
import type {
  EncodedEvent,
  ListQuery,
  Retention,
  TaskList,
} from "../../tasks/store.ts";

/** A task without its state, which can be large. */
export interface TaskHead {
  readonly id: number;
  /** The position of the newest event. */
  readonly newest: StreamPosition;
  /** The time of the newest event, in milliseconds since 1970. */
  readonly updatedAtMs: number;
}

/** A row of the table of tasks. */
export interface TaskRow extends TaskHead {
  readonly state: TaskState;
}

/**
 * The most tasks kept in memory as well, by the most recent publish or read.
 */
const maxHotTasks = 32_768;

/**
 * The longest state kept in memory, in characters of JSON; of a task with a
 * longer state only the head is kept.
 */
const maxHotLength = 2_048;

/**
 * The most expired tasks deleted per transaction, so that no transaction takes
 * long.
 */
const expiredPerTransaction = 100;

/**
 * The tables of tasks and events, and the expiry of tasks. Transactions are the
 * caller's business: every write must be inside a transaction.
 */
export class SqliteTasks {
  readonly #statements: Statements;
  readonly #retention: Retention;
  #epoch: string;
  #changes: number;
  /**
   * Recent tasks in memory, since reading and decoding a task costs as much as
   * storing an event.
   */
  readonly #hot = new RecentMap<TaskRow | TaskHead>(maxHotTasks);
  /** The values before the present transaction. */
  #before: { readonly epoch: string; readonly changes: number };

  constructor(database: DatabaseSync, retention: Retention) {
    this.#statements = prepareStatements(database);
    this.#retention = retention;
    this.#epoch = String(this.#statements.readEpoch.get()?.epoch);
    this.#changes = Number(this.#statements.lastChange.get()?.changed_at ?? 0);
    this.#before = { epoch: this.#epoch, changes: this.#changes };
  }

  /** The epoch of new histories. */
  get epoch(): string {
    return this.#epoch;
  }

  /**
   * Begins a transaction, and deletes some expired tasks; the next transactions
   * delete the rest.
   */
  begin(): void {
    this.#before = { epoch: this.#epoch, changes: this.#changes };
    this.#deleteExpired();
  }

  /** Restores the values in memory after a rollback. */
  undo(): void {
    this.#epoch = this.#before.epoch;
    this.#changes = this.#before.changes;
    this.#hot.clear();
  }

  /** Releases the tasks in memory. */
  close(): void {
    this.#hot.clear();
  }

  /** Returns a task, unless expired. */
  find(taskId: string): TaskRow | undefined {
    const row = this.#read(taskId);
    return row && !this.#isExpired(row) ? row : undefined;
  }

  /** Returns the head of a task, unless expired. */
  findHead(taskId: string): TaskHead | undefined {
    const row = this.#hot.get(taskId) ?? this.#read(taskId);
    return row && !this.#isExpired(row) ? row : undefined;
  }

  /** True if a task has expired but is not yet deleted. */
  isOver(taskId: string): boolean {
    const row = this.#read(taskId);
    return row !== undefined && this.#isExpired(row);
  }

  /** Returns a task; an expired task is deleted instead. */
  take(taskId: string): TaskRow | undefined {
    const row = this.#read(taskId);
    if (row === undefined || !this.#isExpired(row)) return row;
    this.delete(row.id, taskId);
    return undefined;
  }

  #read(taskId: string): TaskRow | undefined {
    const hot = this.#hot.get(taskId);
    if (hot !== undefined && "state" in hot) return hot;
    const found = this.#statements.findTask.get(taskId);
    if (found === undefined) return undefined;
    const json = String(found.state);
    const head = {
      id: Number(found.id),
      updatedAtMs: Number(found.updated_at_ms),
    };
    return this.#remember(taskId, head, JSON.parse(json), json);
  }

  #remember(
    taskId: string,
    { id, updatedAtMs }: Omit<TaskHead, "newest">,
    state: TaskState,
    json: string,
  ): TaskRow {
    const { epoch, offset } = state.snapshot;
    const head = { id, updatedAtMs, newest: { epoch, offset } };
    const row = { ...head, state };
    this.#hot.set(taskId, json.length <= maxHotLength ? row : head);
    return row;
  }

  /**
   * Stores an event and the state after the event. Encodes both before writing
   * either.
   */
  append(
    row: TaskRow | undefined,
    event: TaskEvent,
    json: string,
    state: TaskState,
  ): void {
    const { insertTask, updateTask, insertEvent, trimEvents } =
      this.#statements;
    const stateJson = JSON.stringify(state);
    const updatedAtMs = Date.parse(event.timestamp);
    const columns = [
      event.status,
      ++this.#changes,
      updatedAtMs,
      stateJson,
    ] as const;
    const id = row
      ? (updateTask.run(...columns, row.id), row.id)
      : Number(insertTask.run(event.connection_id, ...columns).lastInsertRowid);
    const { offset, event_id: eventId } = event;
    const { epoch } = state.snapshot;
    const name = eventId === positionId({ epoch, offset }) ? null : eventId;
    insertEvent.run(id, offset, name, json);
    const newestTrimmed = offset - this.#retention.historyLimit;
    if (newestTrimmed > 0) trimEvents.run(id, newestTrimmed);
    this.#remember(event.connection_id, { id, updatedAtMs }, state, stateJson);
  }

  /** Stores a state changed without an event. */
  update(row: TaskHead, state: TaskState): void {
    const json = JSON.stringify(state);
    this.#statements.updateState.run(json, row.id);
    this.#remember(state.snapshot.connection_id, row, state, json);
  }

  /**
   * Deletes a task, and changes the epoch: a new history of the same task must
   * differ.
   */
  delete(id: number, taskId: string): void {
    this.#hot.delete(taskId);
    this.#statements.deleteEvents.run(id);
    this.#statements.deleteTask.run(id);
    this.#epoch = crypto.randomUUID();
    this.#statements.writeEpoch.run(this.#epoch);
  }

  /** Returns the offset of the kept event with this `event_id`. */
  findOffset({ id, state }: TaskRow, eventId: string): number | undefined {
    const { findEvent, findUnnamedEvent } = this.#statements;
    const named = findEvent.get(id, eventId);
    if (named !== undefined) return Number(named.offset);
    const position = parsePositionId(eventId, state.snapshot.epoch);
    const found = position && findUnnamedEvent.get(id, position);
    return found ? Number(found.offset) : undefined;
  }

  /**
   * @returns `undefined` if the position lies before or beyond the kept
   * history.
   */
  eventsAfter(
    { id, newest: { offset: newest } }: TaskHead,
    since: { readonly offset: number } | "oldest",
    limit: number,
    enough: number,
  ): readonly EncodedEvent[] | undefined {
    const oldest = Math.max(0, newest - this.#retention.historyLimit);
    const offset = since === "oldest" ? oldest : since.offset;
    if (offset < oldest || offset > newest) return undefined;
    if (offset === newest) return [];
    const events: EncodedEvent[] = [];
    let length = 0;
    const bounds = { limit, enough, lengthOf: lengthOfEvent };
    const rows = inSteps(bounds, (count, last) => {
      const after = last === undefined ? offset : Number(last.offset);
      return this.#statements.eventsAfter.all(id, after, count);
    });
    for (const row of rows) {
      const json = String(row.event);
      events.push({ offset: Number(row.offset), json });
      length += json.length;
      if (length >= enough) break;
    }
    // After the limit was raised, less history may be kept than the limit
    // says.
    const isWhole = since === "oldest" || events[0]?.offset === offset + 1;
    return isWhole ? events : undefined;
  }

  list({ status, limit, cursor }: ListQuery): TaskList {
    const { listTasks, listTasksOfStatus } = this.#statements;
    const oldestKeptMs = this.#oldestKeptMs();
    const bounds = {
      limit: limit + 1,
      enough: maxPageLength,
      lengthOf: lengthOfState,
    };
    const rows = inSteps(bounds, (count, last) => {
      const range = [
        last === undefined
          ? cursor ?? Number.MAX_SAFE_INTEGER
          : Number(last.changed_at),
        oldestKeptMs,
        count,
      ] as const;
      return status === undefined
        ? listTasks.all(...range)
        : listTasksOfStatus.all(status, ...range);
    });
    const { page, hasMore } = takePage(rows, limit, lengthOfState);
    const last = page.at(-1);
    return {
      states: page.map(({ state }): TaskState => JSON.parse(String(state))),
      ...(last && hasMore ? { cursor: Number(last.changed_at) } : {}),
    };
  }

  #deleteExpired(): void {
    const oldestKeptMs = this.#oldestKeptMs();
    const oldest = this.#statements.oldestTasks.all(expiredPerTransaction);
    const expired: [id: number, taskId: string][] = [];
    for (const { id, connection_id, updated_at_ms } of oldest) {
      if (Number(updated_at_ms) > oldestKeptMs) break;
      expired.push([Number(id), String(connection_id)]);
    }
    for (const [id, taskId] of expired) this.delete(id, taskId);
  }

  #isExpired({ updatedAtMs }: TaskHead): boolean {
    return updatedAtMs <= this.#oldestKeptMs();
  }

  /** Tasks whose newest event is at or before this time have expired. */
  #oldestKeptMs(): number {
    return Date.now() - this.#retention.historyTtlMs;
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
  { limit, enough, lengthOf }: RowBounds,
  read: (count: number, last: Row | undefined) => Row[],
): Generator<Row> {
  let last: Row | undefined;
  let left = limit < 0 ? Infinity : limit;
  let missing = enough;
  let step = 1;
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
