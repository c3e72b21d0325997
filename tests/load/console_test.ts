import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { delay } from "../../src/async/delay.ts";
import { printLine } from "../../src/terminal/output.ts";
import { browserTest } from "../support/browser.ts";
import { openConsole, publishAll, startConsole } from "../support/console.ts";

const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const eventsPerSecond = isFull ? 5_000 : 500;
const durationMs = isFull ? 20_000 : 3_000;
const tasks = 2_000;

/** Publishes steps of all tasks in turn at the rate, then a last round. */
async function publishSteps(origin: string): Promise<number> {
  const startedAtMs = performance.now();
  const elapsedMs = () => performance.now() - startedAtMs;
  let published = 0;
  const publish = async (count: number, current: number) => {
    const events = Array.from({ length: count }, (_, index) => ({
      connection_id: `import/${(published + index) % tasks}`,
      current,
      total: 1_000_000,
      unit: "rows",
      message: "writing rows",
      labels: ["import", "team:7"],
    }));
    await publishAll(origin, events);
    published += count;
  };
  while (elapsedMs() < durationMs) {
    const due = Math.floor(elapsedMs() / 1_000 * eventsPerSecond) - published;
    if (due > 0) await publish(Math.min(due, tasks), published);
    else await delay(5);
  }
  const rate = published / elapsedMs() * 1_000;
  await publish(tasks, 999_999);
  return rate;
}

/** Measures the page's main thread from now until the returned call. */
async function measure(page: Page): Promise<() => Promise<string>> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const read = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  };
  const before = await read();
  return async () => {
    const after = await read();
    const growth = (name: string) => (after[name] ?? 0) - (before[name] ?? 0);
    const share = (name: string) =>
      `${(growth(name) / growth("Timestamp") * 100).toFixed(0)} %`;
    const heap = (after.JSHeapUsedSize ?? 0) / 1e6;
    return `main thread ${share("TaskDuration")} (scripts ${
      share("ScriptDuration")
    }), heap ${heap.toFixed(0)} MB`;
  };
}

browserTest(
  `follows ${eventsPerSecond} changes a second in the console, and stays usable`,
  () => startConsole("--store", "memory:"),
  async (page, { origin }) => {
    await openConsole(page, origin);
    const finish = await measure(page);
    const publishing = publishSteps(origin);
    const names = page.locator("#task-table tbody .link");
    const opened: number[] = [];
    for (let row = 0; row < 3; row++) {
      await names.nth(row).waitFor();
      const startedAtMs = performance.now();
      await names.nth(row).click();
      await page.locator("#details[open] #snapshot").waitFor();
      opened.push(Math.round(performance.now() - startedAtMs));
      await page.keyboard.press("Escape");
    }
    const rate = await publishing;
    const figures = await finish();
    await page.locator(".chip[data-status=running]", { hasText: "2,000" })
      .waitFor();
    const rows = page.locator("#task-table tbody tr");
    await rows.filter({ hasText: "999,999 of 1,000,000" }).nth(49).waitFor();
    assertEquals(await rows.count(), 50);
    printLine(
      `${rate.toFixed(0)} events/s: ${figures}, details opened in ${
        opened.join(", ")
      } ms`,
    );
  },
);
