import { DatabaseSync } from "node:sqlite";
import { log } from "../../log/log.ts";
import { explain } from "./error.ts";
import { StoreOpenError } from "../../tasks/store.ts";

/** How much a commit survives: `NORMAL` a killed process, `FULL` a power cut as well. */
export type SqliteSync = "NORMAL" | "FULL";

/** 'TkWr': tells our files from other programs' (SQLite, 'PRAGMA application_id'). */
const applicationId = 0x546b5772;

/** The layout below. A change to it takes the next number and a migration. */
const schemaVersion = 3;

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
  CREATE INDEX tasks_by_status ON tasks (status, changed_at);

  CREATE TABLE events (
    task_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    -- As its publisher named it; NULL where it is the event's position.
    event_id TEXT,
    -- TaskEvent as JSON.
    event TEXT NOT NULL,
    PRIMARY KEY (task_id, offset)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX events_by_id ON events (task_id, event_id)
    WHERE event_id IS NOT NULL;
`;

/** From each layout before to the next one. */
const migrations: Record<number, string> = {
  // An index of random ids made each event dirty a page more of a long history.
  1: `
    ALTER TABLE events RENAME TO events_1;
    DROP INDEX events_by_id;
    CREATE TABLE events (
      task_id INTEGER NOT NULL,
      offset INTEGER NOT NULL,
      event_id TEXT,
      event TEXT NOT NULL,
      PRIMARY KEY (task_id, offset)
    ) WITHOUT ROWID;
    INSERT INTO events SELECT * FROM events_1;
    DROP TABLE events_1;
    CREATE UNIQUE INDEX events_by_id ON events (task_id, event_id)
      WHERE event_id IS NOT NULL;
  `,
  // A list of the few running tasks read all that had ended since.
  2: "CREATE INDEX tasks_by_status ON tasks (status, changed_at);",
};

/**
 * How much is written ahead before it is moved into the file, in pages of 4
 * KiB: pages that many transactions touch are moved once. A start after a kill
 * reads so much, 64 MiB.
 */
const checkpointPages = 16_384;

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
    if (path !== ":memory:") keepPrivate(path);
    database = new DatabaseSync(path);
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = ${sync};
      PRAGMA journal_size_limit = 67108864;
      PRAGMA wal_autocheckpoint = ${checkpointPages};
    `);
    prepareSchema(database, path);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StoreOpenError) throw error;
    throw new StoreOpenError(`${path}: ${explain(error)}`, { cause: error });
  }
}

/**
 * Creates a missing file for its owner alone, whatever the umask: it has all
 * tasks and their data in it. SQLite gives `-wal` and `-shm` the same mode. The
 * mode of an existing file is the operator's choice, and is left.
 */
function keepPrivate(path: string): void {
  const mode = modeOf(path);
  if (mode !== undefined && (mode & 0o004) !== 0) {
    log.warn(
      "Every user of this machine can read {path}, which holds all tasks: run chmod o= on this file and on the files beside it that end in -wal and -shm",
      { path },
    );
  }
  if (mode !== undefined) return;
  try {
    Deno.openSync(path, { write: true, create: true, mode: 0o600 }).close();
  } catch {
    // SQLite can't create it either, and its error is the one that is explained.
  }
}

/** The permissions of a file; `undefined` if there is none to be seen, 0 if the system has none. */
function modeOf(path: string): number | undefined {
  try {
    return Deno.statSync(path).mode ?? 0;
  } catch {
    return undefined;
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
  for (let from = version; from > 0 && from < schemaVersion; from++) {
    database.exec(migrations[from] ?? "");
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
