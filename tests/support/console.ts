import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { findViolations } from "./axe.ts";
import { testApiKey, testSecret } from "./server.ts";
import { serve } from "./taskwire.ts";

/** Starts a server with the tests' secret and key. */
export const startConsole = (...args: readonly string[]) =>
  serve(args, {
    env: { TASKWIRE_JWT_SECRET: testSecret, TASKWIRE_API_KEYS: testApiKey },
  });

/** A row of the console's tasks. */
export const rowOf = (id: string) => `tr[data-connection-id="${id}"]`;

/** Opens a view of the console, signed in, and waits until the view is live. */
export async function openConsole(
  page: Page,
  origin: string,
  { view = "tasks", key = testApiKey } = {},
): Promise<void> {
  await page.goto(`${origin}/console#/${view}`);
  await page.fill("#key", key);
  await page.click("#sign-in");
  await page.locator("#state[data-state=live]").waitFor();
}

/** Publishes events. Fails if an event is refused. */
export async function publishAll(
  origin: string,
  events: readonly Record<string, unknown>[],
): Promise<void> {
  const response = await fetch(`${origin}/api/events`, {
    method: "POST",
    headers: { Authorization: `Bearer ${testApiKey}` },
    body: events.map((event) => JSON.stringify(event)).join("\n"),
  });
  const lines = (await response.text()).trim().split("\n");
  assertEquals(lines.length, events.length);
  assertEquals(lines.filter((line) => !("offset" in JSON.parse(line))), []);
}

/** Publishes steps of a task until the server estimates the end. */
export async function publishMoving(
  origin: string,
  event: { readonly connection_id: string } & Record<string, unknown>,
): Promise<void> {
  const id = encodeURIComponent(event.connection_id);
  for (let current = 1;; current++) {
    const amounts = { current, total: 10_000_000, unit: "rows" };
    await publishAll(origin, [{ ...event, ...amounts }]);
    const response = await fetch(`${origin}/api/tasks/${id}`, {
      headers: { Authorization: `Bearer ${testApiKey}` },
    });
    if ((await response.json()).eta !== undefined) return;
  }
}

/** Returns axe's serious findings about the page. */
export async function findBarriers(page: Page): Promise<string[]> {
  const violations = await findViolations(page);
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ text }) => text);
}
