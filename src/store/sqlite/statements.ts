import type { DatabaseSync, StatementSync } from "node:sqlite";

const sources = {
  readEpoch: "SELECT epoch FROM store",
  writeEpoch: "UPDATE store SET epoch = ?",
  lastChange: "SELECT max(changed_at) AS changed_at FROM tasks",
  lastId: "SELECT max(id) AS id FROM tasks",
  findTask:
    "SELECT id, changed_at, updated_at_ms, state FROM tasks WHERE connection_id = ?",
  findHistory: `
    SELECT id, updated_at_ms, state ->> '$.snapshot.epoch' AS epoch,
      state ->> '$.snapshot.offset' AS newest
    FROM tasks WHERE connection_id = ?`,
  findState: "SELECT state FROM tasks WHERE id = ?",
  insertTask:
    "INSERT INTO tasks (id, connection_id, status, changed_at, updated_at_ms, state, owner) VALUES (?, ?, ?, ?, ?, ?, ?)",
  insertLabels: "INSERT INTO labels SELECT value, ? FROM json_each(?)",
  updateTask:
    "UPDATE tasks SET status = ?, changed_at = ?, updated_at_ms = ?, state = ? WHERE id = ?",
  deleteTask: "DELETE FROM tasks WHERE id = ?",
  deleteLabels: "DELETE FROM labels WHERE task_id = ?",
  oldestTasks:
    "SELECT id, updated_at_ms FROM tasks ORDER BY changed_at LIMIT ?",
  findEvent: "SELECT offset FROM events WHERE task_id = ? AND event_id = ?",
  findUnnamedEvent:
    "SELECT offset FROM events WHERE task_id = ? AND offset = ? AND event_id IS NULL",
  listNames:
    "SELECT event_id, offset FROM events INDEXED BY events_by_id WHERE task_id = ? AND event_id IS NOT NULL LIMIT ?",
  insertEvent:
    "INSERT INTO events (task_id, offset, event_id, event) VALUES (?, ?, ?, ?)",
  eventsAfter:
    "SELECT offset, event FROM events WHERE task_id = ? AND offset > ? ORDER BY offset LIMIT ?",
  trimEvents: "DELETE FROM events WHERE task_id = ? AND offset <= ?",
  deleteEvents: "DELETE FROM events WHERE task_id = ?",
} as const;

/** The store's prepared statements. */
export type Statements = Record<keyof typeof sources, StatementSync>;

/** Prepares the statements on an open database. */
export function prepareStatements(database: DatabaseSync): Statements {
  return Object.fromEntries(
    Object.entries(sources).map((
      [name, source],
    ) => [name, database.prepare(source)]),
  ) as Statements;
}
