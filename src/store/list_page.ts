/** The length at which to end a page, in characters of JSON. */
export const maxPageLength = 2_097_152;

/**
 * Takes the items of a page, such as tasks or connections. A task can have 64 KiB
 * of data: a thousand full tasks are too much for an answer.
 *
 * @param items The items in order, with a surplus item after the limit if more exist.
 * @param limit The most items of the page.
 * @param lengthOf Measures an item as JSON.
 * @returns The page, and whether items are left.
 */
export function takePage<T>(
  items: Iterable<T>,
  limit: number,
  lengthOf: (item: T) => number,
): { readonly page: readonly T[]; readonly hasMore: boolean } {
  const page: T[] = [];
  let length = 0;
  for (const item of items) {
    if (page.length === limit || length >= maxPageLength) {
      return { page, hasMore: true };
    }
    page.push(item);
    length += lengthOf(item);
  }
  return { page, hasMore: false };
}
