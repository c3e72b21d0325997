import { Command } from "commander";
import { Buffer } from "node:buffer";
import { LineSplitter, splitLines } from "../protocol/lines.ts";
import {
  type CliCommand,
  openSettings,
  type SettingsReader,
  withSettings,
} from "./command.ts";
import { foreignAnswer, readApiKey, requestApi } from "./api_request.ts";
import { checkTaskId } from "./connection_id.ts";
import { eventFlags, eventOf } from "./event_flags.ts";
import { parseObject } from "./parse_object.ts";
import { CommandFailure, UsageFailure } from "../terminal/failure.ts";
import { printError, printLine, untilClosed } from "../terminal/output.ts";
import { serverSettings, serverUrl } from "./server_url.ts";

/** `taskwire publish`: posts events as a backend does. */
export function publishCommand(): CliCommand {
  const command = new Command("publish")
    .description(
      "post an event, or an event for each line of JSON on standard input",
    )
    .argument("<id>", "the task's connection_id");
  for (const { flags, description } of Object.values(eventFlags)) {
    command.option(flags, description);
  }
  return {
    command: withSettings(command, [...serverSettings, "apiKeys"]),
    async action(command) {
      const [id = ""] = command.args;
      checkTaskId(id);
      const target = publishTarget(id, openSettings(command));
      const event = eventOf(command.opts());
      if (Object.keys(event).length > 0) {
        report(await post(target, event));
        return 0;
      }
      if (Deno.stdin.isTerminal()) {
        throw new UsageFailure(
          `nothing to publish: give ${flagList}, or pipe in JSON events, one per line`,
        );
      }
      return await publishLines(target);
    },
  };
}

const flagList = "--status, --progress, --message or another event flag";

/** Prints an answer. Publishing goes on if standard output is closed. */
const report = untilClosed(printLine);

/** The server, task and API key of a publish. */
interface PublishTarget {
  readonly server: URL;
  readonly taskId: string;
  readonly apiKey: string;
}

function publishTarget(
  taskId: string,
  read: SettingsReader,
): PublishTarget {
  const apiKey = readApiKey(read, {
    purpose: "publish with",
    scope: "publish",
  });
  return { server: serverUrl(read), taskId, apiKey };
}

/**
 * Publishes each line as soon as the line is read. A bad line does not stop
 * later lines; the exit code reports the failure at the end.
 */
