import type { Connection } from "./connection.ts";

/** Waits so many milliseconds, or until the connection has ended. */
export async function pause(
  connection: Connection,
  durationMs: number,
): Promise<void> {
  if (durationMs === 0) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, durationMs);
    connection.onEnd(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
