import { assertEquals, assertExists } from "@std/assert";
import { splitLines } from "../../src/protocol/lines.ts";
import { testApiKey, type TestServer } from "./server.ts";
import type { Frame } from "./socket.ts";

/** An unfinished request to `/api/events`. */
export class EventLines implements AsyncDisposable {
  readonly #input: WritableStreamDefaultWriter<string>;
  readonly #results: AsyncIterator<unknown[]>;
  readonly #read: Frame[] = [];
  /** The number of result lines read. */
  count = 0;

  private constructor(
    input: WritableStreamDefaultWriter<string>,
    results: AsyncIterator<unknown[]>,
  ) {
    this.#input = input;
    this.#results = results;
  }

  static async open(
    { origin }: Pick<TestServer, "origin">,
  ): Promise<EventLines> {
    const { readable, writable } = new TextEncoderStream();
    const response = await fetch(`${origin}/api/events`, {
      method: "POST",
      headers: { Authorization: `Bearer ${testApiKey}` },
      body: readable,
    });
    assertEquals(response.status, 200);
    assertExists(response.body);
    const lines = splitLines(response.body);
    return new EventLines(
      writable.getWriter(),
      lines[Symbol.asyncIterator](),
    );
  }

  /** Writes text. Resolves when the text is on the way. */
  write(text: string): Promise<void> {
    return this.#input.write(text);
  }

  /** Ends the request's body. */
  close(): Promise<void> {
    return this.#input.close();
  }

  /** The next result line; `undefined` at the end of the answer. */
  async next(): Promise<Frame | undefined> {
    while (this.#read.length === 0) {
      const { done, value } = await this.#results.next();
      if (done) return undefined;
      this.#read.push(...value.map((line) => JSON.parse(String(line))));
    }
    this.count += 1;
    return this.#read.shift();
  }

  /** Aborts the unfinished request. */
  async abort(): Promise<void> {
    await this.#input.abort();
    await this.#results.return?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    assertEquals(await this.next(), undefined, "more results than lines");
  }
}
