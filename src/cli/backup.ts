import { Command } from "commander";
import { dirname } from "node:path";
import { CommandFailure } from "../terminal/failure.ts";
import { networkFault } from "../terminal/fault.ts";
import { printLine, printRawError } from "../terminal/output.ts";
import { foreignAnswer, readApiKey, requestApi } from "./api_request.ts";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { serverSettings, serverUrl } from "./server_url.ts";

/** `taskwire backup`: writes a consistent copy of a running server's store. */
export function backupCommand(): CliCommand {
  return {
    command: withSettings(
      new Command("backup")
        .description(
          "write a consistent copy of a running server's SQLite store to a new file",
        )
        .argument("<file>", "the new file; an existing file is not replaced"),
      [...serverSettings, "apiKeys"],
    ),
    async action(command) {
      const [path = ""] = command.args;
      const read = openSettings(command);
      const apiKey = readApiKey(read, {
        purpose: "back up with",
        scope: "admin",
      });
      const url = new URL("api/backup", serverUrl(read));
      await refuseExisting(path);
      using interruption = new Interruption();
      await using part = await PartFile.create(path);
      const bytes = await receive(url, apiKey, part, interruption.signal);
      await part.finish();
      printLine(`${path}: ${inMebibytes(bytes)}`);
      return 0;
    },
  };
}

/** Ends the command on SIGINT and SIGTERM, so that no part of a copy stays. */
class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #signals: readonly Deno.Signal[] = Deno.build.os === "windows"
    ? ["SIGINT"]
    : ["SIGINT", "SIGTERM"];
  readonly #stop = () =>
    this.#controller.abort(
      new CommandFailure("interrupted, and no file was written"),
    );

  constructor() {
    for (const signal of this.#signals) {
      Deno.addSignalListener(signal, this.#stop);
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of this.#signals) {
      Deno.removeSignalListener(signal, this.#stop);
    }
  }
}

/**
 * A file under a temporary name beside the final name, removed when disposed of
 * unless finished.
 */
class PartFile implements AsyncDisposable {
  #isFinished = false;

  private constructor(
    private readonly path: string,
    private readonly partPath: string,
    private readonly file: Deno.FsFile,
  ) {}

  /** @throws {CommandFailure} If the file can't be created. */
  static async create(path: string): Promise<PartFile> {
    const partPath = `${path}.${crypto.randomUUID().slice(0, 8)}.part`;
    try {
      const file = await Deno.open(partPath, {
        write: true,
        createNew: true,
        mode: 0o600,
      });
      return new PartFile(path, partPath, file);
    } catch (error) {
      throw writeFailure(path, error);
    }
  }

  /** @throws {CommandFailure} If the file can't be written. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let written = 0; written < bytes.length;) {
        written += await this.file.write(bytes.subarray(written));
      }
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }

  /**
   * Gives the file its final name, after a flush.
   *
   * @throws {CommandFailure} If the flush fails, or the final name is taken.
   */
  async finish(): Promise<void> {
    try {
      await this.file.sync();
      await refuseExisting(this.path);
      await Deno.rename(this.partPath, this.path);
      this.#isFinished = true;
      await flushFolder(dirname(this.path));
    } catch (error) {
      throw writeFailure(this.path, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.file.close();
    if (!this.#isFinished) await Deno.remove(this.partPath);
  }
}

/** Makes a new name in a folder survive a power cut. */
async function flushFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return; // opens no folders
  using folder = await Deno.open(path);
  await folder.sync();
}

/**
 * Receives the copy.
 *
 * @returns The number of bytes.
 * @throws {CommandFailure} If the server refuses or the connection breaks.
 */
async function receive(
  url: URL,
  apiKey: string,
  part: PartFile,
  signal: AbortSignal,
): Promise<number> {
  using progress = new Progress("the server makes the copy");
  const response = await requestApi(url, apiKey, { signal }, "backed up");
  const { body, headers } = response;
  const isDatabase = headers.get("content-type") ===
    "application/vnd.sqlite3";
  const total = Number(headers.get("content-length") ?? NaN);
  if (!isDatabase || Number.isNaN(total)) {
    await body?.cancel();
    throw new CommandFailure(foreignAnswer);
  }
  let received = 0;
  try {
    for await (const chunk of body ?? []) {
      await part.write(chunk);
      received += chunk.length;
      progress.show(`${inMebibytes(received)} of ${inMebibytes(total)}`);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof TypeError)) throw error;
    throw new CommandFailure(
      `lost the connection after ${inMebibytes(received)} of ${
        inMebibytes(total)
      } (${
        networkFault(error).message
      }), and no file was written: run the command again`,
    );
  }
  return received;
}

/** The time between two changes of the line, in milliseconds. */
const redrawMs = 100;

/** A line on the terminal that is drawn over; nothing on other outputs. */
class Progress implements Disposable {
  readonly #isShown = Deno.stderr.isTerminal() &&
    Deno.env.get("TERM") !== "dumb";
  #nextMs = 0;

  constructor(text: string) {
    this.#draw(text);
  }

  /** Changes the line; skips changes that follow each other closely. */
  show(text: string): void {
    const now = performance.now();
    if (now < this.#nextMs) return;
    this.#nextMs = now + redrawMs;
    this.#draw(text);
  }

  #draw(text: string): void {
    if (this.#isShown) printRawError(`\r\x1b[2K${text}`);
  }

  [Symbol.dispose](): void {
    if (this.#isShown) printRawError("\r\x1b[2K");
  }
}

function inMebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

/** @throws {CommandFailure} If the name is taken. */
async function refuseExisting(path: string): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw writeFailure(path, error);
  }
  throw new CommandFailure(`${path} exists: choose a new file`);
}

function writeFailure(path: string, error: unknown): unknown {
  return error instanceof Error && "code" in error
    ? new CommandFailure(`${path} can't be written: ${error.message}`)
    : error;
}
