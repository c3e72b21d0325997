/**
 * Shows the jobs of BullMQ in taskwire. Listens to the queue's events, so
 * workers need no change. Run one process per queue, or call `followQueue` in
 * the process that adds the jobs.
 *
 *     TASKWIRE_API_KEYS=... REDIS_URL=redis://127.0.0.1:6379 node bullmq.mjs videos
 *
 * A job's `connection_id` is the queue's name and the job's id: `videos:1`.
 * `job.updateProgress(0.42)` moves the bar, as does an object of an event's
 * members: `job.updateProgress({ current: 42, total: 100, unit: "rows" })`.
 */
import { QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { publish, Refused, snapshot } from "./publish.mjs";

const ends = ["succeeded", "failed", "canceled"];

/**
 * Follows a queue until it is closed.
 *
 * Publishes only new events: a job that ends while no process follows the queue
 * keeps its last status in taskwire.
 *
 * @param name The queue's name.
 * @param options BullMQ's `connection`; and `url`, `apiKey` of `publish`.
 * @returns Once following, a function to stop.
 */
export async function followQueue(name, { connection, ...target }) {
  const events = new QueueEvents(name, { connection });
  // State per job until the end is published: the attempt, if known,
  // `hasBegun`, and the turn of the last event.
  const jobs = new Map();

  /** Publishes a job's events in order: no event must overtake the end. */
  function tell(jobId, event, change = () => {}) {
    const job = jobs.get(jobId) ?? {};
    jobs.set(jobId, job);
    const turn = (job.turn ?? Promise.resolve()).then(async () => {
      change(job);
      await publishAttempt(`${name}:${jobId}`, event, job);
    }).catch((error) => {
      const kind = error instanceof Refused ? "refused" : "not published";
      process.stderr.write(`${name}:${jobId}: ${kind}: ${error.message}\n`);
    }).finally(() => {
      const isLast = job.turn === turn && ends.includes(event.status);
      if (isLast) jobs.delete(jobId);
    });
    job.turn = turn;
  }

  /**
   * Publishes an event with the job's attempt. If taskwire has a later attempt,
   * or the attempt has ended, the event belongs to the next attempt: BullMQ
   * does not count stalled jobs and manual retries.
   */
  async function publishAttempt(connectionId, event, job) {
    try {
      const { attempt } = job;
      await publish(connectionId, { ...event, attempt }, target);
    } catch (error) {
      if (error.status !== 409) throw error;
      const { status, attempt } = await snapshot(connectionId, target);
      if (status === event.status && ends.includes(status)) return; // published before
      job.attempt = ends.includes(status) ? attempt + 1 : attempt;
      await publish(connectionId, { ...event, attempt: job.attempt }, target);
    }
  }

  /** A job that waits again after running waits for the next attempt. */
  function tellQueued({ jobId }) {
    tell(jobId, { status: "queued" }, (job) => {
      if (job.hasBegun && job.attempt !== undefined) job.attempt += 1;
      job.hasBegun = false;
    });
  }

  events.on("waiting", tellQueued);
  events.on("delayed", tellQueued);
  events.on("added", ({ jobId }) => {
    if (!jobs.has(jobId)) jobs.set(jobId, { attempt: 1 });
  });
  events.on("active", ({ jobId }) => {
    tell(jobId, { status: "running" }, (job) => job.hasBegun = true);
  });
  events.on("progress", ({ jobId, data }) => {
    tell(jobId, typeof data === "number" ? { progress: data } : data);
  });
  events.on(
    "completed",
    ({ jobId }) => tell(jobId, { status: "succeeded", progress: 1 }),
  );
  // Without the reason: it may contain secrets.
  events.on("failed", ({ jobId }) => tell(jobId, { status: "failed" }));
  events.on("removed", ({ jobId, prev }) => {
    if (prev === "completed" || prev === "failed") return;
    tell(jobId, { status: "canceled" });
  });

  await events.waitUntilReady();
  return async () => {
    await events.close();
    await Promise.all([...jobs.values()].map(({ turn }) => turn));
  };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const connection = new Redis(
    process.env.REDIS_URL ?? "redis://127.0.0.1:6379",
    { maxRetriesPerRequest: null }, // required by BullMQ
  );
  const end = await followQueue(process.argv[2] ?? "videos", { connection });
  const stop = () => end().then(() => connection.quit());
  process.stderr.write("following\n");
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
}
