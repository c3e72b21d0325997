import type { Connection } from "./connection.ts";

/** Waits for a time, or until the connection has ended. */
export async function pause(
  connection: Connection,
  durationMs: number,
): Promise<void> {
  if (durationMs === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, durationMs);
  connection.onEnd(resolve);
  await promise;
  clearTimeout(timer);
  connection.offEnd(resolve);
}
