import type { SessionContext } from "../realtime/session.ts";
import { type Context, Hono } from "hono";
import { cors } from "hono/cors";
import type { Config } from "../config/config.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { Counters } from "../metrics/counters.ts";
import { dismissalOf, isAddressFull } from "../admission/admission.ts";
import { Connection, type Handshake } from "../connections/connection.ts";
import { checkAddress, checkLoad } from "../admission/guard.ts";
import {
  readHandshake,
  readRemoteAddress,
  readToken,
} from "../connections/handshake.ts";
import { countHandshakes } from "../connections/handshake_count.ts";
import { originFault, readPageRequest } from "../admission/origin.ts";
import { realtimeEndpoint } from "../realtime/endpoint.ts";
import { jitteredRetryMs } from "../connections/retry.ts";
import { connectionOptions } from "../sockets/socket_events.ts";
import { ProblemError } from "../protocol/problem.ts";
import { readTaskId } from "../connections/read_task_id.ts";
import { createSseEncoder, parseLastEventId, type SseFrame } from "./frames.ts";
import { SsePings } from "./pings.ts";
import { refusalOf } from "./refusal.ts";
import { SseTransport } from "./transport.ts";

/** The parts of the server that serve a stream of events. */
export interface SseContext extends SessionContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly counters: Counters;
}

/** The name of the only route, as in the routes table of sockets. */
const route = "realtime_sse";

/** How long a browser may go by a preflight's answer, in seconds. */
const preflightMaxAge = 600;

/** Our client takes a stream for dead after a minute, as many proxies do; in milliseconds. */
const maxPingIntervalMs = 25_000;

/**
 * `/sse/realtime`: what `/ws/realtime` sends, as Server-Sent Events, for
 * clients and proxies that WebSockets don't reach (spec §2; HTML §9.2).
 *
 * A stream is a connection like a socket's, on another transport: it is served
 * by the same endpoint, listed, limited and sent away like one. It does not
 * run on Hono's `streamSSE`, which begins to answer before it is known whether
 * the client is refused, encodes each event for each client, and has no count
 * of what a slow client leaves unread.
 */
export function sseRoutes(services: SseContext): Hono {
  const { config } = services;
  const count = countHandshakes(route, services.counters);
  const encode = createSseEncoder();
  const pings = new SsePings(pingIntervalMs(config));

  async function answerHandshake(
    c: Context,
  ): Promise<ReadableStream | undefined> {
    const taskId = readTaskId(c);
    refuseHead(c);
    checkLoad(services);
    const handshake = readStreamHandshake(c, taskId, services);
    admit(handshake, originFault(readPageRequest(c), config), services);
    const { completed } = c.env;
    return await openStream(handshake, readToken(c), {
      completed,
      encode,
      pings,
      services,
    });
  }

  const app = new Hono();
  app.use(
    "/sse/realtime/*",
    cors({
      origin: (origin, c) =>
        originFault(readPageRequest(c), config) === undefined ? origin : null,
      allowMethods: ["GET"],
      allowHeaders: ["Authorization", "Last-Event-ID", "Cache-Control"],
      exposeHeaders: ["Retry-After"],
      maxAge: preflightMaxAge,
    }),
  );
  app.on(
    "GET",
    // The second is for an empty id, which is refused like other bad ones.
    ["/sse/realtime/:connection_id{[^]+}", "/sse/realtime/"],
    async function streamEvents(c: Context) {
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
        // A proxy that compresses would hold events back.
        "Cache-Control": "no-cache, no-transform",
        "X-Accel-Buffering": "no", // nginx would else wait for more
      });
    },
  );
  return app;
}

/** Like a socket's pings, and never more seldom than clients and proxies wait for. */
function pingIntervalMs({ idleTimeoutSeconds }: Config): number {
  return Math.min(idleTimeoutSeconds * 500 || Infinity, maxPingIntervalMs);
}

/** Hono answers HEAD by GET's route, and would leave the stream open. */
function refuseHead(c: Context): void {
  if (c.req.method !== "HEAD") return;
  throw new ProblemError({
    status: 405,
    code: "method_not_allowed",
    detail: "A stream has no head of its own: use GET",
    headers: { Allow: "GET, OPTIONS" },
  });
}

function readStreamHandshake(
  c: Context,
  taskId: string,
  services: SseContext,
): Handshake {
  const known = {
    route,
    taskId,
    remoteAddress: readRemoteAddress(c, services.config),
  };
  return readHandshake(
    c,
    known,
    parseLastEventId(c.req.header("last-event-id")),
  );
}

/** @throws {ProblemError} 403, 429 or 503 for what a socket would be dismissed for. */
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
  const dismissal = dismissalOf(handshake, facts, services);
  if (dismissal) throw refusalOf(dismissal.code, [dismissal.error]);
}

/** The parts of a stream besides its handshake. */
interface StreamParts {
  /** Settles when the answer is sent, or its client has disconnected. */
  readonly completed: Promise<void>;
  readonly encode: (frame: string, epoch: string) => SseFrame;
  readonly pings: SsePings;
  readonly services: SseContext;
}

/**
 * Serves a stream until it ends, by whichever side.
 *
 * @returns The answer's body; `undefined` where nothing is left to be seen.
 * @throws {ProblemError} When the client is refused.
 */
async function openStream(
  handshake: Handshake,
  token: string | undefined,
  { completed, encode, pings, services }: StreamParts,
): Promise<ReadableStream | undefined> {
  const { config, registry } = services;
  const transport = new SseTransport({
    encode,
    retryMs: jitteredRetryMs(),
    drainMs: config.drainTimeoutSeconds * 1_000,
    maxBufferedBytes: config.maxBufferedBytes,
    onOver: () => connection.close(closeCodes.normal),
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
  realtimeEndpoint(connection, services, token).then(
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
