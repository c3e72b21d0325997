import type { DatabaseSync } from "node:sqlite";
import type { TaskEvent } from "../tasks/event.ts";
import type { TaskState } from "../tasks/state.ts";
import { prepareStatements, type Statements } from "./sqlite_statements.ts";
import type { ListQuery, Retention, TaskList } from "./store.ts";

/** A task as the tables have it. */
export interface TaskRow {
  readonly id: number;
  readonly state: TaskState;
}

/** Tasks forgotten for their age in one transaction, so that none takes long. */
const expiredPerTransaction = 100;

/**
 * The tables of tasks and events, and how long what is in them counts. Knows
 * nothing of transactions: whoever writes here has begun one.
 */
export class SqliteTasks {
  readonly #statements: Statements;
  readonly #retention: Retention;
  #epoch: string;
  #changes: number;
  /** What these were before the present transaction. */
  #before: { readonly epoch: string; readonly changes: number };

  constructor(database: DatabaseSync, retention: Retention) {
    this.#statements = prepareStatements(database);
    this.#retention = retention;
    this.#epoch = String(this.#statements.readEpoch.get()?.epoch);
    this.#changes = Number(this.#statements.lastChange.get()?.changed_at ?? 0);
    this.#before = { epoch: this.#epoch, changes: this.#changes };
  }

  /** The epoch of the histories that begin now. */
  get epoch(): string {
    return this.#epoch;
  }

  /** Begins a transaction: deletes some of the tasks whose time is over; the next one goes on. */
  begin(): void {
    this.#before = { epoch: this.#epoch, changes: this.#changes };
    this.#deleteExpired();
  }

  /** Forgets what a transaction did that was undone. */
  undo(): void {
    this.#epoch = this.#before.epoch;
    this.#changes = this.#before.changes;
  }

  /** A task, unless its time is over. */
  find(connectionId: string): TaskRow | undefined {
    const row = this.#statements.findTask.get(connectionId);
    return row && !this.#isExpired(row) ? decodeRow(row) : undefined;
  }

  /** Whether a task is still here whose time is over. */
  isOver(connectionId: string): boolean {
    const row = this.#statements.findTask.get(connectionId);
    return row !== undefined && this.#isExpired(row);
  }

  /** A task; one whose time is over is deleted instead. */
  take(connectionId: string): TaskRow | undefined {
    const row = this.#statements.findTask.get(connectionId);
    if (row === undefined) return undefined;
    if (!this.#isExpired(row)) return decodeRow(row);
    this.delete(Number(row.id));
    return undefined;
  }

  /** Stores an event and the state after it; encodes both before it writes either. */
  append(row: TaskRow | undefined, event: TaskEvent, state: TaskState): void {
    const { insertTask, updateTask, insertEvent, trimEvents } =
      this.#statements;
    const eventJson = JSON.stringify(event);
    const stateJson = JSON.stringify(state);
    const columns = [
      event.status,
      ++this.#changes,
      Date.parse(event.timestamp),
      stateJson,
    ] as const;
    const id = row
      ? (updateTask.run(...columns, row.id), row.id)
      : Number(insertTask.run(event.connection_id, ...columns).lastInsertRowid);
    insertEvent.run(id, event.offset, event.event_id, eventJson);
    const newestTrimmed = event.offset - this.#retention.historyLimit;
    if (newestTrimmed > 0) trimEvents.run(id, newestTrimmed);
  }

  /** Stores a state that no event led to. */
  update({ id }: TaskRow, state: TaskState): void {
    this.#statements.updateState.run(JSON.stringify(state), id);
  }

  /** Deletes a task; a history that begins under its id must differ from it. */
  delete(id: number): void {
    this.#statements.deleteEvents.run(id);
    this.#statements.deleteTask.run(id);
    this.#epoch = crypto.randomUUID();
    this.#statements.writeEpoch.run(this.#epoch);
  }

  /** The offset of the event that was stored under this `event_id` and is still kept. */
  findOffset({ id }: TaskRow, eventId: string): number | undefined {
    const row = this.#statements.findEvent.get(id, eventId);
    return row && Number(row.offset);
  }

  /** @returns `undefined` where history doesn't reach back to the position, or on to it. */
  eventsAfter(
    { id, state }: TaskRow,
    since: { readonly offset: number } | "oldest",
    limit: number,
  ): readonly TaskEvent[] | undefined {
    const newest = state.snapshot.offset;
    const oldest = Math.max(0, newest - this.#retention.historyLimit);
    const offset = since === "oldest" ? oldest : since.offset;
    if (offset < oldest || offset > newest) return undefined;
    if (offset === newest) return [];
    const events = this.#statements.eventsAfter.all(id, offset, limit)
      .map(({ event }): TaskEvent => JSON.parse(String(event)));
    // Less was kept than now is, where the limit has been raised since.
    const isWhole = since === "oldest" || events[0]?.offset === offset + 1;
    return isWhole ? events : undefined;
  }

  list({ status, limit, cursor }: ListQuery): TaskList {
    const rows = this.#statements.listTasks.all(
      cursor ?? Number.MAX_SAFE_INTEGER,
      this.#oldestKeptMs(),
      status ?? null,
      status ?? null,
      limit + 1,
    );
    const page = rows.slice(0, limit);
    const last = page.at(-1);
    return {
      states: page.map(({ state }): TaskState => JSON.parse(String(state))),
      ...(last && rows.length > limit
        ? { cursor: Number(last.changed_at) }
        : {}),
    };
  }

  #deleteExpired(): void {
    const oldestKeptMs = this.#oldestKeptMs();
    const oldest = this.#statements.oldestTasks.iterate(expiredPerTransaction);
    const expired: number[] = [];
    for (const { id, updated_at_ms } of oldest) {
      if (Number(updated_at_ms) > oldestKeptMs) break;
      expired.push(Number(id));
    }
    for (const id of expired) this.delete(id);
  }

  #isExpired({ updated_at_ms }: { updated_at_ms?: unknown }): boolean {
    return Number(updated_at_ms) <= this.#oldestKeptMs();
  }

  /** A task whose newest event is not younger than this is forgotten. */
  #oldestKeptMs(): number {
    return Date.now() - this.#retention.historyTtlMs;
  }
}

function decodeRow({ id, state }: Record<string, unknown>): TaskRow {
  return { id: Number(id), state: JSON.parse(String(state)) };
}
