import { Command, Option } from "commander";
import { Buffer } from "node:buffer";
import { findInexactNumber } from "../protocol/exact_numbers.ts";
import { LineSplitter, splitLines } from "../protocol/lines.ts";
import {
  type CliCommand,
  openSettings,
  type SettingsReader,
  withSettings,
} from "./command.ts";
import { checkTaskId } from "./connection_id.ts";
import { CommandFailure, UsageFailure } from "./failure.ts";
import { networkFault } from "./fault.ts";
import { printError, printLine, untilClosed } from "./output.ts";
import { redirectTarget, serverSettings, serverUrl } from "./server_url.ts";

/** A member of an event that has a flag. */
interface EventFlag {
  /** As commander takes it. */
  readonly flags: string;
  readonly description: string;
  /** Semaphore the flag's text into the member's value; by default the text itself. */
  readonly parse?: (text: string) => unknown;
}

/** The flags of `publish`, by the members that they set. The server judges the values. */
const eventFlags: Readonly<Record<string, EventFlag>> = {
  status: {
    flags: "--status <word>",
    description:
      "queued, running, succeeded, failed, canceled, or another queue's word",
  },
  attempt: {
    flags: "--attempt <number>",
    description: "which try this is, from 1 on; a higher one is a retry",
    parse: numberOf("--attempt"),
  },
  progress: {
    flags: "--progress <0..1>",
    description: "how much is done",
    parse: parseProgress,
  },
  current: {
    flags: "--current <number>",
    description: "how many units are done",
    parse: numberOf("--current"),
  },
  total: {
    flags: "--total <number>",
    description: "how many units there are",
    parse: numberOf("--total"),
  },
  unit: { flags: "--unit <word>", description: "what is counted" },
  message: { flags: "--message <text>", description: "a sentence for people" },
  data: {
    flags: "--data <json>",
    description: "any JSON",
    parse: parseData,
  },
  event_id: {
    flags: "--event-id <text>",
    description: "names the event: one that is sent again is stored once",
  },
  lease: {
    flags: "--lease <seconds>",
    description: "the task is lost if nothing follows for so long",
    parse: numberOf("--lease"),
  },
  user_id: {
    flags: "--user-id <id>",
    description: "on a task's first event: the only user who may watch it",
  },
};

/** `taskwire publish`: posts events as a backend does. */
export function publishCommand(): CliCommand {
  const command = new Command("publish")
    .description(
      "post an event, or one for each line of JSON on standard input",
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
      if (event !== undefined) {
        report(await post(target, event));
        return 0;
      }
      if (Deno.stdin.isTerminal()) {
        throw new UsageFailure(
          `nothing to publish: give ${flagList}, or pipe in a JSON event a line`,
        );
      }
      return await publishLines(target);
    },
  };
}

const flagList = "--status, --progress, --message or another flag of an event";

/** Prints an answer. Publishing goes on if nobody reads the answers. */
const report = untilClosed(printLine);

/** Where to post, and as whom. */
interface PublishTarget {
  readonly server: URL;
  readonly taskId: string;
  readonly apiKey: string;
}

function publishTarget(
  taskId: string,
  read: SettingsReader,
): PublishTarget {
  const { apiKeys: [apiKey] } = read("apiKeys");
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
  return { server: serverUrl(read), taskId, apiKey };
}

/** @returns `undefined` if no flag describes an event. */
function eventOf(
  options: Record<string, string | undefined>,
): Record<string, unknown> | undefined {
  const members = Object.entries(eventFlags).flatMap(
    ([member, { flags, parse = String }]) => {
      const text = options[new Option(flags).attributeName()];
      return text === undefined ? [] : [[member, parse(text)] as const];
    },
  );
  return members.length === 0 ? undefined : Object.fromEntries(members);
}

function parseProgress(text: string): number {
  const progress = numberOf("--progress")(text);
  // Sums of fractions may be beyond the bounds by rounding.
  if (progress >= -1e-6 && progress <= 1 + 1e-6) return progress;
  throw new UsageFailure(`--progress ${text}: expected a number from 0 to 1`);
}

