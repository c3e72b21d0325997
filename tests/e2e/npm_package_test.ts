import { assert, assertEquals, assertLess, assertMatch } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Page, WebSocket } from "playwright-core";
import { getMimeType } from "hono/utils/mime";
import { answerOf } from "../support/answer.ts";
import { findViolations } from "../support/axe.ts";
import { browserTest, screenshot } from "../support/browser.ts";
import { testApiKey, testSecret } from "../support/server.ts";
import { serve, type ServeCommand } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { signToken } from "../support/tokens.ts";

const recipe = fileURLToPath(
  new URL("../../src/docs/recipes/vite", import.meta.url),
);

/** A page for the tests of the hooks, and a script for their server rendering. */
const probe = fileURLToPath(new URL("npm_probe", import.meta.url));

/** The application of the recipe, built for production, and its taskwire server. */
class BuiltApplication implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #folder: string;
  #taskwire: ServeCommand;
  /** The origin of the pages. */
  readonly origin: string;

  private constructor(
    stack: AsyncDisposableStack,
    folder: string,
    taskwire: ServeCommand,
    origin: string,
  ) {
    this.#stack = stack;
    this.#folder = folder;
    this.#taskwire = taskwire;
    this.origin = origin;
  }

  static async open(): Promise<BuiltApplication> {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await makeTempDir());
    await using taskwires = new AsyncDisposableStack();
    const taskwire = taskwires.use(await serveTasks(path, "0"));
    const folder = `${path}/application`;
    await run(["cp", "-r", recipe, folder]);
    await run(["cp", "-r", probe, `${folder}/probe`]);
    await installAndBuild(folder, taskwire.origin);
    const pages = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => servePage(request, `${folder}/dist`),
    );
    stack.defer(() => pages.shutdown());
    taskwires.move(); // replaced at a restart, and so stopped apart
    const origin = `http://127.0.0.1:${pages.addr.port}`;
    return new BuiltApplication(stack.move(), path, taskwire, origin);
  }

  /** The origin of the taskwire server. */
  get foreignOrigin(): string {
    return this.#taskwire.origin;
  }

  async publish(id: string, event: Record<string, unknown>): Promise<void> {
    const { status } = await answerOf(
      fetch(`${this.foreignOrigin}/api/tasks/${id}/events`, {
        method: "POST",
        headers: { Authorization: `Bearer ${testApiKey}` },
        body: JSON.stringify(event),
      }),
    );
    assertEquals(status, 201);
  }

  /** Stops the taskwire server, and starts another on the same port. */
  async restart(): Promise<void> {
    const { port } = new URL(this.foreignOrigin);
    await this.#taskwire[Symbol.asyncDispose]();
    this.#taskwire = await serveTasks(this.#folder, port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#taskwire[Symbol.asyncDispose]();
    await this.#stack.disposeAsync();
  }
}

/** Serves on a port, with the tasks of earlier servers. */
function serveTasks(cwd: string, port: string): Promise<ServeCommand> {
  return serve(["--port", port], {
    cwd,
    env: { TASKWIRE_API_KEYS: testApiKey, TASKWIRE_JWT_SECRET: testSecret },
  });
}

/** Installs the client from the server, as a developer does, and builds. */
async function installAndBuild(cwd: string, origin: string): Promise<void> {
  const description = `${cwd}/package.json`;
  const text = await Deno.readTextFile(description);
  await Deno.writeTextFile(
    description,
    text.replace("http://127.0.0.1:8000", origin),
  );
  const types = ["typescript@5", "@types/react@19"];
  await run(["npm", "install", "--no-audit", "--no-fund", ...types], { cwd });
  await run(["npm", "run", "build"], {
    cwd,
    env: { VITE_TASKWIRE_URL: origin },
  });
  // A development build, in which StrictMode repeats effects.
  const build = ["build", "probe", "--mode", "development", "--base", "./"];
  await run(["npx", "vite", ...build, "--outDir", "../dist/probe"], {
    cwd,
    env: { VITE_TASKWIRE_URL: origin, NODE_ENV: "development" },
  });
  await run(["node", "probe/server_rendering.mjs"], { cwd });
  await Promise.all(
    [["bundler", "esnext"], ["node16", "node16"]].map((resolution) =>
      checkTypes(cwd, resolution)
    ),
  );
}

