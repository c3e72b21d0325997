import { assertEquals } from "@std/assert";
import { LineSplitter } from "../../src/protocol/lines.ts";
import { type Answer, answerOf } from "./answer.ts";
import type { TestServer } from "./server.ts";
import type { Frame } from "./socket.ts";

/** An event of a stream, field by field (HTML §9.2.6). */
export interface ServerSentEvent {
  readonly event?: string;
  readonly data?: string;
  readonly id?: string;
  readonly retry?: string;
  /** A line without a field name. */
  readonly comment?: string;
}

/** Options of the request for a stream. */
export interface SseRequest {
  /** The query of the URL, beginning with `?`. */
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

/** An awaited client of a stream. Disposing hangs up. */
export class SseClient implements AsyncDisposable {
  readonly response: Response;
  readonly #controller: AbortController;
  readonly #chunks: AsyncIterator<string>;
  readonly #splitter = new LineSplitter();
  readonly #lines: string[] = [];
  /** The last seen `id`. */
  lastEventId: string | undefined;

  private constructor(response: Response, controller: AbortController) {
    this.response = response;
    this.#controller = controller;
    const body = response.body ?? new Blob().stream();
    this.#chunks = body.pipeThrough(new TextDecoderStream())
      [Symbol.asyncIterator]();
  }

  /** Requests the stream of a task. Check the response for success. */
  static open(
    server: Pick<TestServer, "origin">,
    taskId: string,
    request: SseRequest = {},
  ): Promise<SseClient> {
    return SseClient.#open(urlOfTask(server, taskId, request), request);
  }

  /** Requests the stream of a list. Check the response for success. */
  static openList(
    server: Pick<TestServer, "origin">,
    request: SseRequest,
  ): Promise<SseClient> {
    return SseClient.#open(urlOfList(server, request), request);
  }

  /** Requests the stream of an operator's tasks. Check the response for success. */
  static openTasks(
    server: Pick<TestServer, "origin">,
    request: SseRequest,
  ): Promise<SseClient> {
    return SseClient.#open(urlOfTasks(server, request), asStream(request));
  }

  static async #open(
    url: string,
    { headers = {} }: SseRequest,
  ): Promise<SseClient> {
    const controller = new AbortController();
    const { signal } = controller;
    const response = await fetch(url, { headers, signal });
    return new SseClient(response, controller);
  }

  /** The next block of lines; `undefined` at the end of the stream. */
  async nextBlock(): Promise<ServerSentEvent | undefined> {
    const fields: [string, string][] = [];
    for (;;) {
      const line = await this.#nextLine();
      if (line === undefined) {
        assertEquals(fields, [], "the stream ends in the middle of an event");
        return undefined;
      }
      if (line === "") break;
      const [, name = "", value = ""] = /^(\w*): ([^]*)$/.exec(line) ?? [];
      fields.push([name === "" ? "comment" : name, value]);
    }
    const block: ServerSentEvent = Object.fromEntries(fields);
    if (block.id !== undefined) this.lastEventId = block.id;
    return block;
  }

  /** Returns the next event, as dispatched by a browser. Rejects at the end. */
  async next(): Promise<ServerSentEvent> {
    for (;;) {
      const block = await this.nextBlock();
      if (block === undefined) throw new Error("The stream has ended");
      if (block.data !== undefined) return block;
    }
  }

  /** Returns the parsed data of the next event of a type. Drops earlier events. */
  async nextOf(event: string): Promise<Frame> {
    for (;;) {
      const { event: name, data = "" } = await this.next();
      if (name === event) return JSON.parse(data);
    }
  }

  /** Returns all remaining events. */
  async toTheEnd(): Promise<ServerSentEvent[]> {
    const events: ServerSentEvent[] = [];
    for (;;) {
      const block = await this.nextBlock();
      if (block === undefined) return events;
      if (block.data !== undefined) events.push(block);
    }
  }

  /** Hangs up. */
  abort(): void {
    this.#controller.abort();
  }

  async #nextLine(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#lines.push(...this.#splitter.push(value));
    }
    return String(this.#lines.shift());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.#chunks.return?.().catch(() => {}); // the request was aborted
  }
}

/** Returns the answer to the request for a task's stream, read to the end. */
export function answerOfStream(
  server: Pick<TestServer, "origin">,
  taskId: string,
  request: SseRequest = {},
): Promise<Answer> {
  const { headers = {} } = request;
  return answerOf(fetch(urlOfTask(server, taskId, request), { headers }));
}

/** Returns the answer to the request for a list's stream, read to the end. */
export function answerOfList(
  server: Pick<TestServer, "origin">,
  request: SseRequest,
): Promise<Answer> {
  const { headers = {} } = request;
  return answerOf(fetch(urlOfList(server, request), { headers }));
}

/** Returns the answer to the request for an operator's stream, read to the end. */
export function answerOfTasks(
  server: Pick<TestServer, "origin">,
  request: SseRequest,
): Promise<Answer> {
  return answerOf(fetch(urlOfTasks(server, request), asStream(request)));
}

function asStream(
  { headers }: SseRequest,
): { headers: Record<string, string> } {
  return { headers: { Accept: "text/event-stream", ...headers } };
}

function urlOfTasks(
  { origin }: Pick<TestServer, "origin">,
  { query = "" }: SseRequest,
): string {
  return `${origin}/api/tasks${query}`;
}

function urlOfTask(
  { origin }: Pick<TestServer, "origin">,
  taskId: string,
  { query = "" }: SseRequest,
): string {
  return `${origin}/sse/realtime/${encodeURIComponent(taskId)}${query}`;
}

function urlOfList(
  { origin }: Pick<TestServer, "origin">,
  { query = "" }: SseRequest,
): string {
  return `${origin}/sse/list${query}`;
}
