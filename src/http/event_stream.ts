import { Hono } from "hono";
import { type Line, tooLong } from "../protocol/lines.ts";
import type { Services } from "../services.ts";
import { fulfilled, settle } from "../settle.ts";
import type { Publication, Store } from "../store/store.ts";
import {
  describeOutcome,
  maxEventBytes,
  parseDraft,
  parseObject,
} from "./draft_body.ts";
import { arrivingLines, linesOf } from "./event_lines.ts";
import { asProblem, problemBody, ProblemError } from "./problem.ts";
import {
  allow,
  checkConnectionId,
  readBody,
  refuseEncoded,
} from "./request.ts";

/**
 * The largest body that is answered when it has arrived, in bytes: an answer
 * that begins before costs the connection, which the runtime closes after it.
 */
const maxAnsweredAtOnce = 262_144;

/**
 * `/api/events`: many events in one request, as lines of JSON; a result goes
 * out for each, in order, of a long request while it is still read (spec §2).
 *
 * What comes in one chunk is published together. Where the client doesn't read
 * its results, no more of its lines are read: so a million lines take no more
 * memory than one chunk of them. When the server stops, the answer ends after
 * the results of what was published.
 */
export function eventStreamRoutes(services: Services): Hono {
  const app = new Hono();
  app.post(
    "/",
    allow(["publish", "admin"], services),
    refuseEncoded,
    async function publishEvents(c) {
      const headers = { "Content-Type": "application/x-ndjson" };
      const ids = new LineIds(c.req.header("idempotency-key"));
      const length = c.req.header("content-length");
      if (length !== undefined && Number(length) <= maxAnsweredAtOnce) {
        const body = await readBody(c.req.raw, maxAnsweredAtOnce);
        const results = await publishLines(
          linesOf(body),
          ids,
          services.store,
        );
        return c.body(results.join(""), 200, headers);
      }
      const body: ReadableStream | null = c.req.raw.body;
      const results = arrivingLines(body ?? new Blob().stream())
        .pipeThrough(publishing(ids, services))
        .pipeThrough(new TextEncoderStream());
      return c.body(results, 200, headers);
    },
  );
  return app;
}

/** The `event_id` of each line that has none of its own: the key of its request, and its number there. */
class LineIds {
  readonly #key: string | undefined;
  #count = 0;

  /** @param key The request's `Idempotency-Key`; without one, nor an empty one, lines get no ids. */
  constructor(key: string | undefined) {
    this.#key = key;
  }

  /** What the next line is taken to say where it doesn't say otherwise. */
  next(): { event_id?: string } {
    this.#count += 1;
    return this.#key ? { event_id: `${this.#key}:${this.#count}` } : {};
  }
}

/** From batches of lines to their results. */
function publishing(
  ids: LineIds,
  { store, registry }: Services,
): TransformStream<Line[], string> {
  const { drainSignal } = registry;
  let isPublishing = false;
  let stop = () => {};
  return new TransformStream({
    start(controller) {
      stop = () => {
        if (!isPublishing) controller.terminate();
      };
      if (drainSignal.aborted) stop();
      else drainSignal.addEventListener("abort", stop);
    },
    async transform(lines, controller) {
      isPublishing = true;
      const results = await publishLines(lines, ids, store);
      isPublishing = false;
      controller.enqueue(results.join(""));
      if (drainSignal.aborted) controller.terminate();
    },
    flush() {
      drainSignal.removeEventListener("abort", stop);
    },
    cancel() {
      drainSignal.removeEventListener("abort", stop);
    },
  });
}

/** @returns A line of the answer for each line: what a request of its own would be answered with. */
async function publishLines(
  lines: readonly Line[],
  ids: LineIds,
  store: Store,
): Promise<string[]> {
  const parsed = lines.map((line) => {
    const defaults = ids.next();
    return settle(() => parseLine(line, defaults));
  });
  const publications = parsed.filter((result) => result.status === "fulfilled")
    .map(({ value }) => value);
  const outcomes = await store.publishAll(publications).catch(
    (reason): PromiseRejectedResult[] =>
      publications.map(() => ({ status: "rejected", reason })),
  );
  let next = 0;
  return parsed.map((result) => {
    const answer = settle(() => {
      const { connectionId } = fulfilled(result);
      return describeOutcome(connectionId, fulfilled(outcomes[next++]));
    });
    return `${
      JSON.stringify(
        answer.status === "fulfilled"
          ? answer.value
          : problemBody(asProblem(answer.reason, "POST /api/events")),
      )
    }\n`;
  });
}

/**
 * @param defaults Members that count where the line has none of their names.
 * @throws {ProblemError} For a line that can't be published.
 */
function parseLine(
  line: Line,
  defaults: { readonly event_id?: string },
): Publication {
  if (line === tooLong) {
    throw new ProblemError({
      status: 413,
      code: "body_too_large",
      detail: `A line may have ${maxEventBytes} characters at most`,
    });
  }
  const { connection_id, ...members } = parseObject(line);
  const connectionId = checkConnectionId(connection_id);
  return { connectionId, change: parseDraft({ ...defaults, ...members }) };
}
