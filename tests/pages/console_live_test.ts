import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "../support/browser.ts";
import {
  openConsole,
  publishAll,
  rowOf,
  startConsole,
} from "../support/console.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { testApiKey } from "../support/server.ts";

const keyed = { headers: { Authorization: `Bearer ${testApiKey}` } };

/** Waits until a task's bar has a value, in per cent. */
async function bar(page: Page, id: string, status: string, percent: number) {
  await page.locator(
    `${
      rowOf(id)
    }[data-status=${status}] [role=progressbar][aria-valuenow="${percent}"]`,
  ).waitFor();
}

/** Returns the ids of the shown tasks from top to bottom. */
function idsOf(page: Page): Promise<(string | null)[]> {
  return page.locator("#task-table [data-connection-id]").evaluateAll((rows) =>
    rows.map((row) => row.getAttribute("data-connection-id"))
  );
}

async function forget(origin: string, id: string) {
  const response = await fetch(`${origin}/api/tasks/${id}`, {
    method: "DELETE",
    ...keyed,
  });
  assertEquals(response.status, 204);
}

/** Leaves all requests for a page of tasks unanswered: only the stream remains. */
async function withholdPages(page: Page) {
  await page.route("**/api/tasks?*", async (route) => {
    const { accept } = route.request().headers();
    if (accept === "text/event-stream") await route.continue();
  });
}

browserTest(
  "follows all tasks in the console by the stream alone",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [{ connection_id: "early", progress: 0.1 }]);
    await withholdPages(page);
    await openConsole(page, origin);
    await bar(page, "early", "running", 10);
    await publishAll(origin, [{ connection_id: "late", progress: 0.2 }]);
    await bar(page, "late", "running", 20);
    await publishAll(origin, [{ connection_id: "late", progress: 0.7 }]);
    await bar(page, "late", "running", 70);
    await page.getByRole("button", { name: "late" }).click();
    await page.locator("#details [aria-valuenow='70']").waitFor();
    await publishAll(origin, [{ connection_id: "late", status: "succeeded" }]);
    await bar(page, "late", "succeeded", 100);
    await page.keyboard.press("Escape");
    await forget(origin, "early");
    await page.locator(rowOf("early")).waitFor({ state: "detached" });
  },
);

browserTest(
  "keeps the rows of running tasks in place in the console",
  startConsole,
  async (page, { origin }) => {
    for (const connection_id of ["old", "middle", "new"]) {
      await publishAll(origin, [{ connection_id, progress: 0.1 }]);
    }
    await openConsole(page, origin);
    await bar(page, "new", "running", 10);
    assertEquals(await idsOf(page), ["new", "middle", "old"]);
    await publishAll(origin, [{ connection_id: "old", progress: 0.2 }]);
    await bar(page, "old", "running", 20);
    assertEquals(await idsOf(page), ["new", "middle", "old"]);
    await publishAll(origin, [{ connection_id: "old", status: "failed" }]);
    await bar(page, "old", "failed", 20);
    assertEquals(await idsOf(page), ["old", "new", "middle"]);
  },
);

browserTest(
  "keeps in the console the tasks beyond the newest of the stream",
  startConsole,
  async (page, { origin }) => {
    await publishAll(
      origin,
      Array.from({ length: 600 }, (_, index) => ({
        connection_id: String(index),
      })),
    );
    await openConsole(page, origin);
    const count = (text: string) =>
      page.locator(".chip[data-status=running]", { hasText: text }).waitFor();
    await count("running 600");
    await withholdPages(page);
    // Each pushes another task out of the newest.
    await publishAll(origin, [
      { connection_id: "0" },
      { connection_id: "more" },
      { connection_id: "1" },
    ]);
    await count("running 601");
    await forget(origin, "more");
    await count("running 600");
    await forget(origin, "599");
    await count("running 599");
  },
);

/** Starts a server behind a network that can be cut. */
async function startBehindCut() {
  const served = await startConsole();
  const { origin, cut, mend, ...proxy } = cutProxy(served.origin);
  return {
    origin,
    foreignOrigin: served.origin,
    cut,
    mend,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await served[Symbol.asyncDispose]();
    },
  };
}

browserTest(
  "catches up in the console after an interruption",
  startBehindCut,
  async (page, { origin, foreignOrigin, cut, mend }) => {
    await publishAll(foreignOrigin, [
      { connection_id: "a", progress: 0.1 },
      { connection_id: "b" },
    ]);
    await openConsole(page, origin);
    await bar(page, "a", "running", 10);
    cut();
    await page.locator("#state[data-state=off]").waitFor();
    await publishAll(foreignOrigin, [
      { connection_id: "a", progress: 0.5 },
      { connection_id: "c", progress: 0.2 },
    ]);
    await forget(foreignOrigin, "b");
    mend();
    await bar(page, "c", "running", 20);
    await bar(page, "a", "running", 50);
    await page.locator("#state[data-state=live]").waitFor();
    await page.locator(rowOf("b")).waitFor({ state: "detached" });
  },
  { expected: /ERR_/ },
);

browserTest(
  "signs out a console if an operator closes its stream",
  startConsole,
  async (page, { origin }) => {
    await openConsole(page, origin);
    const answer = await fetch(`${origin}/api/connections`, keyed);
    const [{ id, route }] = (await answer.json()).connections;
    assertEquals(route, "tasks_sse");
    const response = await fetch(`${origin}/api/connections/${id}`, {
      method: "DELETE",
      ...keyed,
    });
    assertEquals(response.status, 204);
    await page.locator("#login-error", {
      hasText: "An operator closed the connection of this console.",
    }).waitFor();
    await page.locator("#views").waitFor({ state: "hidden" });
  },
);

browserTest(
  "follows the tasks in the console only while they are shown",
  startConsole,
  async (page, { origin }) => {
    await openConsole(page, origin);
    await page.getByRole("link", { name: "Connections" }).click();
    await page.getByText("Nobody is connected.").waitFor();
    await publishAll(origin, [{ connection_id: "a", progress: 0.1 }]);
    await page.getByRole("link", { name: "Tasks" }).click();
    await bar(page, "a", "running", 10);
  },
);
