import { log } from "../log/log.ts";
import type { Pause } from "../async/pause.ts";
import { withFallback } from "../async/with_fallback.ts";
import { isRefusal } from "./error.ts";

/** The pause between two ticks, in milliseconds. */
const tickIntervalMs = 500;

/** How often it is looked whether a tick was answered, before Redis is taken for lost. */
const maxLooks = 3;

/** How long one look takes, in milliseconds. */
const lookMs = 1_000;

/**
 * Ticks again and again, by which it is known that Redis still answers.
 *
 * @param tick Asks something of Redis.
 * @param pause Ends the ticking.
 * @throws {unknown} What a tick rejects with, unless Redis just refuses; or
 * that there was no answer for 3 s.
 */
export async function watchRedis(
  tick: () => Promise<void>,
  pause: Pause,
): Promise<void> {
  let wasRefused = false;
  while (!pause.isOver) {
    const ticking = tick();
    const settled = ticking.then(() => true, () => true);
    // More than one look: this process may have been busy during the first.
    for (let looks = 1; !await withFallback(settled, lookMs, false); looks++) {
      if (looks < maxLooks) continue;
      throw new Error(`Redis did not answer for ${maxLooks * lookMs} ms`);
    }
    try {
      await ticking;
      wasRefused = false;
    } catch (error) {
      // There it is, and can be read: it is no use to connect again.
      if (!isRefusal(error)) throw error;
      if (!wasRefused) log.error("Redis takes no writes: {error}", { error });
      wasRefused = true;
    }
    await pause.wait(tickIntervalMs);
  }
}
