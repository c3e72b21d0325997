/** The interval between two measurements, in milliseconds. */
const intervalMs = 500;

/**
 * Measures the delay of the event loop: the lateness of a timer while other
 * work blocks the process.
 *
 * @param observe Receives each delay, in seconds.
 * @param readMs A monotonic clock; only tests pass a different clock.
 * @returns A handle to dispose of at the end. The watch does not keep the
 * process alive.
 */
export function watchEventLoop(
  observe: (delaySeconds: number) => void,
  readMs: () => number = () => performance.now(),
): Disposable {
  let dueAtMs = readMs() + intervalMs;
  const timer = setInterval(() => {
    const nowMs = readMs();
    observe(Math.max(0, nowMs - dueAtMs) / 1_000);
    dueAtMs = nowMs + intervalMs;
  }, intervalMs);
  Deno.unrefTimer(timer);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
