/** Runs what may throw; says what came of it, as `Promise.allSettled` does. */
export function settle<T>(action: () => T): PromiseSettledResult<T> {
  try {
    return { status: "fulfilled", value: action() };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}

/**
 * The value of a result that is there.
 *
 * @throws {unknown} The reason of one that was rejected.
 * @throws {TypeError} Where there is no result.
 */
export function fulfilled<T>(result: PromiseSettledResult<T> | undefined): T {
  if (result === undefined) throw new TypeError("There is no result");
  if (result.status === "fulfilled") return result.value;
  throw result.reason;
}
