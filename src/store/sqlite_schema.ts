import { DatabaseSync } from "node:sqlite";
import { explain } from "./sqlite_error.ts";

/** How much a commit survives: `NORMAL` a killed process, `FULL` a power cut as well. */
export type SqliteSync = "NORMAL" | "FULL";

/** A database that can't be used; the message says what to do. */
export class StoreOpenError extends Error {
  override readonly name = "StoreOpenError";
}

/** 'TkWr': tells our files from other programs' (SQLite, 'PRAGMA application_id'). */
const applicationId = 0x546b5772;

/** The layout below. A change to it takes the next number and a migration. */
const schemaVersion = 1;

const schema = `
  -- One row: the epoch of the histories that begin now.
  CREATE TABLE store (epoch TEXT NOT NULL);

  CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    connection_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    -- The order of changes, over all tasks.
    changed_at INTEGER NOT NULL,
    -- When the newest event came, in milliseconds since 1970.
    updated_at_ms INTEGER NOT NULL,
    -- TaskState as JSON.
    state TEXT NOT NULL
  );
  CREATE INDEX tasks_by_change ON tasks (changed_at);

  CREATE TABLE events (
    task_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    -- TaskEvent as JSON.
    event TEXT NOT NULL,
    PRIMARY KEY (task_id, offset)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX events_by_id ON events (task_id, event_id);
`;

/**
 * Opens a database of ours, or makes one, and holds it until it is closed:
 * a second process on the same file would not see the events of the first.
 *
 * @param path The file; `:memory:` for none.
 * @throws {StoreOpenError} When it can't be opened or written, is damaged,
 * another program's, a newer version's, or in use.
 */
export function openDatabase(path: string, sync: SqliteSync): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${sync};
      PRAGMA journal_size_limit = 67108864;
    `);
    prepareSchema(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreOpenError) throw error;
    throw new StoreOpenError(`${path}: ${explain(error)}`, { cause: error });
  }
}

function prepareSchema(database: DatabaseSync, path: string): void {
  // Takes the lock and proves that the file can be written.
  database.exec("BEGIN IMMEDIATE");
  const version = readPragma(database, "user_version");
  const application = readPragma(database, "application_id");
  const tables = database.prepare("SELECT count(*) AS n FROM sqlite_schema")
    .get();
  if (application !== applicationId && tables?.n !== 0) {
    throw new StoreOpenError(
      `${path} is another program's database: name another file`,
    );
  }
  if (version > schemaVersion) {
    throw new StoreOpenError(
      `${path} was written by a newer taskwire (layout ${version}, this one knows ${schemaVersion}): run that version, or name another file`,
    );
  }
  if (version === 0) {
    database.exec(schema);
    database.prepare("INSERT INTO store (epoch) VALUES (?)")
      .run(crypto.randomUUID());
  }
  database.exec(`
    PRAGMA application_id = ${applicationId};
    PRAGMA user_version = ${schemaVersion};
    COMMIT;
  `);
}

function readPragma(database: DatabaseSync, name: string): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name] ?? 0);
}
