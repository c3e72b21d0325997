import { assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import { closeCodes } from "../../src/protocol/close_codes.ts";
import { browserTest } from "../support/browser.ts";
import { published } from "../support/published.ts";
import { startTestServer, testApiKey, testSecret } from "../support/server.ts";
import { serve, taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { signToken } from "../support/tokens.ts";

/** The events seen by an `EventSource`, kept in the page. */
interface Seen {
  /**
   * The types of the events, with offsets for `task` and `sync`; `broken` and
   * `closed` for errors.
   */
  readonly log: string[];
}

/** Opens an `EventSource` in the page, never closed by the page. */
function watch(page: Page, url: string): Promise<void> {
  return page.evaluate((url) => {
    const log: string[] = [];
    const source = new EventSource(url);
    for (const type of ["connected", "sync", "task", "end"]) {
      source.addEventListener(type, ({ data }) => {
        const { offset } = JSON.parse(data);
        log.push(offset === undefined ? type : `${type} ${offset}`);
      });
    }
    source.addEventListener("error", (event) => {
      if (event instanceof MessageEvent) {
        log.push(`error ${JSON.parse(event.data).code}`);
      } else log.push(source.readyState === 2 ? "closed" : "broken");
    });
    (globalThis as unknown as { seen: Seen }).seen = { log };
  }, url);
}

/**
 * Waits until the page's `EventSource` has seen an event last; returns all
 * events until then.
 */
async function seenUntil(page: Page, last: string): Promise<string[]> {
  const handle = await page.waitForFunction((last) => {
    const { log } = (globalThis as unknown as { seen: Seen }).seen;
    const index = log.indexOf(last);
    return index < 0 ? undefined : log.slice(0, index + 1);
  }, last);
  return await handle.jsonValue() ?? [];
}

browserTest(
  "stops watching once the task has ended",
  startTestServer,
  async (page, server) => {
    await page.goto(server.origin);
    await watch(page, "/sse/realtime/videos/1");
    await seenUntil(page, "sync 0");
    await published(server, "videos/1", {}, { status: "done" });
    assertEquals(await seenUntil(page, "closed"), [
      "connected",
      "sync 0",
      "task 1",
      "task 2",
      "end",
      "broken", // the stream ended
      "closed", // by the 204 of the reconnect
    ]);
  },
);

browserTest(
  "resumes a broken stream without gap or duplicate",
  startTestServer,
  async (page, server) => {
    await page.goto(server.origin);
    await watch(page, "/sse/realtime/a");
    await seenUntil(page, "sync 0");
    await published(server, "a", {});
    await seenUntil(page, "task 1");
    const [connection] = server.services.registry.list();
    connection?.close(closeCodes.tooSlow, { code: "too_slow", message: "" });
    await published(server, "a", {}, {}, { status: "done" });
    assertEquals(await seenUntil(page, "end"), [
      "connected",
      "sync 0",
      "task 1",
      "error too_slow",
      "broken",
      "connected",
      "sync 1",
      "task 2",
      "task 3",
      "task 4",
      "end",
    ]);
  },
);

/** A server started by the command line, restartable. */
async function serveAgain() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempDir());
  const options = {
    cwd: folder.path,
    env: {
      TASKWIRE_JWT_SECRET: testSecret,
      TASKWIRE_API_KEYS: testApiKey,
      TASKWIRE_DRAIN_TIMEOUT: "1",
    },
  };
  let running = await serve([], options);
  const { origin } = running;
  stack.defer(() => running[Symbol.asyncDispose]());
  const kept = stack.move();
  return {
    origin,
    async restart() {
      await running[Symbol.asyncDispose]();
      running = await serve(["--port", new URL(origin).port], options);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

browserTest(
  "reconnects to a restarted server, and misses no event",
  serveAgain,
  async (page, server) => {
    await page.goto(server.origin);
    const publish = async (...options: string[]) => {
      const args = ["publish", "a", ...options, "--url", server.origin];
      const env = { TASKWIRE_API_KEYS: testApiKey };
      const { code, stderr } = await taskwire(args, { env });
      assertEquals([code, stderr], [0, ""]);
    };
    await watch(page, "/sse/realtime/a");
    await seenUntil(page, "sync 0");
    await publish("--progress", "0.1");
    await seenUntil(page, "task 1");
    await server.restart();
    await publish("--progress", "0.2");
    await publish("--status", "done");
    const log = await seenUntil(page, "end");
    assertEquals(log.filter((entry) => entry !== "broken"), [
      "connected",
      "sync 0",
      "task 1",
      "error server_restarting",
      "connected",
      "sync 1",
      "task 2",
      "task 3",
      "end",
    ]);
  },
);

/** A page of a foreign origin, permitted or not. */
async function startForeign(isAllowed: boolean) {
  await using stack = new AsyncDisposableStack();
  const foreign = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () =>
      new Response("<title>foreign</title><link rel=icon href=data:,>", {
        headers: { "Content-Type": "text/html" },
      }),
  );
  stack.defer(() => foreign.shutdown());
  const foreignOrigin = `http://127.0.0.1:${foreign.addr.port}`;
  const server = stack.use(
    await startTestServer({
      config: { origins: isAllowed ? [foreignOrigin] : [] },
    }),
  );
  const kept = stack.move();
  return {
    origin: server.origin,
    foreignOrigin,
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

browserTest(
  "passes its token in a header from an allowed origin",
  () => startForeign(true),
  async (page, { origin, foreignOrigin }) => {
    await page.goto(foreignOrigin);
    const text = await page.evaluate(async ({ url, token }) => {
      const response = await fetch(url, {
        headers: { Authorization: `Bearer ${token}`, "Last-Event-ID": "e:1" },
      });
      const reader = response.body?.getReader();
      const chunk = await reader?.read();
      await reader?.cancel();
      return new TextDecoder().decode(chunk?.value);
    }, {
      url: `${origin}/sse/realtime/a`,
      token: await signToken({ sub: "42" }),
    });
    assertMatch(text, /"user_id":42,"auth_status":"authenticated"/);
    await watch(page, `${origin}/sse/realtime/a`);
    await seenUntil(page, "sync 0");
  },
);
