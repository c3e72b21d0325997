import type { TaskAudience } from "./store.ts";

/**
 * All tasks, or the tasks of an owner or with a label. Owner and labels are fixed
 * by a task's first event, so a task never changes its topics.
 */
export type Topic = "all" | `owner:${string}` | `label:${string}`;

/** Returns the topics of a task except `all`, the topic of every task. */
export function topicsOf({ owner, labels = [] }: TaskAudience): Topic[] {
  const topics: Topic[] = labels.map((label) => `label:${label}` as const);
  if (owner !== undefined) topics.push(`owner:${owner}`);
  return topics;
}

/** Returns all topics of a task. */
export function allTopicsOf(task: TaskAudience): Topic[] {
  return [...topicsOf(task), "all"];
}
