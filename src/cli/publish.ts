import { Command } from "commander";
import type { Config } from "../config.ts";
import { type Line, splitLines } from "../protocol/lines.ts";
import { type CliCommand, readConfig, withSettings } from "./command.ts";
import { checkConnectionId } from "./connection_id.ts";
import { CommandFailure, UsageFailure } from "./failure.ts";
import { printError, printLine } from "./output.ts";
import { serverUrl, withServerUrl } from "./server_url.ts";

/** `taskwire publish`: posts events as a backend does. */
export function publishCommand(): CliCommand {
  return {
    command: withSettings(
      withServerUrl(
        new Command("publish")
          .description(
            "post an event, or one for each line of JSON on standard input",
          )
          .argument("<id>", "the task's connection_id")
          .option(
            "--status <word>",
            "queued, running, succeeded, failed, canceled, or another queue's word",
          )
          .option("--progress <0..1>", "how much is done")
          .option("--message <text>", "a sentence for people")
          .option("--data <json>", "any JSON"),
      ),
      ["host", "port", "apiKeys"],
    ),
    async action(command) {
      const [id = ""] = command.args;
      checkConnectionId(id);
      const config = readConfig(command);
      const target = publishTarget(id, command.opts().url, config);
      const event = eventOf(command.opts());
      if (event !== undefined) {
        printLine(await post(target, event));
        return 0;
      }
      if (Deno.stdin.isTerminal()) {
        throw new UsageFailure(
          "nothing to publish: give --status, --progress, --message or --data, or pipe in a JSON event a line",
        );
      }
      return await publishLines(target);
    },
  };
}

/** Where to post, and as whom. */
interface PublishTarget {
  readonly server: URL;
  readonly connectionId: string;
  readonly apiKey: string;
}

function publishTarget(
  connectionId: string,
  url: string | undefined,
  config: Config,
): PublishTarget {
  const [apiKey] = config.apiKeys;
  if (apiKey === undefined) {
    throw new CommandFailure(
      "there is no API key to publish with: set TASKWIRE_API_KEYS to one of the server's ('taskwire serve' prints the one it made), or to a JWT with the scope publish",
    );
  }
  if (!/^[\x21-\x7e]+$/.test(apiKey)) {
    throw new CommandFailure(
      "the first of TASKWIRE_API_KEYS can't be sent: a header takes ASCII only",
    );
  }
  return { server: serverUrl(url, config), connectionId, apiKey };
}

/** @returns `undefined` when no option describes an event. */
function eventOf(
  { status, progress, message, data }: Record<string, string | undefined>,
): Record<string, unknown> | undefined {
  const event: Record<string, unknown> = {};
  if (status !== undefined) event.status = status;
  if (progress !== undefined) event.progress = parseProgress(progress);
  if (message !== undefined) event.message = message;
  if (data !== undefined) event.data = parseData(data);
  return Object.keys(event).length === 0 ? undefined : event;
}

function parseProgress(text: string): number {
  const progress = text.trim() === "" ? NaN : Number(text);
  if (progress >= 0 && progress <= 1) return progress;
  throw new UsageFailure(`--progress ${text}: expected a number from 0 to 1`);
}

function parseData(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageFailure(
      `--data is not JSON: a text needs its own quotes, as in --data '"text"'`,
    );
  }
}

/**
 * Publishes each line as it comes. A bad one fails alone, and the exit code
 * says so at the end.
 */
async function publishLines(target: PublishTarget): Promise<number> {
  // Of the lines that were sent and not answered yet.
  const lineNumbers: number[] = [];
  const response = await send(
    target,
    new URL("api/events", target.server),
    nameTask(Deno.stdin.readable, target.connectionId, lineNumbers),
  );
  let published = 0, failed = 0;
  // The runtime's versions disagree on the kind of bytes: Deno 2.4 names none.
  const answer: ReadableStream = response.body ?? emptyStream();
  try {
    for await (const results of splitLines(answer)) {
      for (const result of results) {
        const lineNumber = lineNumbers.shift();
        const fault = faultIn(String(result));
        if (fault === undefined) {
          printLine(String(result));
          published += 1;
        } else {
          printError(`error: line ${lineNumber}: ${fault}`);
          failed += 1;
        }
      }
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw unanswered(lineNumbers, error.message);
  }
  if (lineNumbers.length > 0) {
    throw unanswered(lineNumbers, "the server ended its answer");
  }
  if (published + failed === 0) {
    throw new UsageFailure(
      "nothing to publish: standard input is empty, and there is no --status, --progress, --message or --data",
    );
  }
  return failed === 0 ? 0 : 1;
}

function unanswered(
  lineNumbers: readonly number[],
  reason: string,
): CommandFailure {
  const from = lineNumbers.length === 0
    ? ""
    : ` from line ${lineNumbers[0]} on`;
  return new CommandFailure(
    `the connection was lost, and there is no answer${from} (${reason}): publish these again, with the same event_id if they have one`,
  );
}

/**
 * Puts the task's id into each line; blank ones are left out. What is no object
 * goes on as it is, for the server to say so.
 */
function nameTask(
  input: ReadableStream<Uint8Array<ArrayBuffer>>,
  connectionId: string,
  lineNumbers: number[],
): ReadableStream {
  let lineNumber = 0;
  return splitLines(input).pipeThrough(
    new TransformStream<Line[], string>({
      transform(lines, controller) {
        for (const line of lines.map(String)) {
          lineNumber += 1;
          if (line.trim() === "") continue;
          lineNumbers.push(lineNumber);
          controller.enqueue(`${withConnectionId(line, connectionId)}\n`);
        }
      },
    }),
  ).pipeThrough(new TextEncoderStream());
}

function withConnectionId(line: string, connectionId: string): string {
  const body = line.trim();
  if (!body.startsWith("{") || !body.endsWith("}")) return line;
  // Last, where it stands also for an id that the line names itself.
  const id = `"connection_id":${JSON.stringify(connectionId)}}`;
  const members = body.slice(0, -1);
  return members.trim() === "{" ? `{${id}` : `${members},${id}`;
}

/** What is wrong, by a result line; `undefined` for an event that was taken. */
function faultIn(result: string): string | undefined {
  const { status, code, detail } = JSON.parse(result);
  if (typeof detail !== "string") return undefined;
  return `the server answered HTTP ${status}: ${code}: ${detail}`;
}

function emptyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

/** @returns The server's answer, a line of JSON. */
async function post(target: PublishTarget, event: unknown): Promise<string> {
  const id = encodeURIComponent(target.connectionId);
  const url = new URL(`api/tasks/${id}/events`, target.server);
  const response = await send(target, url, JSON.stringify(event));
  return await response.text();
}

/** @throws {CommandFailure} When there is no answer, or a refusal. */
async function send(
  { apiKey }: PublishTarget,
  url: URL,
  body: string | ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: "POST",
      headers: { Authorization: `Bearer ${apiKey}` },
      body,
    });
  } catch (error) {
    // What `fetch` says holds the URL, which has no secret in it.
    if (!(error instanceof TypeError)) throw error;
    throw new CommandFailure(
      `no answer from ${url.origin}; does 'taskwire serve' run there? (${error.message})`,
    );
  }
  if (response.ok) return response;
  throw new CommandFailure(
    `${url.origin} answered HTTP ${response.status}: ${
      problemDetail(await response.text())
    }`,
  );
}

function problemDetail(text: string): string {
  try {
    const { code, detail } = JSON.parse(text);
    if (typeof detail === "string") return `${code}: ${detail}`;
  } catch {
    // Not a problem body: another kind of server answers there.
  }
  return "is that a taskwire server?";
}
