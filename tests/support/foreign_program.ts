import type { CommandResult } from "./taskwire.ts";

/** The options of a foreign program. */
export interface ProgramOptions {
  readonly cwd: string;
  /** Added to the environment of the test process. */
  readonly env?: Record<string, string>;
}

/**
 * Wraps a command to run on a separate terminal, through Python. Output to the
 * terminal goes to stderr. SIGTERM ends the command and the terminal.
 */
export function onTerminal(command: readonly string[]): readonly string[] {
  const program =
    "import os, pty, sys; os.dup2(2, 1); sys.exit(pty.spawn(sys.argv[1:]) and 1)";
  return ["python3", "-c", program, ...command];
}

/** The time limit for a hanging program, after which the test fails instead of hanging. */
const deadlineMs = 60_000;

/** The time to stop, after which the program is killed. */
const stopMs = 10_000;

/** Runs a program to the end. A hanging program is killed. */
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

/** A program running until disposed of. The output to stderr is kept. */
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

  /** The output to stderr. */
  get stderr(): string {
    return this.#text;
  }

  /**
   * Waits until stderr has a text.
   *
   * @throws {Error} If the program ends before, or hangs.
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

  /** True if the program has ended. */
  get hasEnded(): boolean {
    return this.#ended;
  }

  /** Resolves at the end of the program. */
  get ended(): Promise<unknown> {
    return Promise.all([this.#reading, this.#child.status]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    // Celery 5.2 sometimes hangs on stopping after a child process was killed.
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopMs);
    await this.#reading;
    await this.#child.status;
    clearTimeout(timer);
  }
}
