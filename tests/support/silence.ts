import type { FakeTime } from "@std/testing/time";

/** Passes the time of silence before the runtime sends a close frame to a client. */
export async function passSilence(time: FakeTime): Promise<void> {
  for (let check = 1; check <= 4; check++) await time.tickAsync(25);
}
