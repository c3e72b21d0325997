import { headers } from "./measured_server.ts";

/** Returns the task of the next event. */
export type NextTask = () => string;

/** Returns the task of a number. */
export const taskId = (number: number): string => `growth/${number}`;

/** Chooses tasks at random, with equal probability. */
export function randomTask(count: number): NextTask {
  return () => taskId(Math.floor(Math.random() * count));
}

/** Chooses tasks in turn: the next task is always the longest quiet one. */
export function taskInTurn(count: number): NextTask {
  let number = 0;
  return () => taskId(number++ % count);
}

/** Lines per request when filling a store. */
const linesPerFill = 10_000;

let published = 0;

/** Returns the members of an event: typical progress of a worker. */
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

/** Publishes a number of events as fast as possible. */
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
 * Publishes events in a single request, as lines of JSON.
 *
 * @returns The total number of deliveries.
 * @throws {Error} If an event was not stored.
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
 * Publishes a single event.
 *
 * @returns The number of deliveries.
 * @throws {Error} If the event was not stored.
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
