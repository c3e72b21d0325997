import { assertEquals } from "@std/assert";
import { type Browser, chromium, type Page } from "playwright-core";
import { findProgram, has, needs } from "./needs.ts";

const test = needs("chromium");

/**
 * True if the server under test runs on Deno 2.4, as the binary does. Deno 2.4
 * sends two close frames at the end of a socket, and Chromium reports an error.
 * Remove with the first binary with denoland/deno#31747 (2026).
 */
export const runsOnDeno24: boolean = Deno.env.has("TASKWIRE_BINARY") ||
  Deno.version.deno.startsWith("2.4.");

/** One Chromium for all tests of a file, because a launch takes more processor time than most tests. */
let browser: Browser;

if (has("chromium")) {
  Deno.test.beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: findProgram("chromium") ?? "chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--host-resolver-rules=MAP *.example 127.0.0.1",
      ],
    });
  });
  Deno.test.afterAll(() => browser.close());
}

/** The options of a test in a browser. */
export interface BrowserTestOptions {
  /** Permitted messages on the console: the browser reports failing requests. */
  readonly expected?: RegExp;
}

/** The origins open to a page. */
interface TestOrigins {
  readonly origin: string;
  readonly foreignOrigin?: string;
}

/**
 * Collects forbidden acts of a page: errors on the console (including
 * violations of the page's policy), exceptions, requests to foreign hosts.
 */
function watchFaults(
  page: Page,
  { origin, foreignOrigin = origin }: TestOrigins,
  expected: RegExp | undefined,
): string[] {
  const faults: string[] = [];
  const hosts = [origin, foreignOrigin].map((origin) => new URL(origin).host);
  const visit = (url: string) => {
    if (!/^(?:data|blob):/.test(url) && !hosts.includes(new URL(url).host)) {
      faults.push(`request to ${url}`);
    }
  };
  page.on("console", (message) => {
    const text = message.text();
    if (runsOnDeno24 && text.endsWith("Close received after close")) return;
    if (expected?.test(text)) return;
    if (/error|warning/.test(message.type())) faults.push(text);
  });
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("request", (request) => visit(request.url()));
  page.on("websocket", (socket) => visit(socket.url()));
  return faults;
}

/**
 * Registers a test in headless Chromium. The test gets an empty page with
 * access to a single server.
 *
 * @param serve Starts the server.
 */
export function browserTest<T extends AsyncDisposable & TestOrigins>(
  criterion: string,
  serve: () => Promise<T>,
  fn: (page: Page, server: T) => Promise<void>,
  { expected }: BrowserTestOptions = {},
): void {
  test(`Chromium ${criterion}`, async () => {
    await using server = await serve();
    // a profile of its own
    await using context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
    });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    const faults = watchFaults(page, server, expected);
    await fn(page, server);
    assertEquals(faults, []);
  });
}

/** Saves a picture of the page for people to look at, if `TASKWIRE_SCREENSHOTS` names a folder. */
export async function screenshot(page: Page, name: string): Promise<void> {
  const folder = Deno.env.get("TASKWIRE_SCREENSHOTS");
  if (folder === undefined) return;
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
}
