import { type AuthorizationContext, requireScope } from "../authorization.ts";
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
import { refuseAnnounced, refuseEncoded } from "../request.ts";
import { limitChange } from "../task_access.ts";
import type { TaskLimits } from "../../tasks/task_limits.ts";
import { checkTaskId } from "../../connections/read_task_id.ts";

/** The parts of the server used to publish many events. */
export interface BulkRoutesContext extends AuthorizationContext {
  readonly store: Store;
  readonly registry: ConnectionRegistry;
}

/** The time limit for a client to read a batch of results, in milliseconds. */
const unreadMs = 30_000;

/**
 * The length of a pause, in milliseconds, after which a client is assumed to
 * wait for the answer: after few results, and after many.
 */
const pauseMs = { few: 100, many: 2_000 };

/** The size, in bytes, up to which results count as few. */
const fewBytes = 16_384;

/**
 * If the results are full, a client still writing after this time, in
 * milliseconds, is assumed to read while writing.
 */
const longRequestMs = 60_000;

/**
 * The maximum number of unpublished lines answered in one turn of the event
 * loop.
 */
const maxRefusedAtOnce = 1_000;

/**
 * Serves `/api/events`: many events in a request, as lines of JSON, with a
 * result line per event, in order (spec §2).
 *
 * Many clients write the whole request before reading any of the answer, and
 * the runtime stops reading a request while the answer is not read. Therefore
 * the answer begins late. With a `Content-Length`, the server publishes the
 * events and begins the answer once the body has arrived. Without, the server
 * publishes arriving lines and begins the answer when the body ends or the
 * client pauses. Results are kept until then. Without room for more results,
 * further lines are not published but answered with 413.
 *
 * When the server stops, the answer to a body without a `Content-Length` ends
 * after the results of the published lines.
 */
export function bulkRoutes(services: BulkRoutesContext): Hono {
  const app = new Hono();
  const kept: KeptBytes = { count: 0 };
  app.post(
    "/",
    async function publishEvents(c) {
      const limits = await requireScope(c, ["publish", "admin"], services);
      refuseEncoded(c);
      await refuseAnnounced(c.req.raw, maxKeptBytes);
      const body = new ArrivingBody(c.req.raw, kept, services.config);
      const key = c.req.header("idempotency-key");
      const publishing = new BulkPublish(
        body,
        { key, limits },
        kept,
        services,
      );
      await (body.hasLength ? body.begin() : publishing.untilPause());
      return c.body(publishing.results(), 200, {
        "Content-Type": "application/x-ndjson",
      });
    },
  );
  return app;
}

/** The facts of a request that hold for all lines. */
interface RequestFacts {
  /**
   * The `Idempotency-Key`. Together with the line number, the key becomes the
   * missing `event_id` of a line.
   */
  readonly key: string | undefined;
  /** The tasks in reach of the request's credential. */
  readonly limits: TaskLimits;
}

/** The lines of a request and the results. */
class BulkPublish {
  readonly #body: ArrivingBody;
  readonly #request: RequestFacts;
  readonly #kept: KeptBytes;
  readonly #store: Store;
  readonly #drainSignal: AbortSignal;
  readonly #batches: LineBatches;
  /** Lines being read, or read and waiting for the answer to begin. */
  #next: Promise<EventLine[]> | undefined;
  readonly #results: Uint8Array[] = [];
  #resultBytes = 0;
  /** Lines not published for lack of room for results. */
  #refused: { readonly first: number; count: number } | undefined;

  constructor(
    body: ArrivingBody,
    request: RequestFacts,
    kept: KeptBytes,
    { store, registry: { drainSignal } }: Pick<
      BulkRoutesContext,
      "store" | "registry"
    >,
  ) {
    this.#body = body;
    this.#request = request;
    this.#kept = kept;
    this.#store = store;
    this.#drainSignal = drainSignal;
    this.#batches = new LineBatches(body);
  }

  /**
   * Publishes arriving lines until the body ends, the client pauses or the
   * server stops.
   */
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

  /**
   * Streams the results in the order of the lines. Further lines are published
   * as the client reads.
   */
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
            "Closing the connection of a client that does not read the answer to POST /api/events",
          );
          stop();
          controller.error(new Error("The client does not read the answer"));
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
    const results = await publishLines(lines, this.#request, this.#store);
    return encoder.encode(results.join(""));
  }

  /** @returns `undefined` if the client pauses first, or the server stops. */
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

/** Returns the result of each unpublished line from a line on. */
function noRoomResult(firstLine: number): string {
  const problem = problemBody({
    status: 413,
    code: "body_too_large",
    detail:
      `The lines from ${firstLine} on were not published, because the answer was not being read: send them in a new request, or read the answer while writing`,
  });
  return `${JSON.stringify(problem)}\n`;
}

/**
 * @returns An answer line per line: the same answer as to a request with the
 * line alone.
 */
async function publishLines(
  lines: readonly EventLine[],
  request: RequestFacts,
  store: Store,
): Promise<string[]> {
  const parsed = lines.map((line) => settle(() => parseLine(line, request)));
  const publications = parsed.filter((result) => result.status === "fulfilled")
    .map(({ value }) => value);
  const outcomes = await store.publishAll(publications).catch(
    (reason): PromiseRejectedResult[] =>
      publications.map(() => ({ status: "rejected", reason })),
  );
  let next = 0;
  const answers = await Promise.allSettled(parsed.map(async (result) => {
    const publication = fulfilled(result);
    const outcome = fulfilled(outcomes[next++]);
    return await describeOutcome(publication, outcome, store);
  }));
  return answers.map((answer, index) => {
    const line = answer.status === "fulfilled" ? answer.value : {
      ...problemBody(asProblem(answer.reason, "POST /api/events")),
      line: lines[index]?.number,
    };
    return `${JSON.stringify(line)}\n`;
  });
}

/** @throws {ProblemError} For a line that can't be published. */
function parseLine(
  { number, content }: EventLine,
  { key, limits }: RequestFacts,
): Publication {
  if (typeof content !== "string") throw new ProblemError(content);
  const { connection_id, ...members } = parseObject(content);
  const taskId = checkTaskId(connection_id);
  const defaults = key ? { event_id: `${key}:${number}` } : {};
  const draft = parseDraft({ ...defaults, ...members });
  return { taskId, change: limitChange(limits, taskId, draft) };
}
