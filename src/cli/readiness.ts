import { delay } from "../async/delay.ts";
import { causeOfStatus, Fault, networkFault } from "./fault.ts";
import { redirectTarget } from "./server_url.ts";

/** How long to wait before asking again, in milliseconds. */
const intervalMs = 200;

/** A server that takes longer to answer is not ready, in milliseconds. */
const answerTimeoutMs = 2_000;

/**
 * Asks a server whether it takes work (`/readyz`), again and again until it
 * does or the time is over.
 *
 * @param timeoutSeconds 0 to ask once.
 * @returns The fault; `undefined` if the server is ready.
 */
export async function findUnreadiness(
  server: URL,
  timeoutSeconds: number,
): Promise<Fault | undefined> {
  const deadlineMs = performance.now() + timeoutSeconds * 1_000;
  for (;;) {
    const fault = await askReadiness(server, answerTimeoutMs);
    if (fault === undefined || performance.now() >= deadlineMs) return fault;
    await delay(intervalMs);
  }
}

/**
 * Asks a server once whether it takes work.
 *
 * @returns The fault; `undefined` if the server is ready.
 */
export async function askReadiness(
  server: URL,
  timeoutMs: number,
): Promise<Fault | undefined> {
  const url = new URL("readyz", server);
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(timeoutMs),
      // A login page that a redirect leads to answers 200.
      redirect: "manual",
    });
    const text = await response.text();
    if (response.ok) return undefined;
    const { status } = response;
    const movedTo = redirectTarget(response, url);
    return new Fault(
      `HTTP ${status}: ${
        movedTo === undefined ? text.slice(0, 300) : `moved to ${movedTo}`
      }`,
      status === 503 ? "unavailable" : causeOfStatus(status),
    );
  } catch (error) {
    // A `TypeError` without an answer, a `DOMException` when it is late.
    if (error instanceof TypeError) return networkFault(error);
    if (!(error instanceof DOMException)) throw error;
    return new Fault(
      `no answer within ${timeoutMs / 1_000} s`,
      "unreachable",
    );
  }
}
