import type { CommandResult } from "./taskwire.ts";

/** How a program that is not ours is called. */
export interface ProgramOptions {
  readonly cwd: string;
  /** Added to this process's environment. */
  readonly env?: Record<string, string>;
}

/**
 * A command that runs on a terminal of its own, by Python; what it writes to
 * the terminal goes to stderr. SIGTERM ends it and the terminal.
 */
export function onTerminal(command: readonly string[]): readonly string[] {
  const program =
    "import os, pty, sys; os.dup2(2, 1); sys.exit(pty.spawn(sys.argv[1:]) and 1)";
  return ["python3", "-c", program, ...command];
}

/** After this time a program hangs, and its test fails instead of hanging too. */
const deadlineMs = 60_000;

/** A program that has not stopped after this time is killed. */
const stopMs = 10_000;

/** Runs a program to its end; one that hangs is killed. */
export async function runProgram(
  command: readonly string[],
  options: ProgramOptions,
): Promise<CommandResult> {
  const [file = "", ...args] = command;
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), deadlineMs);
  try {
    const { code, stdout, stderr } = await new Deno.Command(file, {
      args,
      ...options,
      stdin: "null",
      signal: deadline.signal,
    }).output();
    const decoder = new TextDecoder();
    return {
      code,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
    };
  } finally {
    clearTimeout(timer);
  }
}

/** A program that runs until it is disposed of; what it writes to stderr is kept. */
export class ForeignProgram implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  #text = "";
  #ended = false;
  #wake = () => {};

  constructor(command: readonly string[], options: ProgramOptions) {
    const [file = "", ...args] = command;
    this.#child = new Deno.Command(file, {
      args,
      ...options,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    const texts = this.#child.stderr.pipeThrough(new TextDecoderStream());
    for await (const text of texts) {
      this.#text += text;
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }

  /** All that it has written to stderr so far. */
  get stderr(): string {
    return this.#text;
  }

  /**
   * Waits until stderr has a text.
   *
   * @throws {Error} When the program ended without it, or hangs.
   */
  async wrote(pattern: RegExp): Promise<RegExpExecArray> {
    let isOverdue = false;
    const timer = setTimeout(() => {
      isOverdue = true;
      this.#wake();
    }, deadlineMs);
    try {
      for (;;) {
        const match = pattern.exec(this.#text);
        if (match) return match;
        if (this.#ended || isOverdue) {
          throw new Error(`${pattern} did not come: ${this.#text}`);
        }
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** The process's id. */
  get pid(): number {
    return this.#child.pid;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Resolves when it has ended. */
  get ended(): Promise<unknown> {
    return Promise.all([this.#reading, this.#child.status]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    // Celery 5.2 sometimes hangs while it stops, after one of its processes was killed.
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMs);
    await this.#reading;
    await this.#child.status;
    clearTimeout(timer);
  }
}
