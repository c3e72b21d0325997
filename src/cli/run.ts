import { Command } from "commander";
import { describeIssues } from "../http/api/draft_body.ts";
import { eventDraftSchema, maxMessageLength } from "../tasks/draft.ts";
import { CommandFailure, UsageFailure } from "../terminal/failure.ts";
import { cutText, LastLineFinder } from "../terminal/last_line.ts";
import { printError } from "../terminal/output.ts";
import { readApiKey } from "./api_request.ts";
import { type CliCommand, openSettings, withSettings } from "./command.ts";
import { checkTaskId } from "./connection_id.ts";
import { eventFlags, eventOf, numberOf } from "./event_flags.ts";
import { withGivenProxies } from "./loopback_proxy.ts";
import { OutputPipe } from "./output_pipe.ts";
import { serverSettings, serverUrl } from "./server_url.ts";
import { TaskReporter } from "./task_reporter.ts";

/** The lease of a task without `--lease`, in seconds. */
const defaultLease = 30;

/** The time from SIGTERM to SIGKILL without `--kill-after`, in seconds. */
const defaultKillAfter = 10;

/** Exit codes of shells for a command that does not start. */
const exitCodes = { notExecutable: 126, notFound: 127 } as const;

const help = `
The command keeps its standard input. Its output is passed on unchanged through pipes, so
that the command sees no terminal there: force colors and line buffering if needed
(FORCE_COLOR=1, PYTHONUNBUFFERED=1, stdbuf -oL). Everyone who may watch the task sees the
last line of the output.

The command also runs if the server does not answer: a warning on standard error says so,
and the progress is published when the server answers. After the end of the command, the
end of the task is tried for 10 s.

Exits as the command does: with its exit code, with 128 + n after signal n, with 127 if the
command is not found, with 126 if the command cannot be executed.

Example:
  taskwire run "backup-$(date +%F)" --title "Nightly backup" -- ./backup.sh /srv`;

/** `taskwire run`: runs a command as a task. */
export function runCommand(): CliCommand {
  const command = new Command("run")
    .description(
      "run a command as a task: 'running' at the start, the last line of output as the message, 'succeeded' or 'failed' by the exit code; a cancel stops the command",
    )
    .usage("[options] <id> -- <command...>")
    .argument("<id>", "the task's connection_id")
    .argument("<command...>", "the command and its arguments")
    .option(eventFlags.title.flags, eventFlags.title.description)
    .option(eventFlags.labels.flags, eventFlags.labels.description)
    .option(eventFlags.user_id.flags, eventFlags.user_id.description)
    .option(
      eventFlags.lease.flags,
      `the task is lost if nothing is heard from the command's machine within this time (default: ${defaultLease})`,
    )
    .option(eventFlags.attempt.flags, eventFlags.attempt.description)
    .option(
      "--kill-after <seconds>",
      `after a cancel, the time from SIGTERM to SIGKILL (default: ${defaultKillAfter})`,
    )
    .addHelpText("after", help);
  return {
    command: withSettings(command, [...serverSettings, "apiKeys"]),
    async action(command) {
      const [taskId = "", file = "", ...args] = command.args;
      checkTaskId(taskId);
      const options = command.opts();
      const killAfterMs = readKillAfter(options.killAfter) * 1_000;
      const members = { lease: defaultLease, ...eventOf(options) };
      checkMembers(members);
      const read = openSettings(command);
      const server = serverUrl(read);
      const apiKey = readApiKey(read, {
        purpose: "publish with",
        scope: "publish",
      });
      requireRunPermission();
      let onCancel = () => {};
      const reporter = new TaskReporter({
        ...{ server, apiKey, taskId, members, warn },
        onCancel: () => onCancel(),
      });
      using signals = new ForwardedSignals();
      let child: Deno.ChildProcess;
      try {
        child = spawn(file, args);
      } catch (error) {
        const { exitCode, message } = explainStart(file, error);
        printError(`error: ${message}`);
        const event = {
          status: "failed",
          message: cutText(message, maxMessageLength),
        };
        signals.listen();
        await reporter.end(event, signals.interruption);
        return exitCode;
      }
      signals.listen(child);
      using canceling = new Canceling(child, killAfterMs);
      onCancel = () => canceling.begin();
      reporter.start();
      let lastLine: string | undefined;
      const outputs = ([
        [child.stdout, Deno.stdout],
        [child.stderr, Deno.stderr],
      ] as const).map(([from, to]) =>
        new OutputPipe(
          from,
          to,
          new LastLineFinder(maxMessageLength),
          (line) => {
            lastLine = line;
            reporter.setMessage(line);
          },
        )
      );
      const passing = Promise.all(outputs.map((output) => output.passOn()));
      const status = await child.status;
      canceling.end();
      signals.end();
      for (const output of outputs) output.commandEnded();
      await passing;
      await reporter.end(
        lastEvent(status, canceling.hasBegun, lastLine),
        signals.interruption,
      );
      return status.code;
    },
  };
}

function warn(text: string): void {
  printError(`warning: ${text}`);
}

/** @throws {UsageFailure} Unless the text is a time that a timer can hold. */
function readKillAfter(text: string | undefined): number {
  if (text === undefined) return defaultKillAfter;
  const seconds = numberOf("--kill-after")(text);
  if (seconds >= 0 && seconds <= 86_400) return seconds;
  throw new UsageFailure(
    `--kill-after ${text}: expected seconds from 0 to 86400`,
  );
}

