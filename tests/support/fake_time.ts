import { FakeTime as FakeWallTime } from "@std/testing/time";

/**
 * Fake time in which `performance.now()` passes as well, by which the server
 * measures durations. Wherever the wall clock starts, `performance.now()` goes
 * on from where it is.
 */
export class FakeTime extends FakeWallTime {
  constructor(start?: number | string | Date | null) {
    super(start);
    const [wallStart, monotonicStart] = [
      this.now,
      Math.ceil(performance.now()), // sums of whole numbers are exact
    ];
    Object.defineProperty(performance, "now", {
      configurable: true,
      value: () => monotonicStart + this.now - wallStart,
    });
  }

  override restore(): void {
    super.restore();
    Reflect.deleteProperty(performance, "now");
  }

  override [Symbol.dispose](): void {
    this.restore();
  }
}
