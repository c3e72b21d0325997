import type { Config } from "../../config/config.ts";
import { log } from "../../log/log.ts";
import { inBodyTime } from "../body_deadline.ts";
import { type ByteSource, maxPieceBytes } from "./event_lines.ts";
import { ProblemError } from "../../protocol/problem.ts";
import { bodyIncomplete, bodyTooLarge, discardBody } from "../request.ts";

/** The most bytes of one body that are kept until it has arrived. */
export const maxKeptBytes = 33_554_432;

/** The most bytes that all bodies together keep. */
export const maxKeptInAll = 134_217_728;

/** The bytes that all bodies together keep. */
export interface KeptBytes {
  count: number;
}

/**
 * The largest body that is read however much all bodies together keep, in
 * bytes: a few large bodies must not lock out small ones.
 */
const alwaysReadBytes = 262_144;

/**
 * A request's body as a source of bytes. {@linkcode ArrivingBody.begin} reads a
 * body whose length is announced to its end, and keeps it; the bytes of another
 * body are kept only until the next read.
 */
export class ArrivingBody implements ByteSource {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** Whether the body has a `Content-Length`. */
  readonly hasLength: boolean;
  readonly #kept: KeptBytes;
  readonly #config: Pick<Config, "idleTimeoutSeconds">;
  readonly #blocks: Uint8Array[] = [];
  #usedInLast = 0;
  #bytes = 0;
  #reading: Promise<Uint8Array | undefined> | undefined;
  #end: "complete" | "broken" | undefined;

  /** @param kept Shared by all bodies, for their limit together. */
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

  /** Tells if more bytes may come. */
  get isArriving(): boolean {
    return this.#end === undefined;
  }

  /**
   * Reads the body to its end.
   *
   * @throws {ProblemError} 400 for a body that breaks off, 408 for one of which
   * nothing arrives for the idle timeout, 413 for one over the limit, 503 if
   * all bodies together are over theirs.
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

  /** Returns the next bytes, or the way in which the body ended. */
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

  /** Stops reading, and drops the kept bytes. */
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
        "The server receives too many large requests at once, and published nothing of this one: send it again later",
    });
  }

  /** Reads the next bytes; `undefined` at the end of the body. */
  #read(): Promise<Uint8Array | undefined> {
    return this.#reading ??= this.#reader.read().then(
      ({ value }) => value,
      (error) => {
        // Not rethrown: an answer that has begun would break as well.
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
    // Copied: it may be one byte in a buffer of 64 KiB.
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
  log.debug("A body did not arrive: {error}", { error });
}
