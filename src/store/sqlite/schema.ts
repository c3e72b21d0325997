import { DatabaseSync } from "node:sqlite";
import { explain } from "./error.ts";
import { markUnflushed, renewEpochsAfterPowerLoss } from "./power_loss.ts";
import { StoreOpenError } from "../../tasks/store.ts";

/**
 * The durability of a commit: `NORMAL` survives a killed process, `FULL` also a
 * power cut.
 */
export type SqliteSync = "NORMAL" | "FULL";

/**
 * 'TkWr': tells taskwire's files from files of other programs (SQLite, 'PRAGMA
 * application_id').
 */
const applicationId = 0x546b5772;

/**
 * The version of the layout below. Each change needs the next number and a
 * migration.
 */
const schemaVersion = 5;

const schema = `
  -- One row.
  CREATE TABLE store (
    -- The epoch of new histories.
    epoch TEXT NOT NULL,
    -- The start of the system, in seconds since 1970, if commits since then may
    -- be unflushed: the file is in use, or was not closed.
    unflushed_since_boot_s INTEGER
  );

  CREATE TABLE tasks (
    id INTEGER PRIMARY KEY,
    connection_id TEXT NOT NULL UNIQUE,
    status TEXT NOT NULL,
    -- The order of changes over all tasks.
    changed_at INTEGER NOT NULL,
    -- The time of the newest event, in milliseconds since 1970.
    updated_at_ms INTEGER NOT NULL,
    -- TaskState as JSON.
    state TEXT NOT NULL,
    -- The user id that owns a private task.
    owner TEXT
  );
  CREATE INDEX tasks_by_change ON tasks (changed_at);
  CREATE INDEX tasks_by_status ON tasks (status, changed_at);
  CREATE INDEX tasks_by_owner ON tasks (owner, changed_at)
    WHERE owner IS NOT NULL;

  CREATE TABLE labels (
    label TEXT NOT NULL,
    task_id INTEGER NOT NULL,
    PRIMARY KEY (label, task_id)
  ) WITHOUT ROWID;
  CREATE INDEX labels_by_task ON labels (task_id);

  CREATE TABLE events (
    task_id INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    -- As given by the publisher; NULL if derived from the position.
    event_id TEXT,
    -- TaskEvent as JSON.
    event TEXT NOT NULL,
    PRIMARY KEY (task_id, offset)
  ) WITHOUT ROWID;
  CREATE UNIQUE INDEX events_by_id ON events (task_id, event_id)
    WHERE event_id IS NOT NULL;
`;

/** Migrations from each version to the next. */
const migrations: Record<number, string> = {
  // With an index of random ids, each event wrote to one more page of a long
  // history.
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
  // Without the index, a list of the few running tasks read all tasks that
  // had ended since.
  2: "CREATE INDEX tasks_by_status ON tasks (status, changed_at);",
  // Watchers resumed into other events if a power cut had taken the events that
  // they had seen.
  3: "ALTER TABLE store ADD COLUMN unflushed_since_boot_s INTEGER;",
  // A list of one user's tasks, or of a label, read all tasks.
  4: `
    ALTER TABLE tasks ADD COLUMN owner TEXT;
    UPDATE tasks SET owner = state ->> '$.owner';
    CREATE INDEX tasks_by_owner ON tasks (owner, changed_at)
      WHERE owner IS NOT NULL;
    CREATE TABLE labels (
      label TEXT NOT NULL,
      task_id INTEGER NOT NULL,
      PRIMARY KEY (label, task_id)
    ) WITHOUT ROWID;
    INSERT INTO labels
      SELECT labels.value, tasks.id
      FROM tasks, json_each(tasks.state, '$.snapshot.labels') AS labels;
    CREATE INDEX labels_by_task ON labels (task_id);
  `,
};

/**
 * The time to wait for a lock, in milliseconds: long enough for the threads of
 * this process, which lock the file only for moments.
 */
const lockTimeoutMs = 5_000;

/** The memory for pages of the writing connection, in KiB. */
const writerCacheKiB = 16_384;

/** Options of {@linkcode openDatabase}. */
export interface DatabaseOptions {
  /**
   * False for a connection that only reads, and copies the write-ahead log. The
   * writing connection, opened before, creates or migrates the database.
   */
  readonly writes?: boolean;
  /** Called if a power cut may have taken the newest events. */
  readonly onPowerLoss?: () => void;
}

/**
 * Opens a database.
 *
 * @param path The file; `:memory:` for none.
 * @throws {StoreOpenError} If the file can't be opened or written, is damaged
 * or in use, or belongs to another program or a newer version.
 */
export function openDatabase(
  path: string,
  sync: SqliteSync,
  { writes = true, onPowerLoss = () => {} }: DatabaseOptions = {},
): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    // The owner of the store starts checkpoints: an automatic checkpoint
    // would delay the commit.
    database.exec(`
      PRAGMA busy_timeout = ${lockTimeoutMs};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA journal_size_limit = 67108864;
      PRAGMA wal_autocheckpoint = 0;
    `);
    if (writes) {
      database.exec(`PRAGMA cache_size = -${writerCacheKiB}`);
      prepareSchema(database, path);
      if (renewEpochsAfterPowerLoss(database)) onPowerLoss();
      if (sync === "NORMAL") markUnflushed(database);
    }
    database.exec(`PRAGMA synchronous = ${sync}`);
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
      `${path} is another program's database: choose another file`,
    );
  }
  if (version > schemaVersion) {
    throw new StoreOpenError(
      `${path} was written by a newer taskwire (layout ${version}; this version knows ${schemaVersion}): run the newer version, or choose another file`,
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
