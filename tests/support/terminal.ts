import { makeTempDir } from "./temp_dir.ts";
import { program } from "./taskwire.ts";

/** A command in a terminal with a readable screen. Disposing ends the command. */
export interface Terminal extends AsyncDisposable {
  /** Returns the lines of screen and scrollback, without empty lines at the end. */
  read(): Promise<string[]>;
  /**
   * Waits for a condition on the lines.
   *
   * @throws {Error} After 30 s, with the lines.
   */
  until(condition: (lines: string[]) => boolean): Promise<string[]>;
  resize(columns: number, rows: number): Promise<void>;
  /** Presses keys, named as tmux names keys: `Enter`, `C-c`. */
  press(...keys: readonly string[]): Promise<void>;
}

/** The size and kind of a terminal, and the settings of the command. */
export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly term?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const deadlineMs = 30_000;

/** Printed by the shell after the command, with the exit code. */
const endMark = "exit code";

/** Runs a command of the command line in tmux, a real terminal. The last line is `exit code N`. */
export async function openTerminal(
  args: readonly string[],
  { columns = 80, rows = 24, term, env = {} }: TerminalOptions = {},
): Promise<Terminal> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempDir());
  const socket = `${folder.path}/tmux`;

  async function tmux(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-f", "/dev/null", "-u", "-S", socket, ...args],
      env: { TERM: "xterm-256color" },
    }).output();
    const decoder = new TextDecoder();
    if (code !== 0) {
      throw new Error(`tmux ${args[0]}: ${decoder.decode(stderr)}`);
    }
    return decoder.decode(stdout);
  }

  const command = [...program(args[0]), ...args].map(quote).join(" ");
  const variables = Object.entries({
    ...(term === undefined ? {} : { TERM: term }),
    TASKWIRE_STORE: "memory:",
    ...env,
  }).map(([name, value]) => `export ${name}=${quote(value)}; `).join("");
  const script = `${variables}${command}; printf '${endMark} %s\\n' $?; cat`;
  await tmux(
    "new-session",
    "-d",
    "-x",
    String(columns),
    "-y",
    String(rows),
    script,
  );
  stack.defer(async () => {
    await tmux("kill-server");
  });

  async function read(): Promise<string[]> {
    const text = await tmux("capture-pane", "-p", "-J", "-S", "-");
    return text.trimEnd().split("\n").map((line) => line.trimEnd());
  }

  async function until(condition: (lines: string[]) => boolean) {
    const signal = AbortSignal.timeout(deadlineMs);
    for (;;) {
      const lines = await read();
      if (condition(lines)) return lines;
      if (signal.aborted) throw new Error(`On screen:\n${lines.join("\n")}`);
    }
  }
  const kept = stack.move();
  return {
    read,
    until,
    async resize(columns, rows) {
      await tmux(
        "resize-window",
        "-x",
        String(columns),
        "-y",
        String(rows),
      );
    },
    async press(...keys) {
      await tmux("send-keys", ...keys);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** Tells if the command in a terminal has ended. */
export function hasEnded(lines: readonly string[]): boolean {
  return lines.at(-1)?.startsWith(endMark) ?? false;
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
