import { assertEquals } from "@std/assert";
import type { Page } from "playwright-core";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { browserTest } from "../support/browser.ts";
import { blocksOf, readGuidePage } from "../support/markdown.ts";
import { published } from "../support/published.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { signToken } from "../support/tokens.ts";

/** The blocks of the guide's page: the list, the socket and the stream. */
const [list = "", socket = "", stream = ""] = blocksOf(
  (await readGuidePage("lists")).text,
  "js",
);

/** Runs blocks of the guide in the page, with the functions that they use. */
async function run(
  page: Page,
  { origin }: TestServer,
  ...blocks: string[]
): Promise<void> {
  const token = await signToken({ sub: "ada" });
  const code = blocks.join("\n").replaceAll(
    "127.0.0.1:8000",
    new URL(origin).host,
  );
  await page.goto(origin);
  await page.evaluate(
    `{
      const token = ${JSON.stringify(token)};
      const show = (lines) => globalThis.shown = lines.join();
      ${code}
    }`,
  );
}

/** Waits until the page shows a list. */
async function shows(page: Page, lines: string): Promise<void> {
  await page.waitForFunction(
    (lines) => (globalThis as unknown as { shown: string }).shown === lines,
    lines,
  );
}

const ada = (title: string) => ({ user_id: "ada", title });

for (
  const [transport, block] of [["WebSocket", socket], [
    "Server-Sent Events",
    stream,
  ]] as const
) {
  browserTest(
    `shows a list by the guide's code over ${transport}`,
    startTestServer,
    async (page, server) => {
      await published(server, "a", ada("Customers"));
      await published(server, "b", ada("Orders"));
      await run(page, server, list, block);
      await shows(page, "Orders: running,Customers: running");
      await published(server, "a", { status: "succeeded" });
      await shows(page, "Customers: succeeded,Orders: running");
      await server.services.store.forget("b");
      await shows(page, "Customers: succeeded");
    },
  );
}

browserTest(
  "shows a fresh list after a broken stream",
  startTestServer,
  async (page, server) => {
    await published(server, "a", ada("Customers"));
    await run(page, server, list, stream);
    await shows(page, "Customers: running");
    const { registry, store } = server.services;
    const [connection] = registry.list();
    connection?.close(closeCodes.tooSlow, { code: "too_slow", message: "" });
    await store.forget("a");
    await published(server, "b", ada("Orders"));
    await shows(page, "Orders: running");
    assertEquals(registry.list().length, 1);
  },
);
