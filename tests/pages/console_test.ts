import {
  assert,
  assertEquals,
  assertFalse,
  assertStringIncludes,
} from "@std/assert";
import type { Page } from "playwright-core";
import { browserTest, screenshot } from "../support/browser.ts";
import {
  openConsole,
  publishAll,
  rowOf,
  startConsole,
} from "../support/console.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { TestSocket } from "../support/socket.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** Waits until a task's bar has a value, in per cent. */
async function bar(page: Page, id: string, status: string, percent: number) {
  await page.locator(
    `${
      rowOf(id)
    }[data-status=${status}] [role=progressbar][aria-valuenow="${percent}"]`,
  ).waitFor();
}

/** Waits until an element contains a text. */
async function text(page: Page, selector: string, expected: string | RegExp) {
  await page.locator(selector).filter({ hasText: expected }).waitFor();
}

browserTest(
  "shows lost and failed tasks first in the console, and moves the bars",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [
      { connection_id: "broken", progress: 0.9 },
      { connection_id: "broken", status: "failed", message: "no space left" },
      { connection_id: "silent", progress: 0.3, lease: 1 },
      { connection_id: "done", status: "succeeded" },
      { connection_id: "waiting", status: "queued" },
      { connection_id: "a/b", progress: 0.25, message: "转码中", lease: 600 },
    ]);
    await openConsole(page, origin);
    await bar(page, "silent", "lost", 30);
    await bar(page, "a/b", "running", 25);
    const ids = await page.locator("#task-table [data-connection-id]")
      .evaluateAll((rows) =>
        rows.map((row) => row.getAttribute("data-connection-id"))
      );
    assertEquals(ids, ["silent", "broken", "a/b", "waiting", "done"]);
    await text(page, rowOf("broken"), "no space left");
    await text(page, rowOf("silent"), "ran out");
    await text(page, rowOf("a/b"), /min \d+ s left/);

    await publishAll(origin, [{ connection_id: "a/b", progress: 0.75 }]);
    await bar(page, "a/b", "running", 75);
    await publishAll(origin, [{ connection_id: "new", progress: 0.5 }]);
    await bar(page, "new", "running", 50);
    await publishAll(origin, [{ connection_id: "a/b", status: "succeeded" }]);
    await bar(page, "a/b", "succeeded", 100);
    await text(page, ".chip[data-status=succeeded]", "succeeded 2");
  },
);

browserTest(
  "shows watchers in the console, and removes deleted tasks",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [{ connection_id: "a" }, { connection_id: "b" }]);
    await openConsole(page, origin);
    const watchers = `${rowOf("a")} [data-label=Watchers]`;
    await text(page, watchers, /^0$/);
    await using socket = new TestSocket(
      `${origin.replace("http", "ws")}/ws/realtime/a`,
    );
    await socket.nextOf("sync");
    await text(page, watchers, /^1$/);
    const response = await fetch(`${origin}/api/tasks/b`, {
      method: "DELETE",
      headers: { Authorization: `Bearer ${testApiKey}` },
    });
    assertEquals(response.status, 204);
    await page.locator(rowOf("b")).waitFor({ state: "detached" });
  },
);

browserTest(
  "shows one task in the console, and asks its worker to stop",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [
      { connection_id: "a", progress: 0.1, message: "first" },
      { connection_id: "a", progress: 0.2, data: { rows: 7 } },
    ]);
    await openConsole(page, origin);
    await page.getByRole("button", { name: "a", exact: true }).click();
    await text(page, "#snapshot", '"rows": 7');
    await text(page, "#events", "first");
    assertEquals(await page.locator("#events tbody tr").count(), 2);
    await publishAll(origin, [{ connection_id: "a", message: "third" }]);
    await text(page, "#events tbody tr:first-child", "third");

    await page.click("#details-cancel");
    await page.click("#confirm-no");
    assertEquals(await page.textContent("#details-cancel"), "Ask to cancel");
    await page.click("#details-cancel");
    await page.click("#confirm-yes");
    await text(page, "#details-cancel", "Cancel requested");
    const answer = await fetch(`${origin}/api/tasks/a/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testApiKey}` },
      body: '{"status":"canceled"}',
    });
    assertEquals((await answer.json()).cancel_requested, true);
    await page.locator("#details-cancel").waitFor({ state: "hidden" });
  },
);

