/** All statuses of a task (spec §1, 'Task events'). */
export const statuses = [
  "queued",
  "running",
  "lost",
  "succeeded",
  "failed",
  "canceled",
] as const;

/** One of {@linkcode statuses}. */
export type Status = typeof statuses[number];

/** True if the status ends a task. Only a new attempt reopens an ended task. */
export function isTerminal(status: Status): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}

/** A status for publishers: only the server publishes `lost`. */
export type PublishedStatus = Exclude<Status, "lost">;

/** Synonyms, from queues such as Celery, BullMQ and Sidekiq (spec §2). */
const words: Record<PublishedStatus, string> = {
  queued: "queued pending waiting received delayed",
  running: "running started active executing progress retry retrying",
  succeeded: "succeeded success completed complete done",
  failed: "failed failure error crashed timed_out",
  canceled: "canceled cancelled revoked aborted",
};

const statusOf = new Map(
  (Object.entries(words) as [PublishedStatus, string][]).flatMap((
    [status, list],
  ) => list.split(" ").map((word) => [word, status] as const)),
);

/** All words known to {@linkcode normalizeStatus}, in lower case. */
export const statusWords: readonly string[] = [...statusOf.keys()];

/**
 * Translates a publisher's word for a status, in any letter case.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(normalizeStatus("SUCCESS"), "succeeded"); // Celery
 * assertEquals(normalizeStatus("active"), "running"); // BullMQ
 * assertEquals(normalizeStatus("lost"), undefined); // only the server's word
 * ```
 *
 * @returns `undefined` for an unknown word.
 */
export function normalizeStatus(word: string): PublishedStatus | undefined {
  return statusOf.get(word.toLowerCase());
}
