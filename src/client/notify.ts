/** Calls a user's function where its errors do no harm to the client. */
export function notify<T>(
  listener: ((value: T) => void) | undefined,
  value: T,
): void {
  queueMicrotask(() => listener?.(value));
}
