import { headers } from "./measured_server.ts";

/** Names the task of the next event. */
export type NextTask = () => string;

/** The task of this number. */
export const taskId = (number: number): string => `growth/${number}`;

/** Tasks chosen at random, each as likely as any other. */
export function randomTask(count: number): NextTask {
  return () => taskId(Math.floor(Math.random() * count));
}

/** Tasks in turn: the next one is always the one that was quiet for longest. */
export function taskInTurn(count: number): NextTask {
  let number = 0;
  return () => taskId(number++ % count);
}

/** Lines in a request that fills a store. */
const linesPerFill = 10_000;

let published = 0;

/** An event's members: progress such as a worker reports. */
function members(): string {
  published += 1;
  return `"current":${
    published % 1_000
  },"total":1000,"unit":"rows","message":"transcoding"`;
}

function eventLines(nextTask: NextTask, count: number): string {
  return Array.from(
    { length: count },
    () => `{"connection_id":"${nextTask()}",${members()}}\n`,
  ).join("");
}

/** Publishes so many events as fast as they are taken. */
export async function fill(
  origin: string,
  nextTask: NextTask,
  count: number,
): Promise<void> {
  for (let left = count; left > 0; left -= linesPerFill) {
    await publishBatch(origin, nextTask, Math.min(left, linesPerFill));
  }
}

/**
 * Publishes events in one request, lines of JSON.
 *
 * @returns How many watchers they reached, in sum.
 * @throws {Error} Where one of them was not stored.
 */
export async function publishBatch(
  origin: string,
  nextTask: NextTask,
  count: number,
): Promise<number> {
  const response = await fetch(`${origin}/api/events`, {
    method: "POST",
    headers,
    body: eventLines(nextTask, count),
  });
  const answer = await response.text();
  let stored = 0;
  let delivered = 0;
  for (const [, reached] of answer.matchAll(/"delivered":(\d+)/g)) {
    stored += 1;
    delivered += Number(reached);
  }
  if (stored !== count) {
    throw new Error(
      `${count - stored} of ${count} were not stored: ${answer.slice(0, 500)}`,
    );
  }
  return delivered;
}

/**
 * Publishes one event, in a request of its own.
 *
 * @returns How many watchers it reached.
 * @throws {Error} When it was not stored.
 */
export async function publishOne(
  origin: string,
  nextTask: NextTask,
): Promise<number> {
  const id = encodeURIComponent(nextTask());
  const response = await fetch(`${origin}/api/tasks/${id}/events`, {
    method: "POST",
    headers,
    body: `{${members()}}`,
  });
  const answer = await response.text();
  if (response.status !== 201) throw new Error(answer);
  return Number(/"delivered":(\d+)/.exec(answer)?.[1]);
}
