import type { AuthorizationContext } from "../authorization.ts";
import { Hono } from "hono";
import { log } from "../../log/log.ts";
import type { ConnectionRegistry } from "../../connections/registry.ts";
import { fulfilled, settle } from "../../async/settle.ts";
import type { Publication, Store } from "../../tasks/store.ts";
import {
  ArrivingBody,
  type KeptBytes,
  maxKeptBytes,
  maxKeptInAll,
} from "./arriving_body.ts";
import { describeOutcome, parseDraft, parseObject } from "./draft_body.ts";
import { type EventLine, LineBatches } from "./event_lines.ts";
import {
  asProblem,
  problemBody,
  ProblemError,
} from "../../protocol/problem.ts";
import { allow, refuseAnnounced, refuseEncoded } from "../request.ts";
import { checkTaskId } from "../../connections/read_task_id.ts";

/** The parts of the server that publish many events. */
export interface BulkRoutesContext extends AuthorizationContext {
  readonly store: Store;
  readonly registry: ConnectionRegistry;
}

/** How long a batch of results may wait for its client, in milliseconds. */
const unreadMs = 30_000;

/**
 * How long a client pauses that waits for an answer, in milliseconds: after few
 * results, and after many.
 */
const pauseMs = { few: 100, many: 2_000 };

/** How much results are few, in bytes. */
const fewBytes = 16_384;

/**
 * The time after which a client that still writes is taken for one that reads
 * while it writes, if the results that may be kept are full, in milliseconds.
 */
const longRequestMs = 60_000;

/** The most lines without publication that are answered in one turn of the event loop. */
const maxRefusedAtOnce = 1_000;

/**
 * `/api/events`: many events in one request, as lines of JSON; a result goes
 * out for each, in order (spec §2).
 *
 * Many clients write their whole request before they read any of its answer,
 * and the runtime reads no more of a request while its answer is not read. So
 * the answer begins late: for a body with a `Content-Length` when the body has
 * arrived, which is published then; for another body, whose lines are published
 * as they arrive, when it ends or its client pauses. Results are kept until
 * then. Lines for whose results there is no more room are not published, and
 * each is answered so.
 *
 * When the server stops, the answer to a body without a `Content-Length` ends
 * after the results of what was published.
 */
export function bulkRoutes(services: BulkRoutesContext): Hono {
  const app = new Hono();
  const kept: KeptBytes = { count: 0 };
  app.post(
    "/",
    allow(["publish", "admin"], services),
    refuseEncoded,
    async function publishEvents(c) {
      await refuseAnnounced(c.req.raw, maxKeptBytes);
      const body = new ArrivingBody(c.req.raw, kept, services.config);
      const key = c.req.header("idempotency-key");
      const publishing = new BulkPublish(body, key, kept, services);
      await (body.hasLength ? body.begin() : publishing.untilPause());
      return c.body(publishing.results(), 200, {
        "Content-Type": "application/x-ndjson",
      });
    },
  );
  return app;
}

/** The lines of one request, and their results. */
class BulkPublish {
  readonly #body: ArrivingBody;
  readonly #key: string | undefined;
  readonly #kept: KeptBytes;
  readonly #store: Store;
  readonly #drainSignal: AbortSignal;
  readonly #batches: LineBatches;
  /** Lines that are being read, or were read and wait for the answer to begin. */
  #next: Promise<EventLine[]> | undefined;
  readonly #results: Uint8Array[] = [];
  #resultBytes = 0;
  /** Lines that were not published, for want of room for their results. */
  #refused: { readonly first: number; count: number } | undefined;

  constructor(
    body: ArrivingBody,
    key: string | undefined,
    kept: KeptBytes,
    { store, registry: { drainSignal } }: Pick<
      BulkRoutesContext,
      "store" | "registry"
    >,
  ) {
    this.#body = body;
    this.#key = key;
    this.#kept = kept;
    this.#store = store;
    this.#drainSignal = drainSignal;
    this.#batches = new LineBatches(body);
  }

