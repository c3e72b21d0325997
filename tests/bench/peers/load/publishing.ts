import { postRequest } from "./http_link.ts";
import type { Job, Outcome } from "./job.ts";
import { type Publication, Publisher } from "./publisher.ts";
import { sleep, startWindow, until, warmUpMs } from "./window.ts";
import { Watchers } from "./watchers.ts";

/** The content of the events. */
export const event = {
  status: "running",
  progress: 0.42,
  message: "transcoding ".repeat(17).slice(0, 200),
};

interface Plan {
  /** The id watched by each socket. */
  readonly ids: readonly string[];
  /** The number of unanswered requests at a time. */
  readonly requests: number;
  /** The deliveries per request. */
  readonly deliveries: number;
  next(number: number): Publication;
}

/** Many watchers of one task. */
export function fanout(job: Job): Promise<Outcome> {
  const id = `fanout-${Date.now()}`;
  const request = postRequest(
    `/api/tasks/${id}/events`,
    JSON.stringify(event),
    job.apiKey,
  );
  return publishClosed(job, {
    ids: Array(job.sockets).fill(id),
    requests: 4,
    deliveries: job.sockets,
    next: () => ({ request, events: 1 }),
  });
}

const linesPerRequest = 500;

/** Many tasks with a watcher each, published in batches. */
export function tasks(job: Job): Promise<Outcome> {
  const prefix = Date.now();
  const ids = Array.from({ length: job.sockets }, (_, n) => `t${prefix}-${n}`);
  const requests = Array.from(
    { length: Math.ceil(ids.length / linesPerRequest) },
    (_, batch) => {
      const start = batch * linesPerRequest;
      const lines = ids.slice(start, start + linesPerRequest).map((id) =>
        JSON.stringify({ connection_id: id, ...event })
      );
      return {
        request: postRequest("/api/events", lines.join("\n"), job.apiKey),
        events: lines.length,
      };
    },
  );
  return publishClosed(job, {
    ids,
    requests: 2,
    deliveries: linesPerRequest,
    next: (number) => requests[number % requests.length] as Publication,
  });
}

/** The tasks of {@linkcode publishes}, used in turn. */
const unwatchedTasks = 256;

/**
 * Events of unwatched tasks, in separate requests, with a connection per
 * socket.
 */
export async function publishes(job: Job): Promise<Outcome> {
  const prefix = Date.now();
  const requests = Array.from({ length: unwatchedTasks }, (_, n) => ({
    request: postRequest(
      `/api/tasks/p${prefix}-${n}/events`,
      JSON.stringify(event),
      job.apiKey,
    ),
    events: 1,
  }));
  let isRunning = true;
  const next = () => requests[publisher.begun % unwatchedTasks] as Publication;
  const pump = () => {
    while (isRunning && publisher.publish(next));
  };
  const publisher = new Publisher(pump);
  await publisher.open(job.port, job.sockets);
  pump();
  await sleep(warmUpMs);
  const end = startWindow(job.pid);
  const before = publisher.acknowledged;
  await sleep(job.seconds * 1_000);
  const { seconds, ...cpu } = end();
  const rate = (publisher.acknowledged - before) / seconds;
  isRunning = false;
  await until(() => publisher.isIdle);
  publisher.close();
  const { faults } = publisher;
  return {
    values: { rate },
    faults: faults + Number(!publisher.isIdle),
    ...cpu,
  };
}

/**
 * Publishes at the pace of the watchers: sends a request when an earlier
 * request was answered, and all but the last few events have been delivered.
 * Without the second condition, a server could acknowledge faster than deliver,
 * and the benchmark would measure the growth of queues.
 */
async function publishClosed(job: Job, plan: Plan): Promise<Outcome> {
  const watchers = new Watchers();
  await watchers.open(job, plan.ids);
  let isRunning = true;
  const isRoom = () =>
    publisher.begun * plan.deliveries - watchers.delivered <
      plan.requests * plan.deliveries;
  const pump = () => {
    while (
      isRunning && isRoom() &&
      publisher.publish(() => plan.next(publisher.begun))
    );
  };
  const publisher = new Publisher(pump);
  await publisher.open(job.port, plan.requests);
  watchers.onDelivery = () => {
    if (watchers.delivered % plan.deliveries === 0) pump();
  };
  pump();
  await sleep(warmUpMs);
  const end = startWindow(job.pid);
  const before = watchers.delivered;
  await sleep(job.seconds * 1_000);
  const { seconds, ...cpu } = end();
  const delivered = watchers.delivered - before;
  isRunning = false;
  const perEvent = plan.deliveries / plan.next(0).events;
  const missing = () => publisher.acknowledged * perEvent - watchers.delivered;
  await until(() => publisher.isIdle && missing() === 0);
  publisher.close();
  return {
    values: { rate: delivered / seconds, reconnects: publisher.reconnects },
    faults: watchers.faults + publisher.faults + Math.abs(missing()) +
      Number(!publisher.isIdle),
    ...cpu,
  };
}
