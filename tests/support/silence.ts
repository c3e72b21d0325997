import type { FakeTime } from "@std/testing/time";

/** Lets the time pass for which a client has to be silent before its close frame leaves. */
export async function passSilence(time: FakeTime): Promise<void> {
  for (let check = 1; check <= 4; check++) await time.tickAsync(25);
}
