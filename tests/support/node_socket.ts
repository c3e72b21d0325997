import "ws"; // for Deno to install the package
import { fileURLToPath } from "node:url";
import { splitLines } from "../../src/protocol/lines.ts";

const script = new URL("../e2e/ws_client.mjs", import.meta.url);

/**
 * The package's place in Deno's cache. The package has no dependencies, so Node
 * can load the file as well.
 */
const ws = import.meta.resolve("ws");

/** An event of the socket, printed by the client. */
export interface NodeSocketEvent {
  readonly event: "open" | "text" | "binary" | "error" | "close";
  readonly [member: string]: unknown;
}

/** A socket of Node's `ws` in a separate process. Disposing closes the socket. */
export class NodeSocket implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;
  readonly #stderr: Promise<string>;

  /** @param origin The page named by a browser; `ws` names no page. */
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

  /** Returns the next event. */
  async next(): Promise<NodeSocketEvent> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The client ended: ${await this.#stderr}`);
    return JSON.parse(String(value));
  }

  /** Returns the next message. Fails unless the message is text. */
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
    await this.#input.close().catch(() => {}); // the process may have ended
    for await (const _ of this.#lines);
    await this.#stderr;
    await this.#child.status;
  }
}

async function* linesOf(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  for await (const lines of splitLines(bytes)) yield* lines;
}
