import { assertEquals, assertMatch } from "@std/assert";
import type { Page } from "playwright-core";
import type * as client from "../../src/client/mod.ts";
import { browserTest, type BrowserTestOptions } from "../support/browser.ts";
import { cutProxy } from "../support/cut_proxy.ts";
import { taskFrame } from "../support/fake_sockets.ts";
import { published } from "../support/published.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { greeting, serveStreams } from "../support/sse_fixture.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { secondsFromNow, signToken } from "../support/tokens.ts";

/** The state seen by the page. */
interface Seen {
  readonly updates: client.TaskUpdate[];
  readonly states: string[];
  readonly identities: string[];
  end?: string;
}

/** Chromium's messages about a server that is down. */
const expected: BrowserTestOptions = {
  expected:
    /ERR_(?:CONNECTION|INTERNET|EMPTY|INCOMPLETE|NETWORK)|WebSocket connection to .* failed|Failed to load resource/,
};

/** A restartable server behind a cuttable proxy. */
class RestartableServer implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #config: Parameters<typeof startTestServer>[0];
  readonly proxy: ReturnType<typeof cutProxy>;
  server: TestServer;

  private constructor(
    stack: AsyncDisposableStack,
    config: Parameters<typeof startTestServer>[0],
    server: TestServer,
  ) {
    this.#stack = stack;
    this.#config = config;
    this.server = server;
    stack.defer(() => this.server.stop());
    this.proxy = stack.use(cutProxy(server.origin));
  }

  static async start(): Promise<RestartableServer> {
    const stack = new AsyncDisposableStack();
    const folder = stack.use(await makeTempDir());
    const store = `sqlite:${folder.path}/tasks.db`;
    const config = { store, jwtLeewaySeconds: 0 };
    const server = await startTestServer({ config });
    return new RestartableServer(stack, { config }, server);
  }

  get origin(): string {
    return this.proxy.origin;
  }

  async restart(): Promise<void> {
    await this.server.stop();
    this.server = await startTestServer(this.#config);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Lets the page import the client from the server, and watch a task. */
async function watch(page: Page, origin: string, tokens: string[] = []) {
  await page.route(`${origin}/favicon.ico`, (route) => route.fulfill());
  // Any document of the server without a policy is suitable; a page made by
  // Playwright could not reach loopback.
  await page.goto(`${origin}/healthz`);
  await page.evaluate(async (tokens) => {
    const seen: Seen = { updates: [], states: [], identities: [] };
    const { watchTask }: typeof client = await import(
      `${globalThis.location.origin}/client.js`
    );
    const watching = watchTask("/", "a/b", {
      getToken: () => tokens.shift(),
      onState: ({ state, transport }) => {
        seen.states.push(`${state} ${transport}`);
      },
      onConnected: ({ auth_status }) => {
        seen.identities.push(auth_status);
      },
    });
    Object.assign(globalThis, { seen });
    (async () => {
      for await (const update of watching) seen.updates.push(update);
      seen.end = "done";
    })().catch((error) => seen.end = String(error.code));
  }, tokens);
}

/** Waits until the page's state fulfils a condition; returns the state. */
async function seenWhen(
  page: Page,
  condition: (seen: Seen) => boolean,
): Promise<Seen> {
  const handle = await page.waitForFunction<Seen | false, string>(
    (condition) => {
      const { seen } = globalThis as unknown as { seen: Seen };
      // deno-lint-ignore no-eval
      return globalThis.eval(`(${condition})`)(seen) && seen;
    },
    String(condition),
  );
  const seen = await handle.jsonValue();
  if (!seen) throw new Error("Nothing was seen");
  return seen;
}

/** Returns the offsets seen by the page. */
function offsetsOf({ updates }: Seen): unknown[] {
  return updates.map((update) => "offset" in update ? update.offset : update);
}

const progress = { progress: 0.5 };
const done = { status: "succeeded" };

browserTest(
  "runs client.js, which shows every step of a task over a restart of its server",
  () => RestartableServer.start(),
  async (page, served) => {
    await watch(page, served.origin);
    await seenWhen(page, ({ updates }) => updates.length === 1);
    await published(served.server, "a/b", progress, progress);
    await seenWhen(page, ({ updates }) => updates.length === 3);
    await served.restart();
    await published(served.server, "a/b", progress);
    served.proxy.mend(served.server.origin);
    await seenWhen(page, ({ updates }) => updates.length === 4);
    await published(served.server, "a/b", progress, done);
    const seen = await seenWhen(page, ({ end }) => end !== undefined);
    assertEquals(offsetsOf(seen), [0, 1, 2, 3, 4, 5]);
    assertEquals(seen.end, "done");
    assertEquals(seen.states.at(-1), "closed websocket");
  },
  expected,
);

browserTest(
  "runs client.js, which renews its token in the open socket",
  () => RestartableServer.start(),
  async (page, served) => {
    await published(served.server, "a/b", { user_id: "42" });
    const opened = page.waitForEvent("websocket");
    await watch(page, served.origin, [
      await signToken({ sub: "42", exp: secondsFromNow(3) }),
      await signToken({ sub: "42" }),
    ]);
    assertEquals(new URL((await opened).url()).search, "?watch=false");
    const { identities } = await seenWhen(
      page,
      ({ identities }) => identities.length === 2,
    );
    assertEquals(identities, ["authenticated", "authenticated"]);
    await published(served.server, "a/b", done);
    const seen = await seenWhen(page, ({ end }) => end !== undefined);
    assertEquals(offsetsOf(seen), [1, 2]);
    assertEquals(seen.states, [
      "connecting websocket",
      "open websocket",
      "closed websocket",
    ]);
  },
);

browserTest(
  "runs client.js, which resumes when its page is offline and online again",
  () => RestartableServer.start(),
  async (page, served) => {
    await watch(page, served.origin);
    await seenWhen(page, ({ updates }) => updates.length === 1);
    await page.context().setOffline(true);
    served.proxy.cut();
    await seenWhen(page, ({ states }) => states.includes("waiting websocket"));
    await published(served.server, "a/b", progress, progress);
    served.proxy.mend();
    await page.context().setOffline(false);
    await seenWhen(page, ({ updates }) => updates.length === 3);
    await published(served.server, "a/b", done);
    const seen = await seenWhen(page, ({ end }) => end !== undefined);
    assertEquals(offsetsOf(seen), [0, 1, 2, 3]);
  },
  expected,
);

browserTest(
  "runs client.js, which shows a list anew after a restart of its server",
  () => RestartableServer.start(),
  async (page, served) => {
    const ada = { user_id: "ada" };
    await published(served.server, "a", ada);
    await page.route(
      `${served.origin}/favicon.ico`,
      (route) => route.fulfill(),
    );
    await page.goto(`${served.origin}/healthz`);
    await page.evaluate(async (token) => {
      const { connect }: typeof client = await import(
        `${globalThis.location.origin}/client.js`
      );
      const lists = connect("/", { getToken: () => token }).list({
        mine: true,
      });
      (async () => {
        for await (const { tasks } of lists) {
          const ids = tasks.map(({ connection_id }) => connection_id);
          Object.assign(globalThis, { ids: ids.join() });
        }
      })();
    }, await signToken({ sub: "ada" }));
    const shows = (ids: string) =>
      page.waitForFunction(
        (ids) => Reflect.get(globalThis, "ids") === ids,
        ids,
      );
    await shows("a");
    await published(served.server, "b", ada);
    await shows("b,a");
    await served.restart();
    await served.server.services.store.forget("a");
    await published(served.server, "c", ada);
    served.proxy.mend(served.server.origin);
    await shows("c,b");
  },
  expected,
);

browserTest(
  "runs client.js, which watches over an event stream if WebSocket is blocked",
  () => Promise.resolve(serveStreams()),
  async (page, server) => {
    const script = await Deno.readTextFile(
      new URL("../../src/client/client.js", import.meta.url),
    );
    await page.route(
      `${server.origin}/client.js`,
      (route) =>
        route.fulfill({ contentType: "text/javascript", body: script }),
    );
    await watch(page, server.origin, ["x", "x", "y"]);
    const first = await server.next();
    assertEquals(server.refused, 2);
    assertMatch(first.request.headers.get("authorization") ?? "", /^Bearer y$/);
    first.send(...greeting(), taskFrame(1, { connection_id: "a/b" }));
    await seenWhen(page, ({ updates }) => updates.length === 2);
    first.end();
    const second = await server.next();
    assertEquals(second.request.headers.get("last-event-id"), "e:1");
    second.send(
      ...greeting({ recovered: true, offset: 1 }),
      taskFrame(2, { ...done, connection_id: "a/b" }),
    );
    const seen = await seenWhen(page, ({ end }) => end !== undefined);
    assertEquals(offsetsOf(seen), [0, 1, 2]);
    assertEquals(seen.states.at(-1), "closed sse");
  },
  expected,
);
