/** Calls a user's function in a microtask, to keep an error of the function out of the client. */
export function notify<T>(
  listener: ((value: T) => void) | undefined,
  value: T,
): void {
  queueMicrotask(() => listener?.(value));
}
