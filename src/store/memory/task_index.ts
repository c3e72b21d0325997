import type { TaskState } from "../../tasks/state.ts";

/** Finds tasks by owner and labels, which are fixed by the first event. */
export class TaskIndex<Task> {
  readonly #byOwner = new Map<string, Set<Task>>();
  readonly #byLabel = new Map<string, Set<Task>>();

  /** Adds a task. */
  add(task: Task, { owner, snapshot: { labels = [] } }: TaskState): void {
    if (owner !== undefined) addTo(this.#byOwner, owner, task);
    for (const label of labels) addTo(this.#byLabel, label, task);
  }

  /** Deletes a task. */
  delete(task: Task, { owner, snapshot: { labels = [] } }: TaskState): void {
    if (owner !== undefined) deleteFrom(this.#byOwner, owner, task);
    for (const label of labels) deleteFrom(this.#byLabel, label, task);
  }

  /** Deletes all tasks. */
  clear(): void {
    this.#byOwner.clear();
    this.#byLabel.clear();
  }

  /**
   * Returns the tasks of an owner that have all labels.
   *
   * @returns `undefined` if neither is given.
   */
  find(
    owner: string | undefined,
    labels: readonly string[],
  ): Iterable<Task> | undefined {
    const sets = labels.map((label) => this.#byLabel.get(label));
    if (owner !== undefined) sets.push(this.#byOwner.get(owner));
    if (sets.length === 0) return undefined;
    const known = sets.filter((set) => set !== undefined);
    if (known.length < sets.length) return [];
    const [smallest, ...others] = known.toSorted((a, b) => a.size - b.size);
    return smallest?.values().filter((task) =>
      others.every((set) => set.has(task))
    );
  }
}

function addTo<Task>(
  sets: Map<string, Set<Task>>,
  key: string,
  task: Task,
): void {
  const set = sets.get(key);
  if (set) set.add(task);
  else sets.set(key, new Set([task]));
}

function deleteFrom<Task>(
  sets: Map<string, Set<Task>>,
  key: string,
  task: Task,
): void {
  const set = sets.get(key);
  if (set?.delete(task) && set.size === 0) sets.delete(key);
}
