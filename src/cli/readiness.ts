import { delay } from "../async/delay.ts";
import { causeOfStatus, Fault, networkFault } from "../terminal/fault.ts";
import { redirectTarget } from "./server_url.ts";

/** The pause between two questions, in milliseconds. */
const intervalMs = 200;

/** The time limit for a ready server's answer, in milliseconds. */
const answerTimeoutMs = 2_000;

/**
 * Polls a server's `/readyz` until the server is ready or the time is up.
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
 * Asks a server's `/readyz` once.
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
      // The target of a redirect may be a login page with status 200.
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
    // `fetch` throws a `TypeError` without an answer, a `DOMException` on timeout.
    if (error instanceof TypeError) return networkFault(error);
    if (!(error instanceof DOMException)) throw error;
    return new Fault(
      `no answer within ${timeoutMs / 1_000} s`,
      "unreachable",
    );
  }
}
