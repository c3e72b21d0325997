/**
 * Shows BullMQ's jobs in taskwire, by the queue's events: the workers need not
 * know of it. Run one beside each queue, or in the process that adds the jobs.
 *
 *     TASKWIRE_API_KEYS=... REDIS_URL=redis://127.0.0.1:6379 node bullmq.mjs videos
 *
 * A job's `connection_id` is the queue's name and the job's id: `videos:1`.
 * `job.updateProgress(0.42)` moves the bar, as does an object of an event's
 * members: `job.updateProgress({ current: 42, total: 100, unit: "rows" })`.
 */
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { publish, Refused } from "./publish.mjs";

/**
 * Follows a queue until it is closed.
 *
 * Only what happens from now on is told: the end of a job that ended while
 * nobody followed is not.
 *
 * @param name The queue's name.
 * @param options BullMQ's `connection`; and `url`, `apiKey` of `publish`.
 * @returns When it follows, a function that ends it.
 */
export async function followQueue(name, { connection, ...target }) {
  const queue = new Queue(name, { connection });
  const events = new QueueEvents(name, { connection });
  // Each job's events one after the other: none must overtake its end.
  const turns = new Map();

  function tell(jobId, event, before = async () => {}) {
    const turn = (turns.get(jobId) ?? Promise.resolve())
      .then(async () => {
        const more = await before();
        await publish(`${name}:${jobId}`, { ...event, ...more }, target);
      })
      .catch((error) => {
        const kind = error instanceof Refused ? "refused" : "not published";
        process.stderr.write(`${name}:${jobId}: ${kind}: ${error.message}\n`);
      })
      .finally(() => {
        if (turns.get(jobId) === turn) turns.delete(jobId);
      });
    turns.set(jobId, turn);
  }

  // Of jobs that have not ended: their attempt, and whether it has begun.
  const runs = new Map();

  /** A job that waits after it has run does so for its next attempt. */
  function tellQueued({ jobId, prev }) {
    const { attempt, hasBegun } = runs.get(jobId) ??
      { attempt: undefined, hasBegun: false };
    const next = hasBegun ? attempt + 1 : attempt;
    if (next !== undefined) runs.set(jobId, { attempt: next, hasBegun: false });
    tell(jobId, { status: "queued" }, async () => {
      // Somebody retries what has failed for good.
      const job = prev === "failed" ? await queue.getJob(jobId) : undefined;
      return { attempt: job ? job.attemptsMade + 1 : next };
    });
  }

  events.on("waiting", tellQueued);
  events.on("delayed", tellQueued);
  events.on(
    "added",
    ({ jobId }) => runs.set(jobId, { attempt: 1, hasBegun: false }),
  );
  events.on("active", ({ jobId }) => {
    const run = runs.get(jobId);
    if (run) run.hasBegun = true;
    tell(jobId, { status: "running" });
  });
  events.on(
    "progress",
    ({ jobId, data }) =>
      tell(jobId, typeof data === "number" ? { progress: data } : data),
  );
  events.on("completed", ({ jobId }) => {
    runs.delete(jobId);
    tell(jobId, { status: "succeeded", progress: 1 });
  });
  // Without the reason, which may hold what watchers must not see.
  events.on("failed", ({ jobId }) => {
    runs.delete(jobId);
    tell(jobId, { status: "failed" });
  });
  events.on("removed", ({ jobId, prev }) => {
    runs.delete(jobId);
    if (prev === "completed" || prev === "failed") return;
    tell(jobId, { status: "canceled" });
  });

  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  return async () => {
    await Promise.all([events.close(), queue.close()]);
    await Promise.all(turns.values());
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const connection = new Redis(
    process.env.REDIS_URL ?? "redis://127.0.0.1:6379",
    { maxRetriesPerRequest: null }, // BullMQ wants it so
  );
  const end = await followQueue(process.argv[2] ?? "videos", { connection });
  const stop = () => end().then(() => connection.quit());
  process.stderr.write("following\n");
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}
