import type { SessionContext } from "../realtime/session.ts";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { Config } from "../config/config.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { Counters } from "../metrics/counters.ts";
import { isAddressFull, rejectionOf } from "../admission/admission.ts";
import { Connection, type Handshake } from "../connections/connection.ts";
import { checkAddress, checkLoad } from "../admission/guard.ts";
import {
  readHandshake,
  readRemoteAddress,
  readToken,
} from "../connections/handshake.ts";
import { countHandshakes } from "../connections/handshake_count.ts";
import { originFault, readPageRequest } from "../admission/origin.ts";
import { listEndpoint, realtimeEndpoint } from "../realtime/endpoint.ts";
import { jitteredRetryMs } from "../connections/retry.ts";
import { connectionOptions } from "../sockets/socket_events.ts";
import { ProblemError } from "../protocol/problem.ts";
import { readTaskId } from "../connections/read_task_id.ts";
import { createSseEncoder, parseLastEventId, type SseFrame } from "./frames.ts";
import { readListRequest } from "./list_request.ts";
import { SsePings } from "./pings.ts";
import { refusalOf } from "./refusal.ts";
import { SseTransport } from "./transport.ts";

/** The parts of the server used to serve event streams. */
export interface SseContext extends SessionContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly counters: Counters;
}

/** The lifetime of a preflight answer in the browser's cache, in seconds. */
const preflightMaxAge = 600;

/**
 * The longest pause between pings, in milliseconds. The taskwire client and
 * many proxies give up a silent stream after a minute.
 */
const maxPingIntervalMs = 25_000;

/** The subject of a stream. */
interface Subject {
  /** The task's id; for a list, the list's name. */
  readonly taskId: string;
  /** Sends the frames. Called once the client is admitted. */
  readonly serve: (connection: Connection, token?: string) => Promise<unknown>;
}

/**
 * Serves `/sse/realtime` and `/sse/list`: the frames of `/ws/realtime` as
 * Server-Sent Events, for clients and proxies without WebSockets (spec §2; HTML
 * §9.2).
 *
 * A stream is a connection like a socket, with a different transport: the same
 * session serves it, and listing, limits and disconnects are the same. Hono's
 * `streamSSE` is not used: it begins the answer before the client is admitted,
 * encodes every event per client, and does not count the unread bytes of a slow
 * client.
 */
export function sseRoutes(services: SseContext): Hono {
  const { config } = services;
  const encode = createSseEncoder();
  const pings = new SsePings(pingIntervalMs(config));

  /**
   * Creates the handler of a route.
   *
   * @param route The route's name, in the style of the routes table.
   */
  function streamHandler(route: string, readSubject: (c: Context) => Subject) {
    const count = countHandshakes(route, services.counters);

    async function answerHandshake(
      c: Context,
    ): Promise<ReadableStream | undefined> {
      const { taskId, serve } = readSubject(c);
      refuseHead(c);
      checkLoad(services);
      const handshake = readStreamHandshake(c, { route, taskId }, services);
      admit(handshake, originFault(readPageRequest(c), config), services);
      const { completed } = c.env;
      return await openStream(handshake, readToken(c), {
        completed,
        encode,
        pings,
        serve,
        services,
      });
    }

    return async function streamEvents(c: Context) {
      const stream = await answerHandshake(c).catch((error) => {
        count.refused(error);
        throw error;
      });
      count.accepted();
      if (stream === undefined) {
        return c.body(null, 204, { "Cache-Control": "no-store" });
      }
      return c.body(stream, 200, {
        "Content-Type": "text/event-stream",
        // A compressing proxy would hold events back.
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no", // stops nginx from buffering
      });
    };
  }

  const app = new Hono();
  const admitPages = cors({
    origin: (origin, c) =>
      originFault(readPageRequest(c), config) === undefined ? origin : null,
    allowMethods: ["GET"],
    allowHeaders: ["Authorization", "Last-Event-ID", "Cache-Control"],
    exposeHeaders: ["Retry-After"],
    maxAge: preflightMaxAge,
  });
  app.use("/sse/realtime/*", admitPages);
  app.use("/sse/list", admitPages);
  app.on(
    "GET",
    // The second path matches an empty id, answered like other bad ids.
    ["/sse/realtime/:connection_id{[^]+}", "/sse/realtime/"],
    streamHandler("realtime_sse", (c) => ({
      taskId: readTaskId(c),
      serve: (connection, token) =>
        realtimeEndpoint(connection, services, token),
    })),
  );
  app.get(
    "/sse/list",
    streamHandler("list_sse", (c) => {
      const request = readListRequest(c);
      return {
        taskId: request.list,
        serve: (connection, token) =>
          listEndpoint(connection, services, token, request),
      };
    }),
  );
  return app;
}

