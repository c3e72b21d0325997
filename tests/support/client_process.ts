import "ws"; // for Deno to install the package
import { fileURLToPath } from "node:url";
import type { ConnectionState, TaskUpdate } from "../../src/client/mod.ts";
import { splitLines } from "../../src/protocol/lines.ts";
import { brief } from "./watched.ts";

const script = new URL("../client/client_node.mjs", import.meta.url);
const client = new URL("../../src/client/client.js", import.meta.url);

/** A line printed by a client in a separate process. */
interface Printed {
  readonly update?: TaskUpdate;
  readonly state?: ConnectionState;
  readonly identity?: { readonly auth_status: string };
  readonly end?: unknown;
}

/** The browser client in a separate process. Disposing waits for the process to end. */
export class ClientProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #stderr: Promise<string>;
  /** The transports used, in order. */
  readonly transports: string[] = [];

  /** @param ws True to pass Node's `ws` to the client, for Node without a global `WebSocket`. */
  constructor(
    origin: string,
    taskId: string,
    { ws = true, tokens = [] }: { ws?: boolean; tokens?: string[] } = {},
  ) {
    this.#child = new Deno.Command("node", {
      args: [
        fileURLToPath(script),
        client.href,
        ws ? import.meta.resolve("ws") : "",
        origin,
        taskId,
        ...tokens,
      ],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#lines = linesOf(this.#child.stdout);
    this.#stderr = new Response(this.#child.stderr).text();
  }

  /** The next update in short, or how the watch ended. */
  async next(): Promise<unknown> {
    for (;;) {
      const { update, end } = await this.#read();
      if (update) return brief(update);
      if (end) return end;
    }
  }

  /** Returns the next authentication status. Drops earlier updates. */
  async nextAuthStatus(): Promise<string> {
    for (;;) {
      const { identity } = await this.#read();
      if (identity) return identity.auth_status;
    }
  }

  async #read(): Promise<Printed> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`The client ended: ${await this.#stderr}`);
    const printed: Printed = JSON.parse(String(value));
    const { state } = printed;
    if (state?.state === "open") this.transports.push(state.transport);
    return printed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    while (!(await this.#lines.next()).done);
    const stderr = await this.#stderr;
    const { code } = await this.#child.status;
    if (code !== 0) throw new Error(`The client failed: ${stderr}`);
  }
}

async function* linesOf(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  for await (const lines of splitLines(bytes)) yield* lines;
}