browserTest(
  "lists connections in the console and closes one with 4409",
  startConsole,
  async (page, { origin }) => {
    const url = `${origin.replace("http", "ws")}/ws/realtime/`;
    await using guest = new TestSocket(`${url}videos/1`);
    await guest.nextOf("sync");
    const token = await signToken({ sub: "ada" });
    await using user = new TestSocket(`${url}b?token=${token}`);
    await user.nextOf("sync");
    await openConsole(page, origin, { view: "connections" });
    await text(page, "#connections-note", "2 open");
    const row = page.locator("#connection-table tbody tr");
    await page.fill("#connection-filter", "ADA");
    await text(page, "#connections-note", "1 match, of 2 open");
    for (const shown of ["ada", "authenticated", "realtime", "127.0.0.1"]) {
      await row.filter({ hasText: shown }).waitFor();
    }
    await row.getByRole("button").click();
    await page.click("#confirm-no");
    await row.getByRole("button").click();
    await text(page, "#confirm", "127.0.0.1");
    await page.click("#confirm-yes");
    assertEquals((await user.closed).code, 4409);
    await text(page, "#notice", "Closed the connection");
    await page.fill("#connection-filter", "");
    await text(page, "#connections-note", "1 open");
    assertEquals(guest.raw.readyState, WebSocket.OPEN);
  },
);

browserTest(
  "shows in the console the reason for a rejected key",
  startConsole,
  async (page, { origin }) => {
    const attempts: [string, RegExp][] = [
      ["", /Type an API key/],
      ["wrong", /not accepted.*neither in TASKWIRE_API_KEYS nor a JWT/],
      ["密钥", /not accepted.*letters, digits and signs/],
      [
        await signToken({ sub: "1", exp: secondsFromNow(-60) }),
        /not accepted.*expired/,
      ],
      [
        await signToken({ sub: "1", scope: "publish" }),
        /not enough.*none of: admin/,
      ],
    ];
    await page.goto(`${origin}/console`);
    for (const [key, message] of attempts) {
      await page.fill("#key", key);
      await page.click("#sign-in");
      await text(page, "#login-error", message);
      await text(page, "#state", "Signed out");
      assertFalse(await page.locator("#views").isVisible());
    }
    await page.fill("#key", await signToken({ sub: "1", scope: "admin" }));
    await page.click("#sign-in");
    await text(page, "#state", "Live");
  },
  { expected: /status of 40[13]/ },
);

browserTest(
  "keeps the console's key only in the tab, out of every URL",
  startConsole,
  async (page, { origin }) => {
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    await openConsole(page, origin);
    await page.reload();
    await text(page, "#state", "Live");
    assert(urls.length > 10);
    assertEquals(urls.filter((url) => url.includes(testApiKey)), []);
    const kept = await page.evaluate(() => ({
      local: localStorage.length,
      cookie: (globalThis as unknown as { document: { cookie: string } })
        .document.cookie,
      session: Object.values({ ...sessionStorage }),
    }));
    assertEquals(kept, { local: 0, cookie: "", session: [testApiKey] });
    await page.click("#sign-out");
    await page.locator("#login-form").waitFor();
    assertEquals(await page.evaluate(() => sessionStorage.length), 0);
    assertEquals(await page.inputValue("#key"), "");
  },
);

browserTest(
  "shows the routes and the configuration in the console, without secrets",
  startConsole,
  async (page, { origin }) => {
    await openConsole(page, origin, { view: "server" });
    await text(page, "#routes tr:nth-child(1)", "/ws/realtime/{connection_id");
    assertEquals(await page.locator("#routes [data-status=ok]").count(), 3);
    for (const name of ["TASKWIRE_JWT_SECRET", "TASKWIRE_API_KEYS"]) {
      await text(page, `#settings tr:has-text("${name}") .value`, "(hidden)");
    }
    const content = await page.content();
    for (const secret of [testApiKey, testSecret]) {
      assertFalse(content.includes(secret));
    }
    assertStringIncludes(content, "TASKWIRE_MESSAGE_RATE");
  },
);

