import { type Context, Hono } from "hono";
import { log } from "../../log/log.ts";
import { ProblemError } from "../../protocol/problem.ts";
import {
  backUp,
  type Store,
  StoreUnavailableError,
} from "../../tasks/store.ts";
import type { AuthorizationContext } from "../authorization.ts";
import { allow } from "../request.ts";

/** The media type of SQLite databases (IANA). */
export const databaseType = "application/vnd.sqlite3";

/** The parts of the server used by the backup. */
export interface BackupContext extends AuthorizationContext {
  readonly store: Store;
}

/**
 * Serves `GET /api/backup`: a consistent copy of the SQLite store while the
 * store is in use (spec §2).
 */
export function backupRoutes(services: BackupContext): Hono {
  return new Hono().get(
    "/",
    allow(["admin"], services),
    async function readBackup(c) {
      // Hono answers HEAD by GET and drops the body unread, and a dropped
      // stream keeps its file open.
      if (c.req.method === "HEAD") {
        return c.body(null, 200, { "Content-Type": databaseType });
      }
      const file = await openCopy(c, services.store);
      const { size } = await file.stat();
      const date = new Date().toISOString().replace(/\.\d+Z$/, "Z")
        .replaceAll(":", "-");
      return c.body(file.readable, 200, {
        "Content-Type": databaseType,
        "Content-Length": String(size),
        "Content-Disposition": `attachment; filename="taskwire-${date}.db"`,
      });
    },
  );
}

/**
 * Makes a copy and opens the file. The name is removed at once, so that the
 * system frees the space when the file is closed, whoever ends the answer.
 *
 * @throws {ProblemError} 503 if no copy could be made.
 */
async function openCopy(c: Context, store: Store): Promise<Deno.FsFile> {
  try {
    await using copy = await backUp(store);
    return await Deno.open(copy.path);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    log.error("{request}: no copy could be made: {error}", {
      request: `${c.req.method} ${c.req.path}`,
      error,
    });
    throw new ProblemError({
      status: 503,
      code: "store_unavailable",
      detail:
        "No copy could be made: see the server's log, and make room beside the database for a copy of it",
    });
  }
}
