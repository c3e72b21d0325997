import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
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
  await run(["npm", "install", "--no-audit", "--no-fund"], { cwd });
  await run(["npm", "run", "build"], {
    cwd,
    env: { VITE_TASKWIRE_URL: origin },
  });
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

browserTest(
  "follows and stops tasks by the modules of the npm package",
  () => BuiltApplication.open(),
  async (page, application) => {
    for (const framework of ["react", "svelte", "vue"]) {
      await followUpload(framework, page, application);
    }
    await followElements(page, application);
  },
  { expected: /WebSocket connection to .* failed|the server responded with/ },
);
