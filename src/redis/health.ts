import { log } from "../log/log.ts";
import type { Pause } from "../async/pause.ts";
import { withFallback } from "../async/with_fallback.ts";
import { isRefusal } from "./error.ts";

/** The pause between two heartbeats, in milliseconds. */
const tickIntervalMs = 500;

/** The number of waits for a heartbeat's reply before Redis counts as lost. */
const maxLooks = 3;

/** The length of each wait, in milliseconds. */
const lookMs = 1_000;

/**
 * Sends heartbeats until Redis stops answering.
 *
 * @param tick Sends a heartbeat.
 * @param pause Ends the heartbeats.
 * @throws {unknown} The error of a heartbeat, unless Redis only refuses writes;
 * or an error after 3 s without a reply.
 */
export async function watchRedis(
  tick: () => Promise<void>,
  pause: Pause,
): Promise<void> {
  let wasRefused = false;
  while (!pause.isOver) {
    const ticking = tick();
    const settled = ticking.then(() => true, () => true);
    // Several waits, since this process may have been busy during the first.
    for (let looks = 1; !await withFallback(settled, lookMs, false); looks++) {
      if (looks < maxLooks) continue;
      throw new Error(`Redis did not answer for ${maxLooks * lookMs} ms`);
    }
    try {
      await ticking;
      wasRefused = false;
    } catch (error) {
      // Redis can still be read, so a new connection would not help.
      if (!isRefusal(error)) throw error;
      if (!wasRefused) log.error("Redis refuses writes: {error}", { error });
      wasRefused = true;
    }
    await pause.wait(tickIntervalMs);
  }
}
