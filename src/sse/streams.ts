import type { Context } from "hono";
import { isAddressFull, rejectionOf } from "../admission/admission.ts";
import { checkAddress, checkLoad } from "../admission/guard.ts";
import type { Config } from "../config/config.ts";
import { Connection, type Handshake } from "../connections/connection.ts";
import {
  readHandshake,
  readRemoteAddress,
  readToken,
} from "../connections/handshake.ts";
import { countHandshakes } from "../connections/handshake_count.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import { jitteredRetryMs } from "../connections/retry.ts";
import type { Counters } from "../metrics/counters.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import { ProblemError } from "../protocol/problem.ts";
import { connectionOptions } from "../sockets/socket_events.ts";
import { createSseEncoder, parseLastEventId, type SseFrame } from "./frames.ts";
import { SsePings } from "./pings.ts";
import { refusalOf } from "./refusal.ts";
import { SseTransport } from "./transport.ts";

/** The parts of the server used by all event streams. */
export interface StreamContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly counters: Counters;
}

/**
 * The longest pause between pings, in milliseconds. The taskwire client and
 * many proxies give up a silent stream after a minute.
 */
const maxPingIntervalMs = 25_000;

/** The subject of a stream. */
export interface Subject {
  /** The task's id; for a list, the list's name. */
  readonly taskId: string;
  /** The reason why the client's page may not connect; see `originFault`. */
  readonly originFault?: string | undefined;
  /** Sends the frames. Called once the client is admitted. */
  readonly serve: (connection: Connection, token?: string) => Promise<unknown>;
}

/** Reads the subject of a stream from the request. */
export type ReadSubject = (c: Context) => Subject | Promise<Subject>;

/**
 * Returns a function to create the handlers of routes with event streams.
 *
 * A stream is a connection like a socket, with a different transport: listing,
 * limits and disconnects are the same. Hono's `streamSSE` is not used: it begins
 * the answer before the client is admitted, encodes every event per client, and
 * does not count the unread bytes of a slow client.
 */
export function createStreams(services: StreamContext) {
  const { config } = services;
  const encode = createSseEncoder();
  const pings = new SsePings(pingIntervalMs(config));

  /** @param route The route's name, in the style of the routes table. */
  return function streamHandler(route: string, readSubject: ReadSubject) {
    const count = countHandshakes(route, services.counters);

    async function answerHandshake(
      c: Context,
    ): Promise<ReadableStream | undefined> {
      const { taskId, originFault, serve } = await readSubject(c);
      refuseHead(c);
      checkLoad(services);
      const handshake = readStreamHandshake(c, { route, taskId }, services);
      admit(handshake, originFault, services);
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
  };
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
  services: StreamContext,
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
  services: StreamContext,
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
  readonly services: StreamContext;
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
