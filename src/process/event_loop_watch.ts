/** How often the event loop is looked at, in milliseconds. */
const intervalMs = 500;

/**
 * Watches how late the event loop is: by how much a timer rings after its
 * time, while one thing or another keeps the process from everything else.
 *
 * @param observe Takes each delay, in seconds.
 * @param readMs A clock that is never set; only tests pass another one.
 * @returns Dispose of it to end the watch; until then it keeps no process alive.
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