/** @throws {UsageFailure} For values that the server would refuse, since a refusal comes while the command runs. */
function checkMembers(members: Readonly<Record<string, unknown>>): void {
  const { error } = eventDraftSchema.safeParse(members);
  if (error) throw new UsageFailure(describeIssues(error));
}

/** @throws {CommandFailure} Without the permission to run any program, as in the task `start`. */
function requireRunPermission(): void {
  const { state } = Deno.permissions.querySync({ name: "run" });
  if (state === "granted") return;
  throw new CommandFailure(
    "no permission to run programs: use the binary (dist/taskwire), or 'deno run -A main.ts run' in place of 'deno task start run'",
  );
}

function spawn(file: string, args: readonly string[]): Deno.ChildProcess {
  return withGivenProxies(() =>
    new Deno.Command(file, {
      args: [...args],
      stdin: "inherit",
      stdout: "piped",
      stderr: "piped",
    }).spawn()
  );
}

/** Explains a failed start in the way of a shell. */
function explainStart(
  file: string,
  error: unknown,
): { exitCode: number; message: string } {
  if (error instanceof Deno.errors.NotFound) {
    return {
      exitCode: exitCodes.notFound,
      message: `${file}: command not found`,
    };
  }
  if (!(error instanceof Error) || !("code" in error)) throw error;
  const reason = error instanceof Deno.errors.PermissionDenied
    ? "permission denied, or not an executable file"
    : error.message;
  return {
    exitCode: exitCodes.notExecutable,
    message: `${file}: cannot be executed: ${reason}`,
  };
}

/** Makes the event that ends a task. */
function lastEvent(
  { code, signal }: Deno.CommandStatus,
  isCanceled: boolean,
  lastLine: string | undefined,
): Readonly<Record<string, unknown>> {
  const message = lastLine === undefined ? {} : { message: lastLine };
  if (isCanceled) return { status: "canceled", ...message };
  if (code === 0) return { status: "succeeded", ...message };
  if (signal === null) {
    return { status: "failed", message: `exit code ${code}`, ...message };
  }
  // The last line does not tell why a command was killed.
  const cause = `ended by ${signal}`;
  return {
    status: "failed",
    message: lastLine === undefined
      ? cause
      : cutText(`${cause}: ${lastLine}`, maxMessageLength),
  };
}

/** Sends a signal, unless the process has ended. */
function kill(child: Deno.ChildProcess, signal: Deno.Signal): boolean {
  try {
    child.kill(signal);
    return true;
  } catch (error) {
    // The process has just ended.
    if (error instanceof TypeError || error instanceof Deno.errors.NotFound) {
      return false;
    }
    throw error;
  }
}

/** Stops a command on a cancel: SIGTERM, then SIGKILL. */
class Canceling implements Disposable {
  readonly #child: Deno.ChildProcess;
  readonly #killAfterMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasEnded = false;
  #hasBegun = false;

  constructor(child: Deno.ChildProcess, killAfterMs: number) {
    this.#child = child;
    this.#killAfterMs = killAfterMs;
  }

  /** True if a cancel reached the running command. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  begin(): void {
    if (this.#hasEnded || this.#hasBegun) return;
    this.#hasBegun = kill(this.#child, "SIGTERM");
    if (!this.#hasBegun) return;
    warn("the task was canceled: SIGTERM was sent to the command");
    this.#timer = setTimeout(() => {
      const seconds = this.#killAfterMs / 1_000;
      warn(`the command did not end within ${seconds} s: SIGKILL was sent`);
      kill(this.#child, "SIGKILL");
    }, this.#killAfterMs);
  }

  /** The command has ended. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.end();
  }
}

/**
 * Passes signals on to a command, and outlives them to publish the end. After
 * the end of the command, a signal ends the retries to publish.
 */
class ForwardedSignals implements Disposable {
  readonly #interruption = new AbortController();
  readonly #listeners = new Map<Deno.Signal, () => void>();
  #child: Deno.ChildProcess | undefined;

  /** Aborted by a signal after the end of the command. */
  get interruption(): AbortSignal {
    return this.#interruption.signal;
  }

  /**
   * Called after the start of the command: until then signals keep their
   * effect, so that the command inherits an ignored SIGHUP from `nohup`. With
   * the first listener the runtime resets an ignored SIGHUP, so SIGHUP is first.
   */
  listen(child?: Deno.ChildProcess): void {
    this.#child = child;
    const signals: readonly Deno.Signal[] = Deno.build.os === "windows"
      ? ["SIGINT"]
      : ["SIGHUP", "SIGINT", "SIGTERM"];
    for (const signal of signals) {
      const listener = () => this.#receive(signal);
      this.#listeners.set(signal, listener);
      Deno.addSignalListener(signal, listener);
    }
  }

  /** The command has ended. */
  end(): void {
    this.#child = undefined;
  }

  #receive(signal: Deno.Signal): void {
    if (this.#child === undefined) this.#interruption.abort();
    // A terminal itself sends SIGINT and SIGHUP to the command, too, and many programs give up their cleaning on a
    // second signal.
    else if (signal === "SIGTERM" || !hasTerminal()) kill(this.#child, signal);
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) {
      Deno.removeSignalListener(signal, listener);
    }
  }
}

function hasTerminal(): boolean {
  return [Deno.stdin, Deno.stdout, Deno.stderr].some((stream) =>
    stream.isTerminal()
  );
}
