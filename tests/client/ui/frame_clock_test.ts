import { assertEquals } from "@std/assert";
import { afterFrame } from "../../../src/client/ui/frame_clock.ts";
import { FakeTime } from "../../support/fake_time.ts";

/** A page whose frames come when a test draws. */
class FakePage implements Disposable {
  readonly #time = new FakeTime();
  #calls: (() => void)[] = [];

  constructor() {
    Object.assign(globalThis, {
      requestAnimationFrame: (call: () => void) => this.#calls.push(call),
    });
  }

  /** Lets time pass, then draws a frame. */
  draw(afterMs: number): void {
    this.#time.tick(afterMs);
    for (const call of this.#calls.splice(0)) call();
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(globalThis, "requestAnimationFrame");
    this.#time.restore();
  }
}

Deno.test("afterFrame() calls with the first frame after the delay", () => {
  using page = new FakePage();
  let calls = 0;
  afterFrame(() => calls++, 50);
  page.draw(49);
  assertEquals(calls, 0);
  page.draw(1);
  assertEquals(calls, 1);
});

Deno.test("afterFrame() leaves out a call that an earlier call of the frame has given up", () => {
  using page = new FakePage();
  const called: string[] = [];
  afterFrame(() => {
    called.push("first");
    giveUp();
  });
  const giveUp = afterFrame(() => called.push("second"));
  page.draw(0);
  assertEquals(called, ["first"]);
});
