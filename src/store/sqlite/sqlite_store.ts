import { Semaphore } from "../../async/semaphore.ts";
import { log } from "../../log/log.ts";
import type { StreamPosition } from "../../tasks/event.ts";
import type { Change, TaskState } from "../../tasks/state.ts";
import {
  type Announce,
  type EncodedEvent,
  type HistorySlice,
  type HistoryView,
  type ListQuery,
  type Publication,
  type PublishOutcome,
  type Retention,
  type Store,
  StoreUnavailableError,
  type TaskList,
} from "../../tasks/store.ts";
import { Backups, removeLeftCopies } from "./backup.ts";
import { Checkpoints } from "./checkpoints.ts";
import { claimDatabaseFile } from "./database_file.ts";
import { LateThread } from "./late_thread.ts";
import { Expiry } from "./expiry.ts";
import type { HotTask } from "./hot_task.ts";
import { Publisher } from "./publisher.ts";
import type { SqliteSync } from "./schema.ts";
import {
  SqliteThread,
  type StartThread,
  startThread,
} from "./sqlite_thread.ts";
import type { Opened, Rows, ThreadCalls } from "./thread_calls.ts";

/**
 * Opens a store in an SQLite file. Threads of their own write, read and copy,
 * so that the event loop never waits for the disk.
 *
 * @param path The file; `:memory:` for none.
 * @param sync The durability of an acknowledged event: `NORMAL` survives a
 * killed process, `FULL` also a power cut.
 * @param retention The amount of history to keep.
 * @param announce Called for each stored change.
 * @param start Starts a thread; replaced in tests.
 * @throws {StoreOpenError} If the file can't be used.
 */
export async function openSqliteStore(
  path: string,
  sync: SqliteSync,
  retention: Retention,
  announce: Announce,
  start: StartThread = startThread,
): Promise<Store> {
  const { historyLimit } = retention;
  await using opening = new AsyncDisposableStack();
  const isFile = path !== ":memory:";
  if (isFile) {
    opening.use(claimDatabaseFile(path));
    removeLeftCopies(path);
  }
  const options = { path, sync, historyLimit };
  const writer = new SqliteThread("sqlite-writer", start);
  opening.defer(() => writer.close());
  const opened = await writer.open({ ...options, writes: true });
  if (opened.mayLackEvents) {
    log.warn(
      "{path} is a copy, or was in use with TASKWIRE_SQLITE_SYNC=NORMAL when the system stopped: the newest events may be missing, so watchers do not resume and get the current state instead",
      { path },
    );
  }
  const common = { writer, opened, retention, announce };
  if (!isFile) {
    return new SqliteStore({ ...common, resources: opening.move() });
  }
  const late = (name: string) => {
    const thread = new LateThread(name, { ...options, writes: false }, start);
    opening.defer(() => thread.close());
    return thread;
  };
  const reader = late("sqlite-reader");
  const copier = late("sqlite-copier");
  const checkpoints = new Checkpoints(writer, copier);
  opening.defer(() => checkpoints.idle);
  const backups = new Backups({ ...options, writes: false }, start);
  opening.defer(() => backups.close());
  const store = new SqliteStore({
    ...common,
    reader,
    checkpoints,
    resources: opening.move(),
  });
  store.backup = () => backups.make();
  return store;
}

/**
 * The most reads given to the reading thread at a time. Results that wait to be
 * taken survive into the old generation, where garbage is collected late: with
 * four at a time, slow readers cost twice the memory.
 */
const maxReads = 1;

interface StoreParts {
  readonly writer: SqliteThread;
  /** The thread for reads; absent for a database in memory. */
  readonly reader?: LateThread;
  readonly checkpoints?: Checkpoints;
  readonly opened: Opened;
  readonly retention: Retention;
  readonly announce: Announce;
  readonly resources: AsyncDisposable;
}

class SqliteStore implements Store {
  backup?: NonNullable<Store["backup"]>;
  readonly #writer: SqliteThread;
  readonly #lateReader: LateThread | undefined;
  readonly #publisher: Publisher;
  readonly #expiry: Expiry;
  /** Bounds the memory taken by results that nobody has taken yet. */
  readonly #reads = new Semaphore(maxReads);
  readonly #resources: AsyncDisposable;
  #isClosed = false;

