import type { DatabaseSync } from "node:sqlite";
import type { StreamPosition } from "../../tasks/event.ts";
import { applyChange, type Change } from "../../tasks/state.ts";
import { GroupCommit } from "./group_commit.ts";
import { Semaphore } from "../../async/semaphore.ts";
import { Pace } from "../../async/pace.ts";
import { log } from "../../log/log.ts";
import { asUnavailable, explain } from "./error.ts";
import { makeCopy, removeLeftCopies, writeCopy } from "./backup.ts";
import { clearUnflushedMark } from "./power_loss.ts";
import { openDatabase, type SqliteSync } from "./schema.ts";
import { SqliteTasks } from "./sqlite_tasks.ts";
import {
  amountsOf,
  type Announce,
  eventAnnouncement,
  type HistorySlice,
  type HistoryView,
  isCancelRequest,
  type ListQuery,
  type Publication,
  type PublishOutcome,
  type Retention,
  silentAnnouncements,
  type Store,
  StoreUnavailableError,
  type TaskList,
} from "../../tasks/store.ts";

/**
 * Makes a store in an SQLite file. Writes of the same event loop turn share a
 * transaction, and each is answered after the commit.
 *
 * @param path The file; `:memory:` for none.
 * @param sync The durability of an acknowledged event: `NORMAL` survives a
 * killed process, `FULL` also a power cut.
 * @param retention The amount of history to keep.
 * @param announce Called for each stored change.
 * @throws {StoreOpenError} If the file can't be used.
 */
export function createSqliteStore(
  path: string,
  sync: SqliteSync,
  retention: Retention,
  announce: Announce,
): Store {
  const database = openDatabase(path, sync);
  const store = storeOn(database, retention, announce);
  if (path === ":memory:") return store;
  removeLeftCopies(path);
  const copies = new Semaphore(1);
  store.backup = () =>
    copies.take(() => makeCopy(path, (copy) => writeCopy(database, copy)));
  return store;
}

/** Makes a store on an open database. */
export function storeOn(
  database: DatabaseSync,
  retention: Retention,
  announce: Announce,
): Store {
  return new SqliteStore(database, retention, announce);
}

class SqliteStore implements Store {
  readonly #database: DatabaseSync;
  readonly #tasks: SqliteTasks;
  readonly #commits: GroupCommit;
  /** Paces the reads of histories. */
  readonly #pace = new Pace();
  readonly #announce: Announce;
  #isClosed = false;

