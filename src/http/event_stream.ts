import { Hono } from "hono";
import { type Line, splitLines, tooLong } from "../protocol/lines.ts";
import type { Services } from "../services.ts";
import type { Store } from "../store/store.ts";
import {
  describeOutcome,
  maxEventBytes,
  parseDraft,
  parseObject,
} from "./draft_body.ts";
import { asProblem, problemBody, ProblemError } from "./problem.ts";
import { allow, checkConnectionId } from "./request.ts";

/**
 * `/api/events`: many events in one request, as lines of JSON; a result goes
 * out for each, in order, while the request is still read (spec §2).
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
    function publishEvents(c) {
      const body: ReadableStream | null = c.req.raw.body;
      const results = splitLines(body ?? new Blob().stream(), maxEventBytes)
        .pipeThrough(publishing(services))
        .pipeThrough(new TextEncoderStream());
      return c.body(results, 200, { "Content-Type": "application/x-ndjson" });
    },
  );
  return app;
}

/** From batches of lines to their results. */
function publishing(
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
      drainSignal.addEventListener("abort", stop);
    },
    async transform(lines, controller) {
      isPublishing = true;
      // Begun in the order of the lines, and so stored in it.
      const results = await Promise.all(
        lines.map((line) => publishLine(line, store)),
      );
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

/** @returns A line of the answer: what a request of its own would be answered with. */
async function publishLine(line: Line, store: Store): Promise<string> {
  return `${JSON.stringify(await resultOf(line, store))}\n`;
}

async function resultOf(line: Line, store: Store): Promise<unknown> {
  try {
    if (line === tooLong) {
      throw new ProblemError({
        status: 413,
        code: "body_too_large",
        detail: `A line may have ${maxEventBytes} characters at most`,
      });
    }
    const { connection_id, ...members } = parseObject(line);
    const connectionId = checkConnectionId(connection_id);
    const outcome = await store.publish(connectionId, parseDraft(members));
    return describeOutcome(connectionId, outcome);
  } catch (error) {
    return problemBody(asProblem(error, "POST /api/events"));
  }
}