browserTest(
  "draws publishes and deliveries in the console",
  startConsole,
  async (page, { origin }) => {
    await using socket = new TestSocket(
      `${origin.replace("http", "ws")}/ws/realtime/a`,
    );
    await socket.nextOf("sync");
    await openConsole(page, origin, { view: "throughput" });
    await publishAll(
      origin,
      Array.from({ length: 30 }, () => ({ connection_id: "a" })),
    );
    await text(page, "#totals", "Published since start30");
    await text(page, "#totals", "Delivered since start30");
    assertEquals(await page.locator("#charts canvas").count(), 4);
    // A blank canvas has a single color.
    const colors = await page.locator("#charts canvas").evaluateAll((all) =>
      all.map((canvas) => {
        const { width, height, getContext } = canvas as unknown as {
          width: number;
          height: number;
          getContext(kind: "2d"): {
            getImageData(...box: number[]): { data: Uint8ClampedArray };
          };
        };
        const { data } = getContext.call(canvas, "2d")
          .getImageData(0, 0, width, height);
        return new Set(new Uint32Array(data.buffer)).size;
      })
    );
    assert(colors.every((count) => count > 1), String(colors));
  },
);

browserTest(
  "stays usable in the console with 10,000 tasks",
  startConsole,
  async (page, { origin }) => {
    await publishAll(
      origin,
      Array.from({ length: 10_000 }, (_, index) => ({
        connection_id: `import/${index}`,
        status: index === 17 ? "failed" : "running",
        progress: index / 10_000,
      })),
    );
    await openConsole(page, origin);
    await text(page, ".chip[data-status=running]", "running 9,999");
    const rows = page.locator("#task-table tbody tr");
    assertEquals(await rows.count(), 50);
    await text(page, "#task-table tbody tr:first-child", "import/17");
    await text(page, "#task-pager", "1 to 50 of 10,000");
    await page.getByRole("button", { name: "Next" }).click();
    await text(page, "#task-pager", "51 to 100 of 10,000");
    assertEquals(await rows.count(), 50);

    await page.fill("#task-filter", "IMPORT/4321");
    await rows.nth(1).waitFor({ state: "detached" });
    await bar(page, "import/4321", "running", 43.2);
    await publishAll(origin, [{ connection_id: "import/4321", progress: 0.9 }]);
    await bar(page, "import/4321", "running", 90);
    await page.fill("#task-filter", "");
    await page.click(".chip[data-status=failed]");
    await rows.nth(1).waitFor({ state: "detached" });
    await text(page, "#task-table tbody", "import/17");
    await screenshot(page, "console-filtered");
  },
);

browserTest(
  "works in the console by keyboard alone",
  startConsole,
  async (page, { origin }) => {
    await publishAll(origin, [
      { connection_id: "first" },
      { connection_id: "second" },
    ]);
    const { keyboard } = page;
    /** Presses Tab until the focus has a text. */
    const tabTo = async (expected: string) => {
      const passed: string[] = [];
      while (passed.at(-1) !== expected && passed.length < 30) {
        await keyboard.press("Tab");
        passed.push(await page.locator(":focus").textContent() ?? "");
      }
      assertEquals(passed.at(-1), expected, passed.join(" | "));
    };
    await page.goto(`${origin}/console`);
    await page.locator("#key:focus").waitFor();
    await keyboard.type(testApiKey);
    await keyboard.press("Enter");
    await text(page, "#state", "Live");
    await tabTo("Connections");
    await keyboard.press("Enter");
    await text(page, "#connections-note", "Nobody is connected");
    await keyboard.press("/");
    await page.locator("#connection-filter:focus").waitFor();
    await keyboard.press("Shift+Tab"); // to the button that signs out
    for (const view of ["Server", "Throughput", "Connections", "Tasks"]) {
      await keyboard.press("Shift+Tab");
      assertEquals(await page.locator(":focus").textContent(), view);
    }
    await keyboard.press("Enter");
    await page.locator(rowOf("first")).waitFor();
    await keyboard.press("/");
    await keyboard.type("sec/");
    assertEquals(await page.inputValue("#task-filter"), "sec/");
    await keyboard.press("Backspace");
    await page.locator(rowOf("first")).waitFor({ state: "detached" });
    await tabTo("second");
    await keyboard.press("Enter");
    await text(page, "#details-title", "second");
    await tabTo("Ask to cancel");
    await keyboard.press("Enter");
    await page.locator("#confirm-no:focus").waitFor();
    await keyboard.press("Escape");
    await page.locator("#details-cancel:focus").waitFor();
    await keyboard.press("Escape");
    await page.locator(".link:focus", { hasText: "second" }).waitFor();
  },
);

