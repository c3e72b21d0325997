/** The states of one list's page have so many characters of JSON, or one task more. */
export const maxPageLength = 2_097_152;

/**
 * Takes the tasks of a page: a task can have 64 KiB of data, and a thousand of
 * them are too much for one answer.
 *
 * @param tasks In their order, and one more than the page may have if there are more.
 * @param limit The most tasks.
 * @param lengthOf The length of a task's state as JSON.
 * @returns The page, and whether tasks are left.
 */
export function takePage<T>(
  tasks: Iterable<T>,
  limit: number,
  lengthOf: (task: T) => number,
): { readonly page: readonly T[]; readonly hasMore: boolean } {
  const page: T[] = [];
  let length = 0;
  for (const task of tasks) {
    if (page.length === limit || length >= maxPageLength) {
      return { page, hasMore: true };
    }
    page.push(task);
    length += lengthOf(task);
  }
  return { page, hasMore: false };
}
