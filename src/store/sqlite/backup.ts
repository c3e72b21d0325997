import { basename, dirname, join } from "node:path";
import { type BackupCopy, StoreUnavailableError } from "../../tasks/store.ts";
import { explain } from "./error.ts";

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

function asCopyFailure(error: unknown, path: string): unknown {
  // Errors of the system have codes; an error without is a bug.
  const isStores = error instanceof StoreUnavailableError ||
    error instanceof Error && "code" in error;
  return isStores
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
