import { delay } from "../delay.ts";

/** How long to wait before asking again, in milliseconds. */
const intervalMs = 200;

/** A server that takes longer to answer is not ready, in milliseconds. */
const answerTimeoutMs = 2_000;

/**
 * Asks a server whether it takes work (`/readyz`), again and again until it
 * does or the time is over.
 *
 * @param timeoutSeconds 0 to ask once.
 * @returns What is wrong; `undefined` when the server is ready.
 */
export async function findUnreadiness(
  server: URL,
  timeoutSeconds: number,
): Promise<string | undefined> {
  const deadlineMs = Date.now() + timeoutSeconds * 1_000;
  for (;;) {
    const fault = await ask(server);
    if (fault === undefined || Date.now() >= deadlineMs) return fault;
    await delay(intervalMs);
  }
}

async function ask(server: URL): Promise<string | undefined> {
  try {
    const response = await fetch(new URL("readyz", server), {
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const text = await response.text();
    return response.ok ? undefined : `HTTP ${response.status}: ${text}`;
  } catch (error) {
    // A `TypeError` without an answer, a `DOMException` when it is late.
    if (!(error instanceof Error)) throw error;
    return `no answer from ${server.origin} (${error.message})`;
  }
}