  constructor(parts: StoreParts) {
    const { opened, retention, writer, checkpoints } = parts;
    this.#writer = writer;
    this.#lateReader = parts.reader;
    this.#resources = parts.resources;
    this.#expiry = new Expiry(writer, opened, retention.historyTtlMs);
    this.#publisher = new Publisher({
      ...parts,
      expiry: this.#expiry,
      reader: () => this.#reader,
      onSend: (group) => {
        // Reads have nothing to wait for before the first commit.
        this.#lateReader?.start();
        this.#expiry.deleteSome();
        checkpoints?.note(group);
      },
    });
  }

  async publish(taskId: string, change: Change): Promise<PublishOutcome> {
    this.#assertOpen();
    return await this.#publisher.publish(taskId, change);
  }

  async publishAll(
    publications: readonly Publication[],
  ): Promise<PromiseSettledResult<PublishOutcome>[]> {
    this.#assertOpen();
    return await Promise.allSettled(
      publications.map(({ taskId, change }) =>
        this.#publisher.publish(taskId, change)
      ),
    );
  }

  async read(
    taskId: string,
    since?: StreamPosition | "oldest",
    limit = -1,
    enough = Infinity,
  ): Promise<HistoryView> {
    this.#assertOpen();
    const hot = this.#publisher.peek(taskId);
    const view = hot && this.#viewInMemory(hot, since);
    if (view !== undefined) return view;
    const rows = await this.#ask("read", {
      taskId,
      oldestKeptMs: this.#expiry.oldestKeptMs,
      ...rangeOf(since),
      limit,
      enough,
      withState: true,
    });
    if (rows === null || rows.isExpired) {
      return this.#viewOfNone(rows?.epoch, since);
    }
    const { epoch, newest, state } = rows;
    return {
      epoch,
      offset: newest,
      state: JSON.parse(state ?? ""),
      recovered: since !== undefined && rows.events !== null,
      events: since === undefined ? [] : decodeEvents(rows.events ?? []),
    };
  }

  async readEvents(
    taskId: string,
    since: StreamPosition,
    limit: number,
    enough: number,
  ): Promise<HistorySlice | undefined> {
    this.#assertOpen();
    const rows = await this.#ask("read", {
      taskId,
      oldestKeptMs: this.#expiry.oldestKeptMs,
      ...rangeOf(since),
      limit,
      enough,
      withState: false,
    });
    if (!rows?.events) return undefined;
    return { offset: rows.newest, events: decodeEvents(rows.events) };
  }

  async list(
    { statuses, owner, labels = [], limit, cursor }: ListQuery,
  ): Promise<TaskList> {
    this.#assertOpen();
    const listing = await this.#ask("list", {
      statuses: statuses ?? null,
      owner: owner ?? null,
      labels,
      limit,
      cursor: cursor ?? null,
      oldestKeptMs: this.#expiry.oldestKeptMs,
    });
    return {
      states: listing.states.map((state): TaskState => JSON.parse(state)),
      ...(listing.cursor === null ? {} : { cursor: listing.cursor }),
    };
  }

  async forget(taskId: string, epoch?: string): Promise<boolean> {
    this.#assertOpen();
    return await this.#publisher.delete(taskId, epoch);
  }

  /** No-op: all watchers are in this process, and all changes are announced. */
  watch(): Promise<void> {
    return Promise.resolve();
  }

  /** No-op, likewise. */
  follow(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#publisher.drain();
    await this.#resources[Symbol.asyncDispose]();
  }

  /** The thread for reads. */
  get #reader(): SqliteThread {
    return this.#lateReader?.opened ?? this.#writer;
  }

  #assertOpen(): void {
    if (this.#isClosed) {
      throw new StoreUnavailableError(
        "the store is closed, as in a stopping server: start the server again",
      );
    }
  }

  #ask<Method extends "read" | "list">(
    method: Method,
    ...query: Parameters<ThreadCalls[Method]>
  ): Promise<ReturnType<ThreadCalls[Method]>> {
    return this.#reads.take(() => this.#reader.call(method, ...query));
  }

  /** @returns `undefined` if events have to be read. */
  #viewInMemory(
    { committed }: HotTask,
    since: StreamPosition | "oldest" | undefined,
  ): HistoryView | undefined {
    const snapshot = committed?.snapshot;
    if (
      snapshot === undefined ||
      this.#expiry.isExpired(Date.parse(snapshot.updated_at))
    ) return this.#viewOfNone(snapshot?.epoch, since);
    const { epoch, offset } = snapshot;
    const isSame = since !== undefined &&
      (since === "oldest" || since.epoch === epoch);
    const isNewest = isSame && since !== "oldest" && since.offset === offset;
    if (isSame && !isNewest) return undefined;
    return { epoch, offset, state: committed, recovered: isNewest, events: [] };
  }

  /** @param before The epoch of an expired history. */
  #viewOfNone(
    before: string | undefined,
    since: StreamPosition | "oldest" | undefined,
  ): HistoryView {
    const epoch = this.#expiry.epochAfter(before);
    const recovered = since === "oldest" ||
      (since?.epoch === epoch && since.offset === 0);
    return { epoch, offset: 0, state: undefined, recovered, events: [] };
  }
}

function rangeOf(since: StreamPosition | "oldest" | undefined) {
  if (since === undefined) return { epoch: "", offset: null };
  if (since === "oldest") return { epoch: null, offset: null };
  return since;
}

function decodeEvents(rows: Rows): EncodedEvent[] {
  const events: EncodedEvent[] = [];
  for (let at = 0; at < rows.length; at += 2) {
    events.push({ offset: Number(rows[at]), json: String(rows[at + 1]) });
  }
  return events;
}
