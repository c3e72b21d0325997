import { DatabaseSync } from "node:sqlite";
import { log } from "../../log/log.ts";
import { StoreOpenError } from "../../tasks/store.ts";
import { explain } from "./error.ts";

/**
 * Prepares a database file for use by this process: creates a missing file
 * readable by its owner alone, and keeps other processes off the file until
 * disposed of. A second process on the same file would not see the first
 * process's events.
 *
 * A lock of the file itself would also keep off the threads of this process.
 * Therefore the lock is held on an empty file beside the database, `-lock`. The
 * system releases the lock at every kind of end of the process; the file stays.
 *
 * @throws {StoreOpenError} If another process uses the file, or no file can be
 * created beside the database.
 */
export function claimDatabaseFile(path: string): Disposable {
  keepPrivate(path);
  const lockPath = `${resolveLinks(path)}-lock`;
  createPrivate(lockPath);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(lockPath);
    // With the journal in memory, nothing is ever written.
    lock.exec("PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE;");
    const held = lock;
    return { [Symbol.dispose]: () => held.close() };
  } catch (error) {
    lock?.close();
    throw new StoreOpenError(`${path}: ${explain(error)}`, { cause: error });
  }
}

/**
 * Creates a missing file readable by its owner alone, regardless of the umask,
 * since the file contains all tasks and their data. SQLite gives `-wal` and
 * `-shm` the same mode. The mode of an existing file is the operator's choice
 * and stays.
 */
function keepPrivate(path: string): void {
  const mode = modeOf(path);
  if (mode === undefined) createPrivate(path);
  else if ((mode & 0o004) !== 0) {
    log.warn(
      "Every user of this machine can read all tasks in {path}: run chmod o= on {path}, {path}-wal and {path}-shm",
      { path },
    );
  }
}

function createPrivate(path: string): void {
  if (modeOf(path) !== undefined) return;
  try {
    Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  } catch {
    // SQLite can't create the file either, and SQLite's error gets
    // explained.
  }
}

/**
 * Returns the permissions of a file: `undefined` for a missing file, 0 on a
 * system without permissions.
 */
function modeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).mode ?? 0;
  } catch {
    return undefined;
  }
}

/** Two paths to the same file need the same lock. */
function resolveLinks(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
