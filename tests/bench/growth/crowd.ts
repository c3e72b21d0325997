import { fileURLToPath } from "node:url";
import { splitLines } from "../../../src/protocol/lines.ts";
import { allowOpenFiles } from "../../support/open_files.ts";
import { loadCore } from "./measured_server.ts";
import { pin } from "./pinned.ts";

const client = fileURLToPath(new URL("crowd_client.ts", import.meta.url));

/** Descriptors needed by the process in addition to the sockets. */
const ownFiles = 100;

/** Many watchers, in a separate process; dispose to end them. */
export class Crowd implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string[]>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #pending: string[] = [];

  private constructor(args: readonly string[]) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-net", client, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#lines = splitLines(this.#child.stdout).getReader();
    this.#input = this.#child.stdin.getWriter();
  }

  /**
   * Opens a number of sockets, and waits for every `sync`.
   *
   * @param task The task to watch; by default, a different task per socket.
   */
  static async open(
    origin: string,
    count: number,
    task?: string,
  ): Promise<Crowd> {
    const crowd = new Crowd([
      origin,
      String(count),
      ...(task === undefined ? [] : [task]),
    ]);
    await allowOpenFiles(crowd.#child.pid, count + ownFiles);
    await pin(crowd.#child.pid, loadCore);
    if (await crowd.#line() !== "open") throw new Error("Not all are open");
    return crowd;
  }

  /**
   * Waits until all watchers together have received a number of events, each
   * once.
   *
   * @throws {Error} If events are missing or repeated.
   */
  async received(count: number): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${count}\n`));
    const events = Number(await this.#line());
    if (events !== count) {
      throw new Error(`${count} deliveries were answered, ${events} came`);
    }
  }

  async #line(): Promise<string> {
    while (this.#pending.length === 0) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("The watchers' process has ended");
      this.#pending = value;
    }
    return String(this.#pending.shift());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The process ends without closing sockets: the kernel does.
    this.#child.kill("SIGKILL");
    await this.#lines.cancel();
    await this.#input.abort().catch(() => {});
    await this.#child.status;
  }
}
