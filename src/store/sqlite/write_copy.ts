import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { unknownBoot } from "./power_loss.ts";

/**
 * Writes a consistent copy of an open database, without free pages, row by row
 * in a single read transaction: the runtime forbids `VACUUM INTO`, because that
 * attaches a database. The copy is marked, because a server that continues from
 * an older state must give the histories new epochs.
 *
 * @param copyPath An empty file.
 */
export function writeCopy(database: DatabaseSync, copyPath: string): void {
  const copy = new DatabaseSync(copyPath);
  database.exec("BEGIN");
  try {
    // Nobody reads the copy before the end, and a failed copy is removed.
    copy.exec("PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; BEGIN;");
    const definitions = database.prepare(
      "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type = 'index'",
    ).all();
    for (const { type, name, sql } of definitions) {
      copy.exec(String(sql));
      // Indexes come after all rows.
      if (type === "table") copyRows(database, copy, String(name));
    }
    copy.prepare("UPDATE store SET unflushed_since_boot_s = ?")
      .run(unknownBoot);
    for (const pragma of ["application_id", "user_version"]) {
      const value = database.prepare(`PRAGMA ${pragma}`).get()?.[pragma];
      copy.exec(`PRAGMA ${pragma} = ${Number(value)}`);
    }
    copy.exec("COMMIT");
  } finally {
    database.exec("ROLLBACK");
    copy.close();
  }
}

/** The most rows held at a time; a row can have 64 KiB. */
const rowsPerStep = 100;

/**
 * Copies a table in steps, in the order of the primary key. (Deno 2.4 crashes if
 * the garbage collector takes a statement during its iteration.)
 */
function copyRows(from: DatabaseSync, to: DatabaseSync, table: string): void {
  const columns = from.prepare(
    "SELECT name, pk FROM pragma_table_info(?) ORDER BY cid",
  ).all(table);
  const names = columns.map(({ name }) => String(name));
  const keys = columns.filter(({ pk }) => pk !== 0)
    .sort((one, other) => Number(one.pk) - Number(other.pk))
    .map(({ name }) => String(name));
  if (keys.length === 0) keys.push("rowid");
  const order = keys.join();
  const select = (condition: string) =>
    from.prepare(
      `SELECT ${order}, * FROM ${table} ${condition} ORDER BY ${order} LIMIT ${rowsPerStep}`,
    );
  const next = select(`WHERE (${order}) > (${placeholders(keys)})`);
  const insert = to.prepare(
    `INSERT INTO ${table} VALUES (${placeholders(names)})`,
  );
  let rows = select("").all();
  for (;;) {
    for (const row of rows) insert.run(...valuesOf(row, names));
    const last = rows.at(-1);
    if (last === undefined) return;
    rows = next.all(...valuesOf(last, keys));
  }
}

function placeholders(names: readonly string[]): string {
  return names.map(() => "?").join();
}

function valuesOf(
  row: Record<string, SQLOutputValue>,
  names: readonly string[],
): SQLOutputValue[] {
  return names.map((name) => row[name] ?? null);
}
