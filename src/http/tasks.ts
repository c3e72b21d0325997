import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Services } from "../services.ts";
import type { PublishOutcome } from "../store/store.ts";
import { connectionIdFault } from "../tasks/connection_id.ts";
import { type EventDraft, eventDraftSchema } from "../tasks/draft.ts";
import { requireScope } from "./authorization.ts";
import { ProblemError } from "./problem.ts";
import { isDecodable } from "../sockets/guard.ts";

/** The largest request body, in bytes: `data` of 64 KiB, escaped and with company. */
const maxBodyBytes = 262_144;

/** `/api/tasks`: where a backend publishes (spec §2). */
export function taskRoutes(services: Services): Hono {
  const app = new Hono();
  app.post(
    "/:connection_id{[\\s\\S]+}/events",
    async function authorizePublisher(c, next) {
      await requireScope(
        c.req.header("authorization"),
        ["publish", "admin"],
        services,
      );
      await next();
    },
    bodyLimit({ maxSize: maxBodyBytes, onError: refuseBody }),
    async function publishEvent(c) {
      const connectionId = readConnectionId(c);
      const draft = parseDraft(
        await c.req.text(),
        c.req.header("idempotency-key"),
      );
      const outcome = await services.store.publish(connectionId, draft);
      return c.json(describe(connectionId, outcome), 201);
    },
  );
  return app;
}

function readConnectionId(c: Context): string {
  const connectionId = c.req.param("connection_id") ?? "";
  const detail = isDecodable(c.req.url)
    ? connectionIdFault(connectionId)
    : "The connection_id is not percent-encoded UTF-8";
  if (detail === undefined) return connectionId;
  throw new ProblemError({ status: 400, code: "bad_connection_id", detail });
}

function refuseBody(): never {
  throw new ProblemError({
    status: 413,
    code: "body_too_large",
    detail: `An event may have ${maxBodyBytes} bytes at most`,
  });
}

/**
 * Parses the body of one event.
 *
 * @param idempotencyKey Stands for an `event_id` that the body doesn't name.
 * @throws {ProblemError} 400 for what is no JSON, 422 for what is no event.
 */
function parseDraft(
  body: string,
  idempotencyKey: string | undefined,
): EventDraft {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new ProblemError({
      status: 400,
      code: "bad_json",
      detail: 'The body is not JSON: send an object such as {"progress":0.5}',
    });
  }
  const withKey = idempotencyKey === undefined || !isPlainObject(json)
    ? json
    : { event_id: idempotencyKey, ...json };
  const result = eventDraftSchema.safeParse(withKey);
  if (result.success) return result.data;
  throw new ProblemError({
    status: 422,
    code: "bad_event",
    detail: result.error.issues.map(({ path, message }) =>
      path.length === 0 ? message : `${path.join(".")}: ${message}`
    ).join("; "),
  });
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The answer to a publish; a refusal is a 409. */
function describe(connectionId: string, outcome: PublishOutcome) {
  if (outcome.kind === "refused") {
    throw new ProblemError({ status: 409, ...outcome.refusal });
  }
  return {
    connection_id: connectionId,
    epoch: outcome.epoch,
    offset: outcome.event.offset,
    delivered: outcome.kind === "stored" ? outcome.delivered : 0,
    duplicate: outcome.kind === "duplicate",
    cancel_requested: false,
  };
}