  constructor(
    database: DatabaseSync,
    retention: Retention,
    announce: Announce,
  ) {
    this.#database = database;
    this.#announce = announce;
    this.#tasks = new SqliteTasks(database, retention);
    this.#commits = new GroupCommit(database, {
      onBegin: () => this.#tasks.begin(),
      onRollback: () => this.#tasks.undo(),
    });
  }

  publish(taskId: string, change: Change): Promise<PublishOutcome> {
    return this.#commits.write(() => this.#publish(taskId, change));
  }

  publishAll(
    publications: readonly Publication[],
  ): Promise<PromiseSettledResult<PublishOutcome>[]> {
    return this.#commits.writeAll(
      publications.map(({ taskId, change }) => () =>
        this.#publish(taskId, change)
      ),
    );
  }

  async read(
    taskId: string,
    since?: StreamPosition | "oldest",
    limit = -1,
    enough = Infinity,
  ): Promise<HistoryView> {
    const readView = () =>
      this.#attempt(() => this.#view(taskId, since, limit, enough));
    const view = since === undefined
      ? readView()
      : await this.#pace.run(readView);
    if (view !== undefined) return view;
    // Deletes the expired task, because a new history needs another epoch.
    await this.#commits.write(() => {
      this.#tasks.take(taskId);
      return () => {};
    });
    return await this.read(taskId, since, limit, enough);
  }

  readEvents(
    taskId: string,
    since: StreamPosition,
    limit: number,
    enough: number,
  ): Promise<HistorySlice | undefined> {
    return this.#pace.run(() =>
      this.#attempt(() => this.#slice(taskId, since, limit, enough))
    );
  }

  async list(query: ListQuery): Promise<TaskList> {
    return await this.#attempt(() => this.#tasks.list(query));
  }

  forget(taskId: string): Promise<boolean> {
    return this.#commits.write(() => {
      const task = this.#tasks.take(taskId);
      if (task === undefined) return () => false;
      this.#tasks.delete(task.id, taskId);
      return () => {
        this.#announce({ kind: "deleted", taskId });
        return true;
      };
    });
  }

  /** No-op: all watchers are in this process, and all changes are announced. */
  watch(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#commits.flush();
    this.#isClosed = true;
    this.#tasks.close();
    this.#markClosed();
    this.#database.close();
    return Promise.resolve();
  }

  #markClosed(): void {
    try {
      clearUnflushedMark(this.#database);
    } catch (error) {
      log.warn(
        "The store could not be marked as closed, so watchers can't resume if the system restarts before the server does: {reason}",
        { reason: explain(error) },
      );
    }
  }

  #attempt<T>(read: () => T): T {
    // Deno 2.4 crashes on a statement used after its database was closed.
    if (this.#isClosed) throw new StoreUnavailableError("The store is closed");
    try {
      return read();
    } catch (error) {
      throw asUnavailable(error);
    }
  }

  /**
   * @returns `undefined` for a task that has expired but is not yet deleted.
   */
  #view(
    taskId: string,
    since: StreamPosition | "oldest" | undefined,
    limit: number,
    enough: number,
  ): HistoryView | undefined {
    const task = this.#tasks.find(taskId);
    if (!task && this.#tasks.isOver(taskId)) return undefined;
    const epoch = task?.state.snapshot.epoch ?? this.#tasks.epoch;
    const from = since === "oldest" || since?.epoch === epoch
      ? since
      : undefined;
    const events = task && from &&
      this.#tasks.eventsAfter(task, from, limit, enough);
    const isAtStart = !task && (from === "oldest" || from?.offset === 0);
    return {
      epoch,
      offset: task?.state.snapshot.offset ?? 0,
      state: task?.state,
      recovered: events !== undefined || isAtStart,
      events: events ?? [],
    };
  }

  #slice(
    taskId: string,
    since: StreamPosition,
    limit: number,
    enough: number,
  ): HistorySlice | undefined {
    const head = this.#tasks.findHead(taskId);
    if (head?.newest.epoch !== since.epoch) return undefined;
    const events = this.#tasks.eventsAfter(head, since, limit, enough);
    return events && { offset: head.newest.offset, events };
  }

  #publish(taskId: string, change: Change): () => PublishOutcome {
    const task = this.#tasks.take(taskId);
    const earlier = task && !("kind" in change) && change.event_id !== undefined
      ? this.#tasks.findOffset(task, change.event_id)
      : undefined;
    if (task && earlier !== undefined) {
      return () => ({
        kind: "duplicate",
        epoch: task.state.snapshot.epoch,
        offset: earlier,
        cancelRequested: task.state.cancelRequested ?? false,
      });
    }
    const result = applyChange(task?.state, change, {
      taskId,
      epoch: this.#tasks.epoch,
      now: new Date(),
    });
    if ("code" in result) return () => ({ kind: "refused", refusal: result });
    const { event, state } = result;
    if (event === undefined) {
      const announcements = task ? silentAnnouncements(task.state, state) : [];
      if (task && announcements.length > 0) this.#tasks.update(task, state);
      return () => {
        for (const announcement of announcements) this.#announce(announcement);
        return { kind: "noted", isNew: announcements.some(isCancelRequest) };
      };
    }
    const json = JSON.stringify(event);
    this.#tasks.append(task, event, json, state);
    return () => ({
      kind: "stored",
      epoch: state.snapshot.epoch,
      event,
      amounts: amountsOf(state.snapshot),
      delivered: this.#announce(eventAnnouncement(event, json, state)),
      cancelRequested: state.cancelRequested ?? false,
    });
  }
}
