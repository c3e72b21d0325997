import { DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { basename, dirname, join } from "node:path";
import { type BackupCopy, StoreUnavailableError } from "../../tasks/store.ts";
import { explain } from "./error.ts";
import { unknownBoot } from "./power_loss.ts";

/** Ends the names of copies beside the database, followed by a random id. */
const copyMark = "-backup-";

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

/** Errors of SQLite and of the system have codes; an error without is a bug. */
function asCopyFailure(error: unknown, path: string): unknown {
  return error instanceof Error && "code" in error
    ? new StoreUnavailableError(
      `${path} can't be copied: ${explain(error)}`,
      { cause: error },
    )
    : error;
}

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
    copy.exec("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN;");
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
