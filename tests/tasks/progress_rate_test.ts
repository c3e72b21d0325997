import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Amounts,
  estimateAt,
  type MeasuredProgress,
  measureProgress,
} from "../../src/tasks/progress_rate.ts";

/** An event that moves a task, and its time. */
type Step = Amounts & { readonly atMs: number };

/** Measures the progress over events. */
function measured(steps: readonly Step[]): MeasuredProgress | undefined {
  let progress: MeasuredProgress | undefined;
  for (const { atMs, ...amounts } of steps) {
    progress = measureProgress(progress, amounts, atMs);
  }
  return progress;
}

/** Returns the estimates right after the last event, or later. */
function estimates(steps: readonly Step[], afterMs = 0) {
  const last = steps.at(-1);
  const progress = measured(steps);
  assert(last && progress);
  return estimateAt(progress, last, last.atMs + afterMs);
}

/** Events of a task that moves by 1 of 100 each second. */
function steady(count: number, total = 100): Step[] {
  return Array.from(
    { length: count },
    (_, index) => ({ current: index, total, atMs: index * 1_000 }),
  );
}

Deno.test("estimateAt() knows nothing before three events that moved", () => {
  const [first, second, third] = steady(3);
  assert(first && second && third);
  assertEquals(estimates([first, second]), {});
  assertEquals(estimates([first, second, second, second]), {});
  assertEquals(estimates([first, second, third]), {
    rate: 1,
    eta: "1970-01-01T00:01:40.000Z",
  });
});

Deno.test("estimateAt() gives no rate if only progress is known", () => {
  const steps = steady(5).map(({ current = 0, atMs }) => ({
    progress: current / 100,
    atMs,
  }));
  const { rate, eta = "" } = estimates(steps);
  assertEquals(rate, undefined);
  assertAlmostEquals(Date.parse(eta), 100_000, 10);
});

Deno.test("estimateAt() gives no end if neither total nor progress is known", () => {
  const steps = steady(5).map(({ total: _, ...step }) => step);
  assertEquals(estimates(steps), { rate: 1 });
  assertEquals(estimates(steps, 4_000), { rate: 1 });
  assertEquals(estimates(steps, 4_001), {});
});

Deno.test("estimateAt() takes the end from progress if the total is unknown", () => {
  const steps = steady(5).map(({ total: _, ...step }) => ({
    ...step,
    progress: (step.current ?? 0) / 100,
  }));
  assertEquals(estimates(steps).eta, "1970-01-01T00:01:40.000Z");
});

Deno.test("estimateAt() gives nothing once a task has stalled for the remaining time", () => {
  const steps = steady(91);
  assertEquals(estimates(steps, 10_000), {
    rate: 1,
    eta: "1970-01-01T00:01:40.000Z",
  });
  assertEquals(estimates(steps, 10_001), {});
});

Deno.test("estimateAt() gives nothing for a task that moves backwards", () => {
  const steps = steady(5).map(({ current = 0, ...step }) => ({
    ...step,
    current: 50 - current,
  }));
  assertEquals(estimates(steps), {});
});

Deno.test("estimateAt() gives no end beyond the year 9999", () => {
  const steps = steady(5, Number.MAX_VALUE);
  assertEquals(estimates(steps), { rate: 1 });
});

Deno.test("measureProgress() forgets a member that is no longer used", () => {
  const steps = [...steady(5), { progress: 0.5, atMs: 5_000 }];
  assertEquals(measured(steps)?.count, 1);
  assertEquals(measured([...steady(5), { atMs: 5_000 }]), undefined);
});

/** A task that moves at a steady rate, with irregular intervals. */
const steadyTasks = fc.record({
  perSecond: fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  intervals: fc.array(fc.integer({ min: 100, max: 100_000 }), {
    minLength: 4,
    maxLength: 40,
  }),
});

function stepsOf(
  { perSecond, intervals }: {
    readonly perSecond: number;
    readonly intervals: readonly number[];
  },
): Step[] {
  const total = 1e12;
  const steps = [{ current: 0, total, atMs: 0 }];
  let atMs = 0;
  for (const interval of intervals) {
    atMs += interval;
    steps.push({ current: atMs * perSecond / 1_000, total, atMs });
  }
  return steps;
}

Deno.test("measureProgress() finds a steady rate within 10 % after five events", () => {
  fc.assert(fc.property(steadyTasks, (task) => {
    const { rate = 0 } = measured(stepsOf(task)) ?? {};
    assert(Math.abs(rate / task.perSecond - 1) < 0.1, String(rate));
  }));
});

Deno.test("measureProgress() moves the rate by less than half in a burst", () => {
  const bursts = fc.record({
    amounts: fc.array(fc.double({ min: 1e-3, max: 1e9, noNaN: true }), {
      minLength: 1,
      maxLength: 50,
    }),
    atMs: fc.integer({ min: 0, max: 50 }),
  });
  fc.assert(fc.property(steadyTasks, bursts, (task, { amounts, atMs }) => {
    const steps = stepsOf(task);
    const before = measured(steps)?.rate ?? 0;
    let last = steps.at(-1);
    for (const amount of amounts) {
      assert(last);
      last = {
        ...last,
        current: (last.current ?? 0) + amount * task.perSecond,
        atMs: last.atMs + atMs / amounts.length,
      };
      steps.push(last);
    }
    const after = measured(steps)?.rate ?? 0;
    assert(Math.abs(after / before - 1) < 0.5, `${before} ${after}`);
    // The next event after the burst shows the burst's amount.
    assert(last);
    const meanMs = last.atMs / steps.length;
    steps.push({
      ...last,
      current: (last.current ?? 0) + meanMs * task.perSecond / 1_000,
      atMs: last.atMs + meanMs,
    });
    const next = measured(steps)?.rate ?? 0;
    assert(Math.abs(next / before - 1) < 0.5, `${before} ${next}`);
  }));
});

Deno.test("measureProgress() follows a lasting change of the rate", () => {
  const steps = steady(20);
  for (let index = 0; index < 30; index++) {
    const last = steps.at(-1);
    assert(last);
    steps.push({
      ...last,
      current: (last.current ?? 0) + 10,
      atMs: last.atMs + 1_000,
    });
  }
  const { rate = 0 } = estimates(steps);
  assert(rate > 9 && rate < 11, String(rate));
});
