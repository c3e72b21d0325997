import type { Config } from "../../config/config.ts";
import { log } from "../../log/log.ts";
import { inBodyTime } from "../body_deadline.ts";
import { type ByteSource, maxPieceBytes } from "./event_lines.ts";
import { ProblemError } from "../../protocol/problem.ts";
import { bodyIncomplete, bodyTooLarge, discardBody } from "../request.ts";

/** The maximum number of bytes kept of an incomplete body. */
export const maxKeptBytes = 33_554_432;

/** The maximum number of bytes kept of all bodies together. */
export const maxKeptInAll = 134_217_728;

/** The number of bytes kept of all bodies together. */
export interface KeptBytes {
  count: number;
}

/**
 * Bodies up to this size, in bytes, are read even if all bodies together are
 * over the limit: a few large bodies must not lock out small bodies.
 */
const alwaysReadBytes = 262_144;

/**
 * The body of a request as a source of bytes. {@linkcode ArrivingBody.begin}
 * reads and keeps a whole body of announced length. Without a length, bytes are
 * kept only until the next read.
 */
export class ArrivingBody implements ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** True if the body has a `Content-Length`. */
  readonly hasLength: boolean;
  readonly #kept: KeptBytes;
  readonly #config: Pick<Config, "idleTimeoutSeconds">;
  readonly #blocks: Uint8Array[] = [];
  #usedInLast = 0;
  #bytes = 0;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #end: "complete" | "broken" | undefined;

  /** @param kept Shared by all bodies, for the limit of all together. */
  constructor(
    { body, headers }: Request,
    kept: KeptBytes,
    config: Pick<Config, "idleTimeoutSeconds">,
  ) {
    this.#config = config;
    const bytes: ReadableStream = body ?? new Blob().stream();
    this.#reader = bytes.getReader();
    this.hasLength = headers.has("content-length");
    this.#kept = kept;
  }

  /** True if more bytes may come. */
  get isArriving(): boolean {
    return this.#end === undefined;
  }

  /**
   * Reads the body to its end.
   *
   * @throws {ProblemError} 400 for a body that breaks off, 408 if no bytes
   * arrive for the idle timeout, 413 for a body over the limit, 503 if all
   * bodies together are over the limit.
   */
  async begin(): Promise<void> {
    while (!this.#end) {
      const bytes = await inBodyTime(this.#read(), this.#config)
        .catch((error) => {
          this.#forget();
          throw error;
        });
      this.#keep(bytes);
      const isBusy = this.#kept.count > maxKeptInAll &&
        this.#bytes > alwaysReadBytes;
      if (this.#bytes > maxKeptBytes || isBusy) await this.#refuse();
    }
    if (this.#end !== "broken") return;
    this.cancel();
    throw bodyIncomplete();
  }

  /** Returns the next bytes, or how the body ended. */
  async next(): Promise<Uint8Array | "complete" | "broken"> {
    while (this.#blocks.length === 0 && !this.#end) {
      this.#keep(await this.#read());
    }
    const block = this.#blocks.shift();
    if (block === undefined) return this.#end ?? "broken";
    const isLast = this.#blocks.length === 0;
    const bytes = isLast ? block.subarray(0, this.#usedInLast) : block;
    this.#count(-bytes.length);
    return bytes;
  }

  /** Stops reading and drops the kept bytes. */
  cancel(): void {
    if (!this.#end) this.#reader.cancel().catch(logBreak);
    this.#forget();
  }

  #forget(): void {
    this.#end ??= "broken";
    this.#count(-this.#bytes);
    this.#blocks.length = 0;
  }

  async #refuse(): Promise<never> {
    const isLarge = this.#bytes > maxKeptBytes;
    this.#count(-this.#bytes);
    this.#blocks.length = 0;
    await discardBody(this.#reader);
    if (isLarge) throw bodyTooLarge(maxKeptBytes);
    throw new ProblemError({
      status: 503,
      code: "too_busy",
      detail:
        "The server is receiving too many large requests at once. No event of this request was published: send the request again later",
    });
  }

  /** Reads the next bytes; `undefined` at the end of the body. */
  #read(): Promise<Uint8Array | undefined> {
    return this.#reading ??= this.#reader.read().then(
      ({ value }) => value,
      (error) => {
        // Not rethrown: an answer already begun would break, too.
        logBreak(error);
        this.#end ??= "broken";
        return undefined;
      },
    );
  }

  #keep(bytes: Uint8Array | undefined): void {
    this.#reading = undefined;
    if (this.#end) return;
    if (bytes === undefined) {
      this.#end = "complete";
      return;
    }
    this.#count(bytes.length);
    // Copied: the bytes may be a small part of a 64 KiB buffer.
    for (let rest = bytes; rest.length > 0;) {
      const last = this.#blocks.at(-1);
      const room = last ? last.length - this.#usedInLast : 0;
      if (last && room > 0) {
        last.set(rest.subarray(0, room), this.#usedInLast);
        this.#usedInLast += Math.min(room, rest.length);
        rest = rest.subarray(room);
      } else {
        const isFirst = this.#blocks.length === 0;
        const size = isFirst
          ? Math.min(rest.length, maxPieceBytes)
          : maxPieceBytes;
        this.#blocks.push(new Uint8Array(size));
        this.#usedInLast = 0;
      }
    }
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#kept.count += bytes;
  }
}

function logBreak(error: unknown): void {
  log.debug("Could not read a request body to the end: {error}", { error });
}
