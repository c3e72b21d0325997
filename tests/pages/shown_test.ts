import { assert, assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest } from "../support/browser.ts";
import {
  openConsole,
  publishAll,
  rowOf,
  startConsole,
} from "../support/console.ts";
import { testApiKey } from "../support/server.ts";

/** Opens the playground for a task. */
async function openPage(page: Page, origin: string, id: string) {
  await page.goto(`${origin}/?id=${encodeURIComponent(id)}`);
  await page.locator("#connection-state[data-status=connected]").waitFor();
}

/** Waits until a bar has a value, in per cent. */
async function bar(page: Page, within: string, percent: number) {
  await page.locator(
    `${within} [role=progressbar][aria-valuenow="${percent}"]`,
  ).waitFor();
}

for (const language of ["C", "en-US@posix", ""]) {
  browserTest(
    `shows the console where the browser's language is '${language}'`,
    startConsole,
    async (page, { origin }) => {
      await page.addInitScript((value) => {
        Object.defineProperty(navigator, "language", {
          value,
          configurable: true,
        });
      }, language);
      await publishAll(origin, [{ connection_id: "a", progress: 0.5 }]);
      await openConsole(page, origin);
      await bar(page, rowOf("a"), 50);
    },
  );
}

browserTest(
  "counts every per cent, and 100 only at the end",
  startConsole,
  async (page, { origin }) => {
    const tasks = [
      ["a", { current: 29, total: 100 }, 29],
      ["b", { current: 57, total: 100 }, 57],
      ["c", { progress: 0.9999 }, 99.9],
      ["d", { progress: 0.42, status: "failed" }, 42],
      ["e", { progress: 0.42, status: "succeeded" }, 100],
    ] as const;
    for (const [connection_id, event] of tasks) {
      await publishAll(origin, [{ connection_id, ...event }]);
    }
    await openConsole(page, origin);
    for (const [id, , percent] of tasks) await bar(page, rowOf(id), percent);
    for (const [id, , percent] of tasks) {
      await openPage(page, origin, id);
      await bar(page, `[data-connection-id="${id}"]`, percent);
    }
  },
);

browserTest(
  "isolates ids and messages, and shows their control characters",
  startConsole,
  async (page, { origin }) => {
    const id = "a\u202eb";
    await publishAll(origin, [{
      connection_id: id,
      message: "שלום\u2067 \u0007",
    }]);
    const shown = ["a[U+202E]b", "שלום[U+2067] [U+0007]"];
    await openConsole(page, origin);
    await page.locator(rowOf(id)).waitFor();
    assertEquals(
      await page.locator(`${rowOf(id)} bdi`).allTextContents(),
      shown,
    );
    await page.click(`${rowOf(id)} button`);
    await page.locator("#details-title bdi").filter({ hasText: shown[0] ?? "" })
      .waitFor();
    await page.locator("#snapshot").filter({ hasText: shown[0] ?? "" })
      .waitFor();
    await openPage(page, origin, id);
    const card = `article[data-connection-id="${id}"]`;
    await page.locator(`${card}[data-status=running]`).waitFor();
    assertEquals(await page.locator(`${card} bdi`).allTextContents(), shown);
  },
);

browserTest(
  "shows JSON that would fill megabytes, up to a length",
  startConsole,
  async (page, { origin }) => {
    const depth = 990;
    const numbers = Array(31_000).fill(1).join(",");
    const data = "[".repeat(depth) + numbers + "]".repeat(depth);
    await openPage(page, origin, "deep");
    const response = await fetch(`${origin}/api/tasks/deep/events`, {
      method: "POST",
      headers: {
        "Authorization": `Bearer ${testApiKey}`,
        "Content-Type": "application/json",
      },
      body: `{"data":${data}}`,
    });
    assertEquals(response.status, 201);
    await response.body?.cancel();
    await page.locator('[data-connection-id="deep"][data-status=running]')
      .waitFor();
    await openConsole(page, origin);
    await page.click(`${rowOf("deep")} button`);
    const snapshot = page.locator("#snapshot").filter({ hasText: '"deep"' });
    await snapshot.waitFor();
    const { length } = await snapshot.textContent() ?? "";
    assert(length > 60_000 && length <= 100_000, String(length));
  },
);

browserTest(
  "stops reconnecting after a final error, with any close code",
  startConsole,
  async (page, { origin }) => {
    let connections = 0;
    await page.routeWebSocket(/\/ws\//, (socket) => {
      connections += 1;
      socket.send(
        '{"type":"error","code":"origin_not_allowed","message":"Why"}',
      );
      socket.close({ code: 3000 });
    });
    await page.goto(`${origin}/?id=a`);
    await page.locator("#connection-state[data-status=disconnected]").waitFor();
    assertEquals(connections, 1);
  },
);

browserTest(
  "shows that a task was deleted",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [{ connection_id: "a" }]);
    await openPage(page, origin, "a");
    await page.locator("article[data-status=running]").waitFor();
    const response = await fetch(`${origin}/api/tasks/a`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${testApiKey}` },
    });
    await response.body?.cancel();
    await page.locator("article").filter({ hasText: "The task was deleted." })
      .waitFor();
  },
);
