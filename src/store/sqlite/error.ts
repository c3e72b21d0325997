import { StoreUnavailableError } from "../../tasks/store.ts";

/**
 * Advice for operators on SQLite's errors, by the fixed texts of the result
 * codes (sqlite.org/rescode.html); the runtime reports a number only for some
 * errors.
 */
const remedies: Readonly<Record<string, string>> = {
  "database is locked":
    "in use by another process, perhaps another taskwire: stop that process, or choose another file",
  "attempt to write a readonly database":
    "can't be written: check the permissions of the file and its folder",
  // Also the error of locking a read-only file.
  "disk I/O error":
    "can't be written or read: check the permissions of the file, then the system's log for a failing disk",
  "database disk image is malformed":
    "the file is damaged: restore a copy, or move the file away to start anew",
  "database or disk is full": "the disk is full: make room",
  "unable to open database file":
    "can't be opened: check that its folder exists and may be written",
  "database is not open":
    "the store is closed, as in a stopping server: start the server again",
  "file is not a database":
    "not an SQLite database: choose another file, or move this file away",
};

/** Explains an SQLite error to an operator. */
export function explain(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const remedy = Object.entries(remedies)
    .find(([text]) => message.startsWith(text))?.[1];
  return remedy === undefined ? message : `${remedy} (${message})`;
}

/** The runtime's codes for SQLite's own errors and for a closed database. */
const storeFailures: readonly unknown[] = [
  "ERR_SQLITE_ERROR",
  "ERR_INVALID_STATE",
];

/**
 * Turns errors of SQLite, and calls after closing, into the store's error.
 * Other errors are bugs and are returned unchanged.
 */
export function asUnavailable(error: unknown): unknown {
  const isStores = error instanceof Error && "code" in error &&
    storeFailures.includes(error.code);
  return isStores
    ? new StoreUnavailableError(explain(error), { cause: error })
    : error;
}
