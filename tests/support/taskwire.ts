import { fileURLToPath } from "node:url";

/** What a finished command left. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How the command line is called. */
export interface CommandOptions {
  /** The settings; those of this process are not passed on. */
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** The most files that the process may open, and its workers each; by default as this one. */
  readonly openFiles?: number;
}

/**
 * The program under test: the binary that `TASKWIRE_BINARY` names, else the
 * source by the flags of the `start` task.
 */
export function program(): readonly string[] {
  const binary = Deno.env.get("TASKWIRE_BINARY");
  if (binary) return [Deno.realPathSync(binary)];
  const root = new URL("../../", import.meta.url);
  const config = Deno.env.get("TASKWIRE_TEST_CONFIG") ?? "deno.json";
  const { tasks } = JSON.parse(
    Deno.readTextFileSync(new URL("deno.json", root)),
  );
  // "deno run --lock=deno.lock <flags> main.ts", quoted for the shell
  const [, , lock = "", ...flags] = (tasks.start as string)
    .replaceAll("'", "").split(" ");
  const entry = flags.pop() ?? "main.ts";
  const pathOf = (name: string) => fileURLToPath(new URL(name, root));
  return [
    Deno.execPath(),
    "run",
    "--config",
    pathOf(config),
    config === "deno.json"
      ? `--lock=${pathOf(lock.slice("--lock=".length))}`
      : "--no-lock",
    ...flags,
    pathOf(entry),
  ];
}

function command(
  args: readonly string[],
  { env = {}, cwd, openFiles }: CommandOptions,
  stdin: "piped" | "null",
): Deno.Command {
  const limited = openFiles === undefined
    ? []
    : ["sh", "-c", `ulimit -n ${openFiles} && exec "$0" "$@"`];
  const [file = "", ...rest] = [...limited, ...program()];
  // What tells Deno where packages come from, and all the rest.
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !name.startsWith("TASKWIRE_"));
  return new Deno.Command(file, {
    args: [...rest, ...args],
    clearEnv: true,
    env: {
      ...Object.fromEntries(inherited),
      // No file is left where a test has no folder of its own.
      ...(cwd ? {} : { TASKWIRE_STORE: "memory:" }),
      ...env,
    },
    ...(cwd ? { cwd } : {}),
    stdin,
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command of the command line to its end. */
export async function taskwire(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = command(args, options, "piped").spawn();
  const writer = child.stdin.getWriter();
  // Read meanwhile: a command that cannot write its output reads no more input.
  const ended = child.output();
  // The command may end without reading its input.
  await writer.write(new TextEncoder().encode(options.stdin ?? ""))
    .then(() => writer.close()).catch(() => {});
  const { code, stdout, stderr } = await ended;
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

/** After this time without the line that is waited for, a command hangs, and a test fails instead of hanging too. */
const deadlineMs = 30_000;

/** A command that runs until it is stopped, read line by line. */
export class RunningCommand implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #reading: Promise<void>;
  readonly stderr: Promise<string>;
  #wake = () => {};
  #ended = false;

  constructor(args: readonly string[], options: CommandOptions = {}) {
    this.#child = command(args, options, "null").spawn();
    this.stderr = new Response(this.#child.stderr).text();
    this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    let rest = "";
    const texts = this.#child.stdout.pipeThrough(new TextDecoderStream());
    for await (const text of texts) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.#lines.push(...lines);
      this.#wake();
    }
    this.#ended = true;
    this.#wake();
  }

  /**
   * The first line, from here on, that matches; those before it are dropped.
   *
   * @throws {Error} When the command ended without one, or hangs.
   */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    const dropped: string[] = [];
    let isOverdue = false;
    const deadline = setTimeout(() => {
      isOverdue = true;
      this.#wake();
    }, deadlineMs);
    try {
      for (;;) {
        const line = this.#lines.shift();
        const match = line === undefined ? null : pattern.exec(line);
        if (match) return match;
        if (line !== undefined) {
          dropped.push(line);
          continue;
        }
        if (this.#ended || isOverdue) {
          const rest = this.#ended ? await this.stderr : "it still runs";
          throw new Error(
            `No line matched ${pattern}: ${dropped.join("\n")}\n${rest}`,
          );
        }
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The lines that nobody has waited for, so far. */
  get unread(): readonly string[] {
    return this.#lines;
  }

  /** The process's id. */
  get pid(): number {
    return this.#child.pid;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** The exit code, once the command has ended. */
  async exitCode(): Promise<number> {
    await this.#reading;
    await this.stderr;
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.exitCode();
  }
}

/** A server run by the command line; dispose of it to stop it. */
export interface ServeCommand extends AsyncDisposable {
  readonly server: RunningCommand;
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
}

/** Serves on a free port of loopback. */
export async function serve(
  args: readonly string[] = [],
  options: CommandOptions = {},
): Promise<ServeCommand> {
  await using stack = new AsyncDisposableStack();
  const server = stack.use(
    new RunningCommand(["serve", "--port", "0", ...args], options),
  );
  const [, origin = ""] = await server.line(/listens on (http:\S+)$/);
  const kept = stack.move();
  return { server, origin, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
