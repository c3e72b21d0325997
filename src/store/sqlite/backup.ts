import { basename, dirname, join } from "node:path";
import { Semaphore } from "../../async/semaphore.ts";
import {
  type BackupCopy,
  StoreOpenError,
  StoreUnavailableError,
} from "../../tasks/store.ts";
import { explain } from "./error.ts";
import { SqliteThread, type StartThread } from "./sqlite_thread.ts";
import type { OpenOptions } from "./thread_calls.ts";

/** Ends the names of copies beside the database, followed by a random id. */
const copyMark = "-backup-";

/**
 * Makes copies of a database, one at a time, each in a thread of its own: no
 * commit and no read of a history waits for a copy.
 */
export class Backups {
  readonly #options: OpenOptions;
  readonly #start: StartThread;
  readonly #copies = new Semaphore(1);
  #thread: SqliteThread | undefined;
  /** Resolves when no copy is being made. */
  #idle = Promise.resolve();
  #isClosed = false;

  constructor(options: OpenOptions, start: StartThread) {
    this.#options = options;
    this.#start = start;
  }

  /** @throws {StoreUnavailableError} If the copy can't be written. */
  make(): Promise<BackupCopy> {
    const copy = this.#copies.take(() =>
      makeCopy(this.#options.path, (copyPath) => this.#write(copyPath))
    );
    this.#idle = Promise.allSettled([this.#idle, copy]).then(() => {});
    return copy;
  }

  /** Breaks off the copy that is being made: a large copy takes long. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#thread?.abandon();
    await this.#idle;
  }

  async #write(copyPath: string): Promise<void> {
    if (this.#isClosed) throw new StoreUnavailableError("the store is closed");
    const thread = new SqliteThread("sqlite-backup", this.#start);
    this.#thread = thread;
    try {
      await thread.open(this.#options);
      await thread.call("copy", copyPath);
    } finally {
      this.#thread = undefined;
      await thread.close();
    }
  }
}

/**
 * Makes a copy in a new file beside the database, readable by its owner alone.
 *
 * @param path The database's file.
 * @param write Writes the database into the new, empty file.
 * @returns The copy; a copy that could not be written is removed.
 * @throws {StoreUnavailableError} If the copy can't be written.
 */
export async function makeCopy(
  path: string,
  write: (copyPath: string) => void | Promise<void>,
): Promise<BackupCopy> {
  const copyPath = `${path}${copyMark}${crypto.randomUUID()}`;
  const remove = () => Deno.remove(copyPath);
  try {
    const file = await Deno.open(copyPath, {
      write: true,
      createNew: true,
      mode: 0o600,
    });
    file.close();
    try {
      await write(copyPath);
    } catch (error) {
      await remove();
      throw error;
    }
  } catch (error) {
    throw asCopyFailure(error, path);
  }
  return { path: copyPath, [Symbol.asyncDispose]: remove };
}

function asCopyFailure(error: unknown, path: string): unknown {
  const isFailure = error instanceof StoreUnavailableError ||
    error instanceof StoreOpenError ||
    (error instanceof Error && "code" in error);
  return isFailure
    ? new StoreUnavailableError(
      `${path} can't be copied: ${explain(error)}`,
      { cause: error },
    )
    : error;
}

/**
 * Removes the copies that a killed server left beside its database. Called by
 * the only process that uses the database.
 */
export function removeLeftCopies(path: string): void {
  const folder = dirname(path);
  const start = `${basename(path)}${copyMark}`;
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.startsWith(start)) Deno.removeSync(join(folder, name));
  }
}
