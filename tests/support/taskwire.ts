import { fileURLToPath } from "node:url";

/** The result of a finished command. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a call of the command line. */
export interface CommandOptions {
  /** The settings. Settings of the test process are not passed on. */
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly cwd?: string;
  /** The most open files of the process and of every worker; by default as for the test process. */
  readonly openFiles?: number;
}

/**
 * Returns the program under test: the binary named by `TASKWIRE_BINARY`,
 * otherwise the source with the flags of the `start` task.
 *
 * @param commandName For `run`, the source gets the binary's permission to run
 * any program.
 */
export function program(commandName?: string): readonly string[] {
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
    ...commandName === "run"
      ? flags.map((flag) => flag.replace(/^--allow-run=.*/, "--allow-run"))
      : flags,
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
  const [file = "", ...rest] = [...limited, ...program(args[0])];
  // The remaining environment, for example the source of packages for Deno.
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !name.startsWith("TASKWIRE_"));
  return new Deno.Command(file, {
    args: [...rest, ...args],
    clearEnv: true,
    env: {
      ...Object.fromEntries(inherited),
      // Leaves no file behind if a test has no folder.
      ...(cwd ? {} : { TASKWIRE_STORE: "memory:" }),
      ...env,
    },
    ...(cwd ? { cwd } : {}),
    stdin,
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a command of the command line to the end. */
export async function taskwire(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = command(args, options, "piped").spawn();
  const writer = child.stdin.getWriter();
  // Read meanwhile: a command unable to write output reads no more input.
  const ended = child.output();
  // The command may end without reading the input.
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

/** The time limit for an awaited line, after which a test fails instead of hanging. */
const deadlineMs = 30_000;

/** A command running until stopped, read line by line. */
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
   * Returns the next matching line. Drops earlier lines.
   *
   * @throws {Error} If the command ends before, or hangs.
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

  /** The lines not yet awaited. */
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

/** A server run by the command line. Disposing stops the server. */
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