  /** Publishes lines as they arrive, until the body ends, its client pauses or the server stops. */
  async untilPause(): Promise<void> {
    const startedAtMs = performance.now();
    for (;;) {
      this.#next ??= this.#batches.next();
      const lines = await this.#orPause(this.#next);
      if (lines === undefined || lines.length === 0) return;
      const isFull = this.#resultBytes > maxKeptBytes ||
        (this.#kept.count > maxKeptInAll && this.#resultBytes > fewBytes);
      if (isFull || this.#refused) {
        const isLong = performance.now() - startedAtMs > longRequestMs;
        if (isLong && !this.#refused) return;
        this.#refuse(lines);
      } else this.#keep(await this.#publish(lines));
      this.#next = undefined;
    }
  }

  /** The results in the order of their lines; further lines are published as the client reads. */
  results(): ReadableStream<Uint8Array> {
    let unreadTimer: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      clearTimeout(unreadTimer);
      this.#drainSignal.removeEventListener("abort", drain);
      this.#keepBytes(-this.#resultBytes);
      this.#results.length = 0;
      this.#body.cancel();
    };
    const drain = () => {
      if (this.#body.isArriving) this.#body.cancel();
    };
    this.#drainSignal.addEventListener("abort", drain);
    if (this.#drainSignal.aborted) drain();
    return new ReadableStream({
      pull: async (controller) => {
        clearTimeout(unreadTimer);
        const results = await this.#takeResults();
        if (results === undefined) {
          stop();
          return controller.close();
        }
        controller.enqueue(results);
        unreadTimer = setTimeout(() => {
          log.warn(
            "A client of POST /api/events does not read its answer: its connection is closed",
          );
          stop();
          controller.error(new Error("The answer is not read"));
        }, unreadMs);
      },
      cancel: stop,
    }, { highWaterMark: 0 });
  }

  /** @returns `undefined` at the end. */
  async #takeResults(): Promise<Uint8Array | undefined> {
    const kept = this.#results.shift();
    if (kept !== undefined) {
      this.#keepBytes(-kept.length);
      return kept;
    }
    if (this.#refused && this.#refused.count > 0) {
      const count = Math.min(this.#refused.count, maxRefusedAtOnce);
      this.#refused.count -= count;
      return encoder.encode(noRoomResult(this.#refused.first).repeat(count));
    }
    const lines = await (this.#next ?? this.#batches.next());
    this.#next = undefined;
    return lines.length === 0 ? undefined : await this.#publish(lines);
  }

  async #publish(lines: readonly EventLine[]): Promise<Uint8Array> {
    const results = await publishLines(lines, this.#key, this.#store);
    return encoder.encode(results.join(""));
  }

  /** @returns `undefined` if the client pauses before, or the server stops. */
  async #orPause(
    next: Promise<EventLine[]>,
  ): Promise<EventLine[] | undefined> {
    const { promise: pause, resolve } = Promise.withResolvers<undefined>();
    const stop = () => {
      this.#body.cancel();
      resolve(undefined);
    };
    const ms = pauseMs[this.#resultBytes > fewBytes ? "many" : "few"];
    const timer = setTimeout(() => resolve(undefined), ms);
    this.#drainSignal.addEventListener("abort", stop);
    if (this.#drainSignal.aborted) stop();
    try {
      return await Promise.race([next, pause]);
    } finally {
      clearTimeout(timer);
      this.#drainSignal.removeEventListener("abort", stop);
    }
  }

  #keep(results: Uint8Array): void {
    this.#results.push(results);
    this.#keepBytes(results.length);
  }

  #keepBytes(bytes: number): void {
    this.#resultBytes += bytes;
    this.#kept.count += bytes;
  }

  #refuse(lines: readonly EventLine[]): void {
    this.#refused ??= { first: lines[0]?.number ?? 0, count: 0 };
    this.#refused.count += lines.length;
  }
}

const encoder = new TextEncoder();

/** The result of each line that was not published, from a line on. */
function noRoomResult(firstLine: number): string {
  const problem = problemBody({
    status: 413,
    code: "body_too_large",
    detail:
      `The lines from ${firstLine} on were not published, because the answer was not read: send them in another request, or read while you write`,
  });
  return `${JSON.stringify(problem)}\n`;
}

/** @returns A line of the answer for each line: the answer that the line would get as a request of its own. */
async function publishLines(
  lines: readonly EventLine[],
  key: string | undefined,
  store: Store,
): Promise<string[]> {
  const parsed = lines.map((line) => settle(() => parseLine(line, key)));
  const publications = parsed.filter((result) => result.status === "fulfilled")
    .map(({ value }) => value);
  const outcomes = await store.publishAll(publications).catch(
    (reason): PromiseRejectedResult[] =>
      publications.map(() => ({ status: "rejected", reason })),
  );
  let next = 0;
  return parsed.map((result, index) => {
    const answer = settle(() => {
      const { taskId } = fulfilled(result);
      return describeOutcome(taskId, fulfilled(outcomes[next++]));
    });
    return `${
      JSON.stringify(
        answer.status === "fulfilled" ? answer.value : {
          ...problemBody(asProblem(answer.reason, "POST /api/events")),
          line: lines[index]?.number,
        },
      )
    }\n`;
  });
}

/**
 * @param key The request's `Idempotency-Key`: with the line's number, the
 * `event_id` of a line without one.
 * @throws {ProblemError} For a line that can't be published.
 */
function parseLine(
  { number, content }: EventLine,
  key: string | undefined,
): Publication {
  if (typeof content !== "string") throw new ProblemError(content);
  const { connection_id, ...members } = parseObject(content);
  const taskId = checkTaskId(connection_id);
  const defaults = key ? { event_id: `${key}:${number}` } : {};
  return { taskId, change: parseDraft({ ...defaults, ...members }) };
}
