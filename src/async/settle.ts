/** Runs an action and returns the outcome as `Promise.allSettled` does. */
export function settle<T>(action: () => T): PromiseSettledResult<T> {
  try {
    return { status: "fulfilled", value: action() };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}

/**
 * Returns the value of a fulfilled result.
 *
 * @throws {unknown} The reason of a rejected result.
 * @throws {TypeError} If the result is missing.
 */
export function fulfilled<T>(result: PromiseSettledResult<T> | undefined): T {
  if (result === undefined) throw new TypeError("Missing result");
  if (result.status === "fulfilled") return result.value;
  throw result.reason;
}