/** Checks a caller of all modules, as strict users do. */
function checkTypes(
  cwd: string,
  [moduleResolution = "", module = ""]: readonly string[],
): Promise<void> {
  return run([
    ...["npx", "tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes"],
    ...["--target", "es2022", "--lib", "es2023,dom,dom.iterable"],
    ...["--moduleResolution", moduleResolution, "--module", module],
    "probe/caller.ts",
  ], { cwd });
}

/** Runs a program to the end, without a time limit: npm may have to wait. */
async function run(
  [file = "", ...args]: string[],
  options: Deno.CommandOptions = {},
): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(file, {
    args,
    ...options,
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stdout) + decoder.decode(stderr));
}

/** Answers as the application's backend: a built file, or the user's token. */
async function servePage(request: Request, folder: string): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/token") {
    return new Response(await signToken({ sub: "ada" }));
  }
  if (pathname === "/favicon.ico") return new Response(null, { status: 204 });
  return new Response(await Deno.readFile(folder + pathname), {
    headers: { "Content-Type": getMimeType(pathname) ?? "text/plain" },
  });
}

async function showsText(page: Page, text: string): Promise<void> {
  await page.getByText(text, { exact: true }).waitFor();
}

/** The steps of a worker, seen by a page of a framework. */
async function followUpload(
  framework: string,
  page: Page,
  application: BuiltApplication,
): Promise<void> {
  const id = `${framework}_1`;
  const ada = { user_id: "ada", title: `By ${framework}` };
  await application.publish(id, { ...ada, status: "queued" });
  await page.goto(`${application.origin}/${framework}.html?upload=${id}`);
  await showsText(page, "queued:");
  await showsText(page, `By ${framework}: queued`);

  const running = { status: "running", progress: 0.5 };
  await application.publish(id, { ...running, message: "Halfway" });
  await showsText(page, "running: Halfway");
  await showsText(page, `By ${framework}: running`);
  await screenshot(page, `npm-${framework}`);

  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await showsText(page, "Stopping …");

  await application.restart();
  await application.publish(id, { message: "After the restart" });
  await showsText(page, "running: After the restart");

  await application.publish(id, { status: "canceled" });
  await showsText(page, "canceled: After the restart");
  await showsText(page, `By ${framework}: canceled`);
  assertEquals(await page.title(), "Upload canceled");
}

/** Follows an upload by the elements for pages without a framework. */
async function followElements(
  page: Page,
  application: BuiltApplication,
): Promise<void> {
  const id = "elements_1";
  const ada = { user_id: "ada", title: "By elements" };
  await application.publish(id, { ...ada, status: "queued" });
  await page.goto(`${application.origin}/elements.html?upload=${id}`);
  const [own, listed] = ["taskwire-progress", "taskwire-list"].map((name) =>
    page.locator(name).getByRole("progressbar", { name: "By elements" })
  );
  assert(own && listed);
  await own.and(page.locator('[aria-valuetext="queued"]')).waitFor();

  const running = { status: "running", progress: 0.5, message: "Halfway" };
  await application.publish(id, running);
  for (const bar of [own, listed]) {
    await bar.and(page.locator('[aria-valuenow="50"]')).waitFor();
  }
  assertEquals(
    await own.getAttribute("aria-valuetext"),
    "50 %, running, Halfway",
  );
  assertEquals(await findViolations(page), []);
  await screenshot(page, "npm-elements");

  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await showsText(page, "Stopping …");
  await application.restart();
  await application.publish(id, { status: "failed", message: "No rows" });
  await page.locator("taskwire-progress[status=failed]").waitFor();
  assertEquals(
    await page.getByRole("status").first().textContent(),
    "By elements: failed",
  );
}