/** Returns the ping interval, within the patience of clients and proxies. */
function pingIntervalMs({ idleTimeoutSeconds }: Config): number {
  return Math.min(idleTimeoutSeconds * 500 || Infinity, maxPingIntervalMs);
}

/** Hono answers HEAD with GET's route, and would leave the stream open. */
function refuseHead(c: Context): void {
  if (c.req.method !== "HEAD") return;
  throw new ProblemError({
    status: 405,
    code: "method_not_allowed",
    detail: "An event stream does not answer HEAD: use GET",
    headers: { Allow: "GET, OPTIONS" },
  });
}

function readStreamHandshake(
  c: Context,
  named: Pick<Handshake, "route" | "taskId">,
  services: SseContext,
): Handshake {
  const known = {
    ...named,
    remoteAddress: readRemoteAddress(c, services.config),
  };
  return readHandshake(
    c,
    known,
    parseLastEventId(c.req.header("last-event-id")),
  );
}

/** @throws {ProblemError} 403, 429 or 503 if a socket would be rejected. */
function admit(
  handshake: Handshake,
  originFault: string | undefined,
  services: SseContext,
): void {
  const { remoteAddress } = handshake;
  const { config, registry } = services;
  checkAddress(remoteAddress, services);
  const facts = {
    originFault,
    isOverAddressLimit: isAddressFull(remoteAddress, config, registry),
  };
  const rejection = rejectionOf(handshake, facts, services);
  if (rejection) throw refusalOf(rejection.code, [rejection.error]);
}

/** The parts of a stream besides the handshake. */
interface StreamParts {
  /** Settles when the answer is sent, or the client has disconnected. */
  readonly completed: Promise<void>;
  readonly encode: (frame: string, epoch: string) => SseFrame;
  readonly pings: SsePings;
  readonly serve: Subject["serve"];
  readonly services: SseContext;
}

/**
 * Serves a stream until either side ends it.
 *
 * @returns The body of the answer; `undefined` if the client has already seen
 * all events of a finished task.
 * @throws {ProblemError} If the client is refused.
 */
async function openStream(
  handshake: Handshake,
  token: string | undefined,
  { completed, encode, pings, serve, services }: StreamParts,
): Promise<ReadableStream | undefined> {
  const { config, registry } = services;
  const transport = new SseTransport({
    encode,
    retryMs: jitteredRetryMs(),
    drainMs: config.drainTimeoutSeconds * 1_000,
    maxBufferedBytes: config.maxBufferedBytes,
    onFinished: () => connection.close(closeCodes.normal),
  });
  const connection = new Connection(
    transport,
    handshake,
    connectionOptions(services),
  );
  const release = () => {
    connection.ended();
    registry.released(connection);
  };
  registry.add(connection);
  connection.onEnd(pings.add(() => transport.ping()));
  serve(connection, token).then(
    () => transport.begin(),
    (error) => {
      if (transport.isOpening) transport.refuse(error);
      else connection.fail(error);
    },
  );
  let stream: ReadableStream | undefined;
  try {
    stream = await transport.opened;
  } finally {
    if (stream === undefined) release();
  }
  completed.then(release, release);
  return stream;
}
