import type { DatabaseSync } from "node:sqlite";

/**
 * The most seconds between two estimates of the same start of the system. The
 * uptime is cut to whole seconds, and the clock may be corrected.
 */
const bootToleranceSeconds = 5;

/** The mark of a copy, and of a system that hides its start. */
export const unknownBoot = 0;

/**
 * Gives all histories new epochs if a power cut may have taken events: the file
 * was in use with `NORMAL`, was not closed, and the system has started since. An
 * offset seen by a watcher before the cut could otherwise name another event
 * afterwards. A killed process loses nothing, and keeps the epochs.
 *
 * @returns True if events may have been lost.
 */
export function renewEpochsAfterPowerLoss(
  database: DatabaseSync,
): boolean {
  const mark = database.prepare("SELECT unflushed_since_boot_s AS s FROM store")
    .get()?.s ?? null;
  if (mark === null || isThisBoot(Number(mark))) return false;
  const epoch = crypto.randomUUID();
  database.exec("BEGIN IMMEDIATE");
  database.prepare(
    "UPDATE tasks SET state = json_set(state, '$.snapshot.epoch', ?)",
  ).run(epoch);
  database.prepare(
    "UPDATE store SET epoch = ?, unflushed_since_boot_s = NULL",
  ).run(epoch);
  database.exec("COMMIT");
  return true;
}

/** Marks a file whose commits will not be flushed. */
export function markUnflushed(database: DatabaseSync): void {
  database.prepare("UPDATE store SET unflushed_since_boot_s = ?")
    .run(bootSeconds() ?? unknownBoot);
}

/** Removes the mark before closing; flushes all commits before. */
export function clearUnflushedMark(database: DatabaseSync): void {
  database.exec(`
    PRAGMA synchronous = FULL;
    UPDATE store SET unflushed_since_boot_s = NULL
    WHERE unflushed_since_boot_s IS NOT NULL;
  `);
}

function isThisBoot(mark: number): boolean {
  const boot = bootSeconds();
  return boot !== undefined && Math.abs(boot - mark) <= bootToleranceSeconds;
}

/**
 * Returns the start of the system, in seconds since 1970; `undefined` without
 * the permission to read the uptime.
 */
function bootSeconds(): number | undefined {
  const { state } = Deno.permissions.querySync({
    name: "sys",
    kind: "osUptime",
  });
  if (state !== "granted") return undefined;
  return Math.round(Date.now() / 1_000 - Deno.osUptime());
}