browserTest(
  "works in the console behind a proxy's prefix, and shows a server that is down",
  startProxied,
  async (page, { origin, stopServer }) => {
    await openConsole(page, `${origin}/ops/taskwire`);
    await stopServer();
    await text(page, "#state", "Retrying");
    assert(await page.locator("#views").isVisible());
  },
  { expected: /status of 50[23]/ },
);

browserTest(
  "asks for the console's key again when it is no longer accepted",
  startConsole,
  async (page, { origin }) => {
    await openConsole(page, origin);
    const problem = { status: 401, detail: "The token has expired" };
    await page.route("**/api/tasks?*", (route) =>
      route.fulfill({
        status: 401,
        contentType: "application/problem+json",
        body: JSON.stringify(problem),
      }));
    await text(page, "#login-error", /not accepted. The token has expired/);
    assertFalse(await page.locator("#task-table").isVisible());
    assertEquals(await page.evaluate(() => sessionStorage.length), 0);
  },
  { expected: /status of 401/ },
);

browserTest(
  "sends no request while the console is hidden",
  startConsole,
  async (page, { origin }) => {
    await openConsole(page, origin);
    const hide = (isHidden: boolean) =>
      page.evaluate((isHidden) => {
        const { document } = globalThis as unknown as { document: EventTarget };
        Object.defineProperty(document, "hidden", {
          configurable: true,
          value: isHidden,
        });
        document.dispatchEvent(new Event("visibilitychange"));
      }, isHidden);
    await hide(true);
    await text(page, "#state", "Paused while hidden");
    const urls: string[] = [];
    page.on("request", (request) => urls.push(request.url()));
    await publishAll(origin, [{ connection_id: "a" }]);
    assertEquals(urls, []);
    await hide(false);
    await page.locator(rowOf("a")).waitFor();
    await text(page, "#state", "Live");
  },
);

/** Starts a server behind a proxy with a path prefix. */
async function startProxied() {
  const served = await startConsole();
  const proxy = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const { pathname, search } = new URL(request.url);
      const path = pathname.replace(/^\/ops\/taskwire(?=\/)/, "");
      if (path === pathname) return new Response(null, { status: 404 });
      try {
        return await fetch(served.origin + path + search, {
          headers: request.headers,
        });
      } catch {
        return new Response("no server", { status: 502 });
      }
    },
  );
  return {
    origin: `http://127.0.0.1:${proxy.addr.port}`,
    stopServer: async () => await served[Symbol.asyncDispose](),
    async [Symbol.asyncDispose]() {
      await proxy.shutdown();
      await served[Symbol.asyncDispose]();
    },
  };
}

browserTest(
  "shows in the console the throughput of all workers",
  () => startConsole("--workers", "2"),
  async (page, { origin }) => {
    const ws = origin.replace("http", "ws");
    await using stack = new AsyncDisposableStack();
    for (let count = 0; count < 12; count++) {
      const socket = stack.use(new TestSocket(`${ws}/ws/realtime/a`));
      await socket.nextOf("sync");
    }
    await publishAll(origin, [{ connection_id: "a" }]);
    await openConsole(page, origin, { view: "throughput" });
    await text(page, "#totals", "Delivered since start12");
    await text(page, "#totals", "Connections12");
    await text(page, "#totals", /Nodes2$/);
  },
);
