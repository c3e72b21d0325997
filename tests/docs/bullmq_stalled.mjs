/**
 * A job whose first worker dies, whose second fails, and which succeeds after
 * somebody retried it, for the test of `bullmq.mjs`.
 *
 *     node bullmq_stalled.mjs dies
 *     node bullmq_stalled.mjs recovers
 */
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import process from "node:process";

const connection = new Redis(process.env.REDIS_URL, {
  maxRetriesPerRequest: null,
});
const options = { connection, stalledInterval: 200 };

if (process.argv[2] === "dies") {
  const queue = new Queue("videos", { connection });
  await queue.add("left", {}, { jobId: "left" });
  // The job stalls once the dead worker's lock has expired.
  new Worker("videos", () => process.kill(process.pid, "SIGKILL"), {
    ...options,
    lockDuration: 500,
  });
} else {
  let calls = 0;
  const worker = new Worker("videos", () => {
    calls += 1;
    if (calls === 1) throw new Error("a secret in the message");
  }, options);
  worker.once("failed", (job) => job.retry());
}
