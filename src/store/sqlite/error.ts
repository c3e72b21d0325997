import { StoreUnavailableError } from "../../tasks/store.ts";

/**
 * What an operator does about SQLite's errors, by the fixed texts of their
 * result codes (sqlite.org/rescode.html): the runtime passes on the number of
 * some errors only.
 */
const remedies: Readonly<Record<string, string>> = {
  "database is locked":
    "it is in use by another process, perhaps another taskwire: stop that, or name another file",
  "attempt to write a readonly database":
    "it can't be written: check the permissions of the file and its folder",
  // Also what a lock on a file that may only be read comes to.
  "disk I/O error":
    "it can't be written or read: check the permissions of the file, then the system's log for a failing disk",
  "database disk image is malformed":
    "it is damaged: restore it from a copy, or move it away to start anew",
  "database or disk is full": "the disk is full: make room",
  "unable to open database file":
    "it can't be opened: check that its folder exists and may be written",
  "database is not open":
    "it is closed, as at the end of a server that stops: start it again",
  "file is not a database":
    "it is not an SQLite database: name another file, or move it away",
};

/** An SQLite error in words. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = Object.entries(remedies)
    .find(([text]) => message.startsWith(text))?.[1];
  return remedy === undefined ? message : `${remedy} (${message})`;
}

/** What the runtime says of SQLite's own errors, and of a database that is closed. */
const storeFailures: readonly unknown[] = [
  "ERR_SQLITE_ERROR",
  "ERR_INVALID_STATE",
];

/**
 * What SQLite reports is the store's failure, and so is that it was closed
 * while something still asked for it; anything else is a fault of ours.
 */
export function asUnavailable(error: unknown): unknown {
  const isStores = error instanceof Error && "code" in error &&
    storeFailures.includes(error.code);
  return isStores
    ? new StoreUnavailableError(explain(error), { cause: error })
    : error;
}
