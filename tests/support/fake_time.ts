import { FakeTime as FakeWallTime } from "@std/testing/time";

/**
 * Fake time for `performance.now()` as well: the server measures durations with
 * `performance.now()`. A changed wall clock does not change
 * `performance.now()`.
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
