import { type NextTask, publishOne } from "../growth/publisher.ts";

/** How long the processes are looked at while they rest, in milliseconds. */
export const restMs = 2_000;

/** Events of one measurement. */
export const publishes = 2_000;

/** Publishers where there are many. */
export const publishersAtOnce = 32;

/** Watchers where there are many. */
export const crowdSize = 500;

/** The tasks that a crowd watches, one each, in turn. */
export function crowdTask(count: number): NextTask {
  let number = 0;
  return () => `idle/${number++ % count}`;
}

/** Publishes so many events, each by a request of its own, some at a time. */
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
