import { assert, assertEquals } from "@std/assert";
import { browserTest, screenshot } from "../support/browser.ts";
import {
  findBarriers,
  openConsole,
  publishAll,
  publishMoving,
  rowOf,
  startConsole,
} from "../support/console.ts";
import { TestSocket } from "../support/socket.ts";
import { signToken } from "../support/tokens.ts";

/** Each viewport and each color scheme once: the colors do not depend on the size. */
const looks = {
  "desktop-light": { width: 1280, height: 900, colorScheme: "light" },
  "phone-dark": { width: 320, height: 640, colorScheme: "dark" },
} as const;

/** Tasks in every state. */
const events = [
  {
    connection_id: "imports/orders-2026-11",
    status: "queued",
    title: "Orders of November",
    labels: ["import", "team:7"],
  },
  { connection_id: "uploads/123456", message: "receiving" },
  { connection_id: "mail/digest", progress: 0.4 },
  { connection_id: "mail/digest", status: "canceled" },
  { connection_id: "videos/intro.mp4", progress: 1, message: "done" },
  { connection_id: "videos/intro.mp4", status: "succeeded" },
  { connection_id: "models/train-12", progress: 0.9, attempt: 2 },
  {
    connection_id: "models/train-12",
    status: "failed",
    message: "CUDA out of memory: tried to allocate 2.4 GiB",
  },
  { connection_id: "reports/quarter-3", progress: 0.3, lease: 1 },
  {
    connection_id: "videos/lecture-07.mp4",
    current: 1_240,
    total: 2_000,
    unit: "frames",
    message: "transcoding",
    title: "Lecture 7: waves",
    labels: ["video", "team:7", "customer:university-of-somewhere"],
    lease: 600,
  },
];

for (const [name, { colorScheme, ...size }] of Object.entries(looks)) {
  browserTest(
    `finds no barrier in the console (axe), ${name}`,
    startConsole,
    async (page, { origin }) => {
      await publishAll(origin, events);
      await publishMoving(origin, {
        connection_id: "imports/customers",
        message: "writing",
      });
      const url = `${origin.replace("http", "ws")}/ws/realtime/`;
      await using guest = new TestSocket(`${url}videos/lecture-07.mp4`);
      await guest.nextOf("sync");
      const token = await signToken({ sub: "ada" });
      await using user = new TestSocket(`${url}uploads/1?token=${token}`);
      await user.nextOf("sync");
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.setViewportSize(size);
      const look = async (view: string) => {
        await screenshot(page, `console-${view}-${name}`);
        assertEquals(await findBarriers(page), [], view);
        const width = await page.evaluate(() =>
          (globalThis as unknown as {
            document: { documentElement: { scrollWidth: number } };
          }).document.documentElement.scrollWidth
        );
        assert(width <= size.width, `${view} is ${width} px wide`);
      };

      await page.goto(`${origin}/console`);
      await look("login");
      await openConsole(page, origin);
      await page.locator(`${rowOf("reports/quarter-3")}[data-status=lost]`)
        .waitFor();
      await look("tasks");
      await page.getByRole("button", { name: "Lecture 7: waves" }).click();
      await page.locator("#events tbody tr").first().waitFor();
      await look("details");
      await page.click("#details-cancel");
      await look("confirm");
      await page.keyboard.press("Escape");
      await page.keyboard.press("Escape");
      await page.getByRole("link", { name: "Connections" }).click();
      await page.locator("#connection-table tbody tr").nth(1).waitFor();
      await look("connections");
      await page.getByRole("link", { name: "Throughput" }).click();
      await page.locator("#charts canvas").nth(3).waitFor();
      await look("throughput");
      await page.getByRole("link", { name: "Server" }).click();
      await page.locator("#settings tbody tr").first().waitFor();
      await look("server");
    },
  );
}
