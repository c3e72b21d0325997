/** What a task can be (spec §1, 'Task events'). */
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

/** Whether a task with this status is over, unless a new attempt reopens it. */
export function isTerminal(status: Status): boolean {
  return status === "succeeded" || status === "failed" || status === "canceled";
}

/** A status that a publisher may name: `lost` is the server's own word. */
export type PublishedStatus = Exclude<Status, "lost">;

/** Other queues' words (Celery, RQ, BullMQ, Sidekiq, …) for each status (spec §2). */
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

/** Every word that {@linkcode normalizeStatus} understands, in lower case. */
export const statusWords: readonly string[] = [...statusOf.keys()];

/**
 * Translates a publisher's word for a status, in any letter case.
 *
 * @returns `undefined` for a word that means nothing here.
 */
export function normalizeStatus(word: string): PublishedStatus | undefined {
  return statusOf.get(word.toLowerCase());
}
