import { log } from "../log.ts";
import { pause } from "./pause.ts";
import { isRefusal } from "./redis_error.ts";

/** The pause between two ticks, in milliseconds. */
const intervalMs = 500;

/** How often it is looked whether a tick was answered, before Redis is taken for lost. */
const maxLooks = 3;

/** How long one look takes, in milliseconds. */
const lookMs = 1_000;

/**
 * Ticks again and again, until it is told to end.
 *
 * @param tick Asks something of Redis.
 * @throws {Error} When Redis does not answer, or with what it answers; not
 * where it refuses for now: there it is, and can be read.
 */
export async function tickUntil(
  ending: AbortSignal,
  tick: () => Promise<void>,
): Promise<void> {
  let wasRefused = false;
  while (!ending.aborted) {
    const ticking = tick();
    // More than one look: this process may have been busy during the first.
    for (let looks = 1; !await settles(ticking, ending); looks++) {
      if (looks < maxLooks) continue;
      throw new Error(`Redis did not answer for ${maxLooks * lookMs} ms`);
    }
    if (ending.aborted) return;
    try {
      await ticking;
      wasRefused = false;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!wasRefused) log.error("Redis takes no writes: {error}", { error });
      wasRefused = true;
    }
    await pause(intervalMs, ending);
  }
}

/** Whether a promise settles while one looks; so it is called where looking is over. */
async function settles(
  promise: Promise<void>,
  ending: AbortSignal,
): Promise<boolean> {
  const look = new AbortController();
  const isSettled = await Promise.race([
    promise.then(() => true, () => true),
    pause(lookMs, look.signal, ending).then(() => ending.aborted),
  ]);
  look.abort();
  return isSettled;
}
