import "ws"; // so that Deno has the package
import { fileURLToPath } from "node:url";
import { type Line, splitLines } from "../../src/protocol/lines.ts";

const script = new URL("../e2e/ws_client.mjs", import.meta.url);

/** Where Deno keeps the package; it has no dependencies, so Node loads it from there as well. */
const ws = import.meta.resolve("ws");

/** What the client prints of its socket. */
export interface NodeSocketEvent {
  readonly event: "open" | "text" | "binary" | "error" | "close";
  readonly [member: string]: unknown;
}

/** A socket of Node's `ws` in a process of its own; dispose of it to close it. */
export class NodeSocket implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<Line>;
  readonly #stderr: Promise<string>;

  /**
   * @param origin The page that a browser would name; `ws` names none.
   */
  constructor(url: string, protocols: readonly string[] = [], origin = "") {
    this.#child = new Deno.Command("node", {
      args: [fileURLToPath(script), ws, url, origin, ...protocols],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** What happens next. */
  async next(): Promise<NodeSocketEvent> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The client ended: ${await this.#stderr}`);
    return JSON.parse(String(value));
  }

  /** The next message, which must be text. */
  async text(): Promise<string> {
    const { event, text } = await this.next();
    if (event === "text") return String(text);
    throw new Error(`Expected text, not "${event}"`);
  }

  async send(message: { text: string } | { bytes: number[] }): Promise<void> {
    const line = `${JSON.stringify(message)}\n`;
    await this.#input.write(new TextEncoder().encode(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {}); // it may have ended already
    for await (const _ of this.#lines);
    await this.#stderr;
    await this.#child.status;
  }
}

async function* linesOf(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Line> {
  for await (const lines of splitLines(bytes)) yield* lines;
}
