import { type NextTask, publishOne } from "../growth/publisher.ts";

/** The duration of the idle measurement, in milliseconds. */
export const restMs = 2_000;

/** The number of events per measurement. */
export const publishes = 2_000;

/** The number of publishers in a crowd. */
export const publishersAtOnce = 32;

/** The number of watchers in a crowd. */
export const crowdSize = 500;

/** Returns the tasks of a crowd, one per watcher, in turn. */
export function crowdTask(count: number): NextTask {
  let number = 0;
  return () => `idle/${number++ % count}`;
}

/** Publishes a number of events in separate requests, several at a time. */
export async function publish(
  origin: string,
  nextTask: NextTask,
  count: number,
  atOnce: number,
): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: atOnce }, async () => {
    while (left-- > 0) await publishOne(origin, nextTask);
  }));
}
