/** A queue's jobs and their worker, for the test of `bullmq.mjs`. */
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import process from "node:process";

const connection = new Redis(process.env.REDIS_URL, {
  maxRetriesPerRequest: null,
});
const queue = new Queue("videos", { connection });
await queue.add("steady", {}, { jobId: "steady", removeOnComplete: true });
await queue.add("unsteady", {}, { jobId: "unsteady", attempts: 2 });
await queue.add("broken", {}, { jobId: "broken" });
const unwanted = await queue.add("unwanted", {}, {
  jobId: "unwanted",
  delay: 1_000_000,
});
await unwanted.remove();

new Worker("videos", async (job) => {
  await job.updateProgress({ current: 1, total: 2, unit: "frames" });
  const isFirst = job.attemptsMade === 0;
  if (job.name === "broken" || (job.name === "unsteady" && isFirst)) {
    throw new Error("a secret in the message");
  }
}, {
  connection,
  // A check for stalled jobs suspends the checks of all workers for this time.
  stalledInterval: 200,
});
