import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest, screenshot } from "../support/browser.ts";
import {
  findBarriers,
  openConsole,
  publishAll,
  publishMoving,
  rowOf,
  startConsole,
} from "../support/console.ts";

const cardOf = (id: string) => `article[data-connection-id="${id}"]`;

/** A button for a label in a row, in a dialog or on a card. */
const labelIn = (within: string, label: string) =>
  `${within} button[value="${label}"]`;

/** Waits until the console shows these tasks only. */
async function rows(page: Page, ...ids: string[]) {
  for (const id of ids) await page.locator(rowOf(id)).waitFor();
  await page.locator("#task-table tbody tr").nth(ids.length)
    .waitFor({ state: "detached" });
}

browserTest(
  "shows title, rate and time left in the console, until the task ends",
  startConsole,
  async (page, { origin }) => {
    await publishMoving(origin, {
      connection_id: "imports/1",
      title: "Orders of November",
    });
    await openConsole(page, origin);
    const row = page.locator(rowOf("imports/1"));
    await row.getByText("Orders of November", { exact: true }).waitFor();
    await row.locator(".id").getByText("imports/1").waitFor();
    await row.getByText(/^[\d.]+ rows\/s · \d.* left$/).waitFor();
    await page.fill("#task-filter", "november");
    await rows(page, "imports/1");

    await row.getByRole("button", { name: "Orders of November" }).click();
    const details = page.locator("#details");
    await details.locator("h2", { hasText: "Orders of November" }).waitFor();
    await details.locator("#details-id", { hasText: "imports/1" }).waitFor();
    await details.getByText(/^[\d.]+ rows\/s · \d.* left$/).waitFor();
    assertEquals(await findBarriers(page), []);
    await publishAll(origin, [
      { connection_id: "imports/1", status: "failed", title: null },
    ]);
    await details.getByText(/ left$/).waitFor({ state: "detached" });
    await details.locator("h2", { hasText: "imports/1" }).waitFor();
    await page.keyboard.press("Escape");
    await page.fill("#task-filter", "");
    await row.getByText(/ left$/).waitFor({ state: "detached" });
  },
);

browserTest(
  "filters by labels in the console, by the URL and by clicks",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [
      { connection_id: "a", labels: ["import", "team:7 & co?"] },
      { connection_id: "b", labels: ["import"] },
      { connection_id: "c", labels: ["team:7 & co?"] },
      { connection_id: "d" },
    ]);
    await openConsole(page, origin);
    await rows(page, "a", "b", "c", "d");
    await page.click(labelIn(rowOf("a"), "import"));
    await rows(page, "a", "b");
    assertStringIncludes(page.url(), "#/tasks?label=import");
    await page.locator(
      `${labelIn(rowOf("b"), "import")}[aria-pressed=true]`,
    ).waitFor();
    assertEquals(await findBarriers(page), []);
    await screenshot(page, "console-labels");

    await page.click(labelIn(rowOf("a"), "team:7 & co?"));
    await rows(page, "a");
    await publishAll(origin, [
      { connection_id: "e", labels: ["team:7 & co?", "import"] },
      { connection_id: "f", labels: ["import"] },
    ]);
    await rows(page, "a", "e");
    await page.reload();
    await rows(page, "a", "e");
    await page.getByRole("link", { name: "Throughput" }).click();
    await page.getByRole("link", { name: "Tasks" }).click();
    await rows(page, "a", "e");

    await page.getByRole("button", {
      name: "Remove the filter by label team:7 & co?",
    }).click();
    await rows(page, "a", "b", "e", "f");
    await page.goBack();
    await rows(page, "a", "e");
    await page.getByRole("button", { name: "e", exact: true }).click();
    await page.click(labelIn("#details", "import"));
    await page.locator("#details").waitFor({ state: "hidden" });
    await rows(page, "a", "c", "e");
    await page.click(labelIn("#chosen-labels", "team:7 & co?"));
    await rows(page, "a", "b", "c", "d", "e", "f");
  },
);

browserTest(
  "shows title, labels, rate and time left in the page, and filters by labels",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [
      { connection_id: "a", labels: ["import", "team:7"] },
      { connection_id: "b", labels: ["import"] },
    ]);
    await publishMoving(origin, {
      connection_id: "a",
      title: "Orders of November",
    });
    await page.goto(`${origin}/?id=a`);
    const card = page.locator(cardOf("a"));
    await card.locator("h3", { hasText: "Orders of November" }).waitFor();
    await card.locator(".id", { hasText: /^a$/ }).waitFor();
    await card.getByText(/rows · [\d.]+ rows\/s · \d.* left ·/).waitFor();
    await page.fill("#frame", '{"type":"subscribe","connection_id":"b"}');
    await page.click("#send");
    await page.locator(labelIn(cardOf("b"), "import")).waitFor();
    await screenshot(page, "page-labels");
    await page.click(labelIn(cardOf("a"), "team:7"));
    await page.locator(cardOf("b")).waitFor({ state: "hidden" });
    await page.emulateMedia({ colorScheme: "dark" });
    await page.setViewportSize({ width: 320, height: 640 });
    await screenshot(page, "page-filtered");
    assertEquals(await findBarriers(page), []);
    await page.click(labelIn("#chosen-labels", "team:7"));
    await page.locator(cardOf("b")).waitFor();
    await publishAll(origin, [{ connection_id: "a", status: "succeeded" }]);
    await card.getByText(/ left ·/).waitFor({ state: "detached" });
  },
);
