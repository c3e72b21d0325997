import { Hono } from "hono";
import { log } from "../log.ts";
import type { Services } from "../services.ts";
import { fulfilled, settle } from "../settle.ts";
import type { Publication, Store } from "../store/store.ts";
import { ArrivingBody, type KeptBytes, maxKeptBytes } from "./arriving_body.ts";
import { describeOutcome, parseDraft, parseObject } from "./draft_body.ts";
import { type EventLine, LineBatches } from "./event_lines.ts";
import { asProblem, problemBody, ProblemError } from "./problem.ts";
import {
  allow,
  checkConnectionId,
  refuseAnnounced,
  refuseEncoded,
} from "./request.ts";

/** How long a batch of results may wait for a client that still writes, in milliseconds. */
const unreadMs = 30_000;

/**
 * `/api/events`: many events in one request, as lines of JSON; a result goes
 * out for each, in order (spec §2).
 *
 * Lines are published as fast as the client reads their results. A client may
 * write everything first: see {@linkcode ArrivingBody}. When the server stops,
 * the answer to a body that still arrives ends after the results of what was
 * published.
 */
export function eventStreamRoutes(services: Services): Hono {
  const app = new Hono();
  const kept: KeptBytes = { count: 0 };
  app.post(
    "/",
    allow(["publish", "admin"], services),
    refuseEncoded,
    async function publishEvents(c) {
      await refuseAnnounced(c.req.raw, maxKeptBytes);
      const body = new ArrivingBody(c.req.raw, kept, services.config);
      await body.begin();
      const key = c.req.header("idempotency-key");
      return c.body(resultsOf(body, key, services), 200, {
        "Content-Type": "application/x-ndjson",
      });
    },
  );
  return app;
}

/** Publishes a batch of lines whenever the client has read the results before. */
function resultsOf(
  body: ArrivingBody,
  key: string | undefined,
  { store, registry: { drainSignal } }: Services,
): ReadableStream {
  const batches = new LineBatches(body);
  const encoder = new TextEncoder();
  let unreadTimer: ReturnType<typeof setTimeout> | undefined;
  function stop(): void {
    clearTimeout(unreadTimer);
    drainSignal.removeEventListener("abort", drain);
    body.cancel();
  }
  function drain(): void {
    if (body.isArriving) stop();
  }
  drainSignal.addEventListener("abort", drain);
  if (drainSignal.aborted) drain();
  return new ReadableStream({
    async pull(controller) {
      clearTimeout(unreadTimer);
      const lines = await batches.next();
      if (lines.length === 0) {
        stop();
        return controller.close();
      }
      const results = await publishLines(lines, key, store);
      controller.enqueue(encoder.encode(results.join("")));
      if (!body.isArriving) return;
      unreadTimer = setTimeout(() => {
        log.warn(
          "A client of POST /api/events writes and does not read its answer: its connection is closed",
        );
        stop();
        controller.error(new Error("The answer is not read"));
      }, unreadMs);
    },
    cancel: stop,
  }, { highWaterMark: 0 });
}

/** @returns A line of the answer for each line: what a request of its own would be answered with. */
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
      const { connectionId } = fulfilled(result);
      return describeOutcome(connectionId, fulfilled(outcomes[next++]));
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
  const connectionId = checkConnectionId(connection_id);
  const defaults = key ? { event_id: `${key}:${number}` } : {};
  return { connectionId, change: parseDraft({ ...defaults, ...members }) };
}