async function publishLines(target: PublishTarget): Promise<number> {
  const input = new EventInput(Deno.stdin.readable, target.taskId);
  const url = new URL("api/events", target.server);
  let published = 0, failed = 0;
  while (await input.hasMore()) {
    const { body, lineNumbers } = input.nextRequest();
    const response = await send(target, url, body);
    // Deno 2.4 and 2.9 declare different types for the body's bytes.
    const answer: ReadableStream = response.body ?? emptyStream();
    try {
      for await (const results of splitLines(answer)) {
        for (const result of results) {
          const lineNumber = lineNumbers.shift();
          const fault = faultIn(result);
          if (fault === undefined) {
            report(result);
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
      throw unanswered(lineNumbers, "the server ended the response early");
    }
  }
  if (published + failed === 0) {
    throw new UsageFailure(
      `nothing to publish: standard input is empty. Pipe in JSON events, or give ${flagList}`,
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
    `lost the connection, no answer${from} (${reason}): publish these lines again; lines with an event_id are stored only once`,
  );
}

/** The size at which a request ends and the next begins, in bytes: below the default limit of proxies. */
const maxRequestBytes = 262_144;

/** The age at which a request ends, so that the server answers its lines, in milliseconds. */
const maxRequestMs = 1_000;

/** The lines of one request, while it is sent. */
interface EventRequest {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The numbers of the unanswered lines. */
  readonly lineNumbers: number[];
}

/**
 * Turns standard input into requests: adds the task's id to each line and
 * skips blank lines. A line other than an object is sent unchanged; the server
 * reports the mistake. Lines are held as Latin-1, a character per byte, so that
 * invalid UTF-8 also reaches the server unchanged.
 */
class EventInput {
  readonly #chunks: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #member: string;
  readonly #splitter = new LineSplitter();
  readonly #lines: { readonly number: number; readonly bytes: string }[] = [];
  #lineNumber = 0;
  #isAtEnd = false;

  constructor(
    input: ReadableStream<Uint8Array<ArrayBuffer>>,
    taskId: string,
  ) {
    this.#chunks = input.getReader();
    const id = Buffer.from(JSON.stringify(taskId)).toString("latin1");
    // The last member wins, even over an id in the line.
    this.#member = `"connection_id":${id}}`;
  }

  /** Waits for a line; resolves to `false` at the end of the input. */
  async hasMore(): Promise<boolean> {
    while (this.#lines.length === 0 && !this.#isAtEnd) {
      const { done, value } = await this.#chunks.read();
      this.#isAtEnd = done;
      const lines = done
        ? this.#splitter.end()
        : this.#splitter.push(Buffer.from(value).toString("latin1"));
      for (const line of lines) this.#add(line);
    }
    return this.#lines.length > 0;
  }

  /** Begins a request. The request ends with the input, or at a limit of size or age. */
  nextRequest(): EventRequest {
    const lineNumbers: number[] = [];
    let sentBytes = 0;
    const startedAtMs = performance.now();
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: async (controller) => {
        const isFull = sentBytes >= maxRequestBytes ||
          performance.now() - startedAtMs > maxRequestMs;
        if (isFull || !await this.hasMore()) return controller.close();
        const lines = this.#lines.splice(0, 1_000);
        lineNumbers.push(...lines.map(({ number }) => number));
        const bytes = Buffer.from(
          lines.map((line) => `${line.bytes}\n`).join(""),
          "latin1",
        );
        sentBytes += bytes.length;
        controller.enqueue(bytes);
      },
    }, { highWaterMark: 0 });
    return { body, lineNumbers };
  }

  #add(line: string): void {
    this.#lineNumber += 1;
    const text = this.#lineNumber === 1
      ? line.replace(/^\xef\xbb\xbf/, "")
      : line;
    const event = text.replace(/^[ \t\r]+|[ \t\r]+$/g, "");
    if (event === "") return;
    this.#lines.push({
      number: this.#lineNumber,
      bytes: this.#withConnectionId(event),
    });
  }

  #withConnectionId(event: string): string {
    if (!event.startsWith("{") || !event.endsWith("}")) return event;
    const members = event.slice(0, -1);
    const separator = members.trim() === "{" ? "" : ",";
    return `${members}${separator}${this.#member}`;
  }
}

/** Describes the error in a result line; `undefined` for an accepted event. */
function faultIn(result: string): string | undefined {
  const { status, code, detail, offset } = parseAnswer(result);
  if (typeof offset === "number") return undefined;
  return `the server answered HTTP ${status}: ${code}: ${detail}`;
}

/** @throws {CommandFailure} Unless the text is a JSON object. */
function parseAnswer(text: string): Record<string, unknown> {
  const answer = parseObject(text);
  if (answer === undefined) throw new CommandFailure(foreignAnswer);
  return answer;
}

function emptyStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({ start: (controller) => controller.close() });
}

/** @returns The server's answer, a line of JSON. */
async function post(target: PublishTarget, event: unknown): Promise<string> {
  const id = encodeURIComponent(target.taskId);
  const url = new URL(`api/tasks/${id}/events`, target.server);
  const response = await send(target, url, JSON.stringify(event));
  const text = await response.text();
  parseAnswer(text);
  return text;
}

/** @throws {CommandFailure} If the server does not answer or refuses. */
async function send(
  { apiKey }: PublishTarget,
  url: URL,
  body: string | ReadableStream<Uint8Array<ArrayBuffer>>,
): Promise<Response> {
  return await requestApi(url, apiKey, { method: "POST", body }, "published");
}