function numberOf(flag: string): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? NaN : Number(text);
    if (Number.isFinite(value)) return value;
    throw new UsageFailure(`${flag} ${text}: expected a number`);
  };
}

function parseData(text: string): unknown {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new UsageFailure(
      `--data is not JSON: a text needs its own quotes, as in --data '"text"'`,
    );
  }
  const number = findInexactNumber(text);
  if (number === undefined) return data;
  throw new UsageFailure(
    `--data: the number ${number} can't be stored exactly: send it as a string`,
  );
}

/**
 * Publishes each line as it comes. A bad line fails alone, and the exit code
 * says so at the end.
 */
async function publishLines(target: PublishTarget): Promise<number> {
  const input = new EventInput(Deno.stdin.readable, target.taskId);
  const url = new URL("api/events", target.server);
  let published = 0, failed = 0;
  while (await input.hasMore()) {
    const { body, lineNumbers } = input.nextRequest();
    const response = await send(target, url, body);
    // The runtime's versions disagree on the kind of bytes: Deno 2.4 names none.
    const answer: ReadableStream = response.body ?? emptyStream();
    try {
      for await (const results of splitLines(answer)) {
        for (const result of results) {
          const lineNumber = lineNumbers.shift();
          const fault = faultIn(String(result));
          if (fault === undefined) {
            report(String(result));
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
  }
  if (published + failed === 0) {
    throw new UsageFailure(
      `nothing to publish: standard input is empty, and there is no ${flagList}`,
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

/** The size after which a request ends and the next begins, in bytes: below what proxies allow by default. */
const maxRequestBytes = 262_144;

/** The time after which a request ends, so that its lines are answered, in milliseconds. */
const maxRequestMs = 1_000;

/** The lines of one request, while it is sent. */
interface EventRequest {
  readonly body: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** The numbers of the lines that were sent and not answered yet. */
  readonly lineNumbers: number[];
}

/**
 * Semaphore standard input into requests: puts the task's id into each line, and
 * leaves blank lines out. A line that is no object goes on as it is, for the
 * server to say so. Lines are held as one character a byte, so that bytes that
 * are not UTF-8 reach the server unchanged as well.
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
    // Last, so that it also overrides an id that the line names itself.
    this.#member = `"connection_id":${id}}`;
  }

  /** Waits for a line; resolves with `false` at the end of the input. */
  async hasMore(): Promise<boolean> {
    while (this.#lines.length === 0 && !this.#isAtEnd) {
      const { done, value } = await this.#chunks.read();
      this.#isAtEnd = done;
      const lines = done
        ? this.#splitter.end()
        : this.#splitter.push(Buffer.from(value).toString("latin1"));
      for (const line of lines) this.#add(String(line));
    }
    return this.#lines.length > 0;
  }

  /** Begins a request, which ends with the input, or when it is large or old enough. */
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

/** What is wrong, by a result line; `undefined` for an event that was taken. */
function faultIn(result: string): string | undefined {
  const { status, code, detail, offset } = parseAnswer(result);
  if (typeof offset === "number") return undefined;
  return `the server answered HTTP ${status}: ${code}: ${detail}`;
}

/** @throws {CommandFailure} If it is no JSON object. */
function parseAnswer(text: string): Record<string, unknown> {
  try {
    const answer: unknown = JSON.parse(text);
    if (typeof answer === "object" && answer !== null) return { ...answer };
  } catch {
    // Another kind of server answers there.
  }
  throw new CommandFailure(
    "the answer is none of a taskwire server: check the address",
  );
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
      // Another address must not receive the API key or the events unnoticed.
      redirect: "manual",
    });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new CommandFailure(
      `no answer from ${url.origin}; does 'taskwire serve' run there? (${
        networkFault(error).message
      })`,
    );
  }
  if (response.ok) return response;
  const movedTo = redirectTarget(response, url);
  if (movedTo !== undefined) {
    await response.body?.cancel();
    throw new CommandFailure(
      `${url.origin} redirects to ${movedTo}, and nothing was published: set --url or TASKWIRE_URL to the address that answers itself`,
    );
  }
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