/** Uses the elements by keyboard, in the dark, and in bad states. */
async function useElements(
  page: Page,
  application: BuiltApplication,
): Promise<void> {
  const id = "elements_2";
  const running = { status: "running", progress: 0 };
  await application.publish(id, { user_id: "ada", title: "Keys", ...running });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.goto(`${application.origin}/elements.html?upload=${id}`);
  // axe-core knows no background but a declared one.
  await page.addStyleTag({
    content: ":root { color-scheme: light dark; background: Canvas }",
  });
  const element = page.locator("taskwire-progress");
  const stop = element.getByRole("button", { name: "Stop", exact: true });
  await stop.waitFor();

  // The button keeps the focus and the live region is silent while progress arrives.
  await page.keyboard.press("Tab");
  await element.getByRole("status").evaluate((region) => {
    const said: unknown[] = [];
    Object.assign(globalThis, { said });
    const observer: new (call: (changes: unknown[]) => void) => {
      observe(target: unknown, options: Record<string, boolean>): void;
    } = Reflect.get(globalThis, "MutationObserver");
    new observer((changes) => said.push(...changes))
      .observe(region, { childList: true, characterData: true, subtree: true });
  });
  for (let percent = 1; percent < 100; percent++) {
    await application.publish(id, { progress: percent / 100 });
  }
  await element.locator('[aria-valuenow="99"]').waitFor();
  assertEquals(await page.evaluate("said.length"), 0);
  await page.keyboard.press("Enter");
  await element.getByRole("button", { name: "Stopping …" }).waitFor();

  await application.publish(id, { lease: 1 });
  await page.locator("taskwire-progress[status=lost]").waitFor();
  assertEquals(await findViolations(page), []);
  await screenshot(page, "npm-elements-dark");

  // A refusal is no lost connection.
  await application.publish("elements_3", { user_id: "bea", ...running });
  await element.evaluate((each) => each.setAttribute("task", "elements_3"));
  await page.locator("taskwire-progress[status=error]").waitFor();
  const said = await element.getByRole("status").textContent();
  assertMatch(said ?? "", /^elements_3: ./);
  assertEquals(await findViolations(page), []);
  await page.emulateMedia({ colorScheme: null });
}

/** The page's own counts, read by {@linkcode followByHooks}. */
interface Probed {
  readonly probe: {
    readonly seen: {
      commits: number;
      readonly settled: string[];
      readonly states: string[];
      readonly now: {
        readonly task: { readonly [name: string]: unknown } | null;
        readonly connection: string;
      };
    };
    show(id?: string, options?: Record<string, unknown>): void;
  };
  /** Timers and listeners that are waiting, and frames that have begun. */
  readonly counts: { timers: number; listeners: number; frames: number };
  requestAnimationFrame(call: () => void): number;
}

/** Counts the timers, the listeners with a signal, and the frames of a page. */
function countInPage(): void {
  const scope = globalThis as unknown as Probed & typeof globalThis;
  const counts = { timers: 0, listeners: 0, frames: 0 };
  Object.assign(scope, { counts });
  const { setTimeout, clearTimeout, requestAnimationFrame } = scope;
  const waiting = new Set<unknown>();
  const count = () => counts.timers = waiting.size;
  Object.assign(scope, {
    setTimeout(call: () => void, delayMs: number) {
      const timer = setTimeout.call(scope, () => {
        waiting.delete(timer);
        count();
        // Stands for a frame of a page that is late.
        if (delayMs === 100) counts.frames++;
        call();
      }, delayMs);
      waiting.add(timer);
      count();
      return timer;
    },
    clearTimeout(timer: number) {
      waiting.delete(timer);
      count();
      clearTimeout.call(scope, timer);
    },
  });
  const { addEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, call, options) {
    const { signal } = Object(options);
    if (signal && !signal.aborted) {
      counts.listeners++;
      const end = () => counts.listeners--;
      addEventListener.call(signal, "abort", end, { once: true });
    }
    addEventListener.call(this, type, call, options);
  };
  const next = () => {
    counts.frames++;
    requestAnimationFrame.call(scope, next);
  };
  next();
}

/** Mounts and unmounts components with the hooks of a development build of React. */
async function followByHooks(
  page: Page,
  application: BuiltApplication,
): Promise<void> {
  const sent: string[] = [];
  const sockets: WebSocket[] = [];
  page.on("websocket", (socket) => {
    sockets.push(socket);
    socket.on("framesent", ({ payload }) => {
      const { type, connection_id } = JSON.parse(String(payload));
      sent.push(`${type} ${connection_id}`);
    });
  });
  const timesSent = (frame: string) =>
    sent.filter((each) => each === frame).length;
  const show = (id?: string, options: Record<string, unknown> = {}) =>
    page.evaluate(([id, options]) => {
      const { probe } = globalThis as unknown as Probed;
      probe.show(id as string, options as Record<string, unknown>);
    }, [id, options]);
  const shows = (member: string, value: unknown) =>
    page.waitForFunction(([member, value]) => {
      const { now } = (globalThis as unknown as Probed).probe.seen;
      return now?.task?.[member as string] === value;
    }, [member, value]);
  const settles = (...ends: string[]) =>
    page.waitForFunction((ends) => {
      const { settled } = (globalThis as unknown as Probed).probe.seen;
      return settled.join() === ends;
    }, ends.join());

  await page.addInitScript(countInPage);
  const ada = { user_id: "ada", status: "running" };
  for (const id of ["probe_1", "probe_2"]) await application.publish(id, ada);
  await page.goto(`${application.origin}/probe/index.html`);

  // A disabled hook opens nothing, a repeated effect subscribes once.
  await show("probe_off", { enabled: false, key: "off" });
  await show("probe_1");
  await shows("connection_id", "probe_1");
  assertEquals(sent, ["subscribe probe_1"]);
  assertEquals(sockets.length, 1);

  // Each end is told once.
  await application.publish("probe_1", { status: "failed" });
  await settles("probe_1 1 failed");
  await application.publish("probe_1", { status: "running", attempt: 2 });
  await shows("attempt", 2);
  await application.publish("probe_1", { status: "succeeded" });
  await settles("probe_1 1 failed", "probe_1 2 succeeded");
  const initialTask = await page.evaluate(() =>
    (globalThis as unknown as Probed).probe.seen.now.task
  );

  // A change of the id changes the watch, and no other task is shown meanwhile.
  await show("probe_2");
  await shows("connection_id", "probe_2");
  await page.waitForFunction(() =>
    (globalThis as unknown as Probed).probe.seen.now.connection === "open"
  );

  // A lost connection changes the connection alone.
  const states = () =>
    page.evaluate(() =>
      (globalThis as unknown as Probed).probe.seen.states.splice(0)
    );
  await states();
  await application.restart();
  await application.publish("probe_2", { message: "After the restart" });
  await shows("message", "After the restart");
  const during = await states();
  assert(during.includes("probe_2 waiting"), during.join());
  assertEquals(during.filter((state) => !state.startsWith("probe_2 ")), []);

  // However many updates arrive, a frame has one rendering at most.
  const before = await page.evaluate(() => {
    const { counts, probe } = globalThis as unknown as Probed;
    probe.seen.commits = 0;
    return counts.frames;
  });
  for (let round = 0; round < 20; round++) {
    await Promise.all(
      Array.from(
        { length: 50 },
        () => application.publish("probe_2", { message: `${round}` }),
      ),
    );
  }
  await application.publish("probe_2", { message: "Last" });
  await shows("message", "Last");
  const [commits, frames] = await page.evaluate(() => {
    const { counts, probe } = globalThis as unknown as Probed;
    return [probe.seen.commits, counts.frames] as const;
  });
  // The effects of the first frame may run after its count.
  assertLess(commits, Math.min(frames - before + 2, 1_000));

  // An initial task that has ended is told once, and before the first answer.
  await show("probe_1", { initialTask, key: "initial" });
  await settles(
    "probe_1 1 failed",
    "probe_1 2 succeeded",
    "probe_1 2 succeeded",
  );

  // The next component and its repeated effect keep the socket, and subscribe once.
  await application.publish("probe_3", ada);
  const opened = sockets.length;
  await show("probe_3", { key: "late" });
  await shows("connection_id", "probe_3");
  assertEquals(timesSent("subscribe probe_3"), 1);
  assertEquals(sockets.length, opened);

  // Many mounts leave nothing.
  await page.evaluate(async () => {
    const page = globalThis as unknown as Probed;
    const { probe } = page;
    const nextFrame = () =>
      new Promise<void>((resolve) => page.requestAnimationFrame(resolve));
    for (let index = 0; index < 1_000; index++) {
      probe.show(`probe_2`, { key: index });
      // Some are unmounted before, and some after their first frame.
      if (index % 20 === 0) await nextFrame();
      else if (index % 2 === 0) await Promise.resolve();
      probe.show();
    }
  });
  await page.waitForFunction(() => {
    const { counts } = globalThis as unknown as Probed;
    return counts.timers === 0 && counts.listeners === 0;
  });
  for (const socket of sockets) {
    if (!socket.isClosed()) await socket.waitForEvent("close");
  }
  assertEquals(timesSent("subscribe probe_off"), 0);
}

browserTest(
  "follows and stops tasks by the modules of the npm package",
  () => BuiltApplication.open(),
  async (page, application) => {
    for (const framework of ["react", "svelte", "vue"]) {
      await followUpload(framework, page, application);
    }
    await followElements(page, application);
    await useElements(page, application);
    await followByHooks(page, application);
  },
  { expected: /WebSocket connection to .* failed|the server responded with/ },
);
