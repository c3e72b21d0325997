import type { WSContext, WSEvents, WSMessageReceive } from "hono/ws";
import type { Config } from "../config/config.ts";
import { countClose, type Counters } from "../metrics/counters.ts";
import { log } from "../log/log.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import { dismissalOf, isAddressFull } from "../admission/admission.ts";
import {
  Connection,
  type ConnectionOptions,
  type Handshake,
} from "../connections/connection.ts";
import type { Endpoint } from "../connections/endpoint.ts";
import type { HandshakeCount } from "../connections/handshake_count.ts";
import {
  exceedsBytes,
  Inbox,
  type Message,
  sizeOf,
} from "../connections/inbox.ts";
import { createMessageRate } from "./message_rate.ts";
import { jitteredRetryMs } from "../connections/retry.ts";
import { SocketTransport } from "./socket_transport.ts";

/** The parts of the server that serve a socket. */
export interface SocketContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly counters: Counters;
}

/** How every connection of a server treats a slow reader. */
export function connectionOptions(
  { config, counters }: SocketContext,
): ConnectionOptions {
  return {
    maxBufferedBytes: config.maxBufferedBytes,
    stallTimeoutMs: stallTimeoutMs(config),
    onEvicted: () => counters.evictedConnections += 1,
    onClosed: (code) => countClose(counters, code),
  };
}

/** A reader that takes nothing is not pinged either; it is judged by the same time, and 5 s at least. */
function stallTimeoutMs({ idleTimeoutSeconds }: Config): number {
  if (idleTimeoutSeconds === 0) return Infinity;
  return Math.max(5, idleTimeoutSeconds) * 1_000;
}

/** What is served on one socket. */
export interface ServedSocket<Services extends SocketContext> {
  readonly handshake: Handshake;
  /** The token of the handshake. */
  readonly token: string | undefined;
  /** Why the client's page may not connect; see `originFault`. */
  readonly originFault: string | undefined;
  readonly endpoint: Endpoint<Services>;
  readonly services: Services;
  readonly options: ConnectionOptions;
  /** Counts the handshake once the socket has opened, or failed to. */
  readonly count: HandshakeCount;
}

/**
 * The events of one socket, in terms of a {@linkcode Connection}; the events
 * object of Hono's `upgradeWebSocket`. Its methods are synchronous and never
 * throw: the runtime would end the process.
 *
 * The connection is released as soon as it is closed: the runtime keeps a
 * closed socket until the next full garbage collection, and with it this
 * object.
 */
export class SocketEvents<Services extends SocketContext>
  implements WSEvents<WebSocket> {
  readonly #services: Services;
  /** Set until the socket opens; the connection then has the parts it needs. */
  #served: ServedSocket<Services> | undefined;
  readonly #isOverAddressLimit: boolean;
  #release: (() => void) | undefined;
  #isWithinRate: ((bytes: number) => boolean) | undefined;
  #connection: Connection | undefined;
  #transport: SocketTransport | undefined;
  #inbox: Inbox | undefined;

  /** Holds the socket's place in the registry from now on. */
  constructor(served: ServedSocket<Services>) {
    this.#served = served;
    this.#services = served.services;
    const { config, registry } = served.services;
    const { remoteAddress } = served.handshake;
    this.#isOverAddressLimit = isAddressFull(remoteAddress, config, registry);
    this.#release = registry.reserve(remoteAddress);
  }

  /** Gives the place back after an upgrade that failed. */
  abandon(): void {
    this.#giveBack();
  }

  onOpen(_event: Event, { raw: socket }: WSContext<WebSocket>): void {
    const served = this.#served;
    if (served === undefined || socket === undefined) return; // never opens twice
    this.#served = undefined;
    served.count.accepted();
    socket.binaryType = "arraybuffer";
    const { handshake, originFault, services, options } = served;
    const { config, registry } = services;
    const transport = new SocketTransport(socket);
    const connection = new Connection(transport, handshake, options);
    this.#connection = connection;
    this.#transport = transport;
    registry.add(connection);
    this.#giveBack();
    const isOverAddressLimit = this.#isOverAddressLimit;
    const facts = { originFault, isOverAddressLimit };
    const dismissal = dismissalOf(handshake, facts, services);
    if (dismissal) {
      connection.close(dismissal.code, dismissal.error);
      return;
    }
    this.#isWithinRate = createMessageRate(config.messageRate);
    const inbox = new Inbox(
      startOf(served, connection),
      config.maxBufferedBytes,
      (error) => connection.fail(error),
    );
    this.#inbox = inbox;
    connection.onEnd(() => inbox.stop());
  }

  onMessage(event: MessageEvent<WSMessageReceive>): void {
    const message = event.data as Message; // by `binaryType`, never a Blob
    const connection = this.#connection;
    this.#transport?.noteInput();
    if (!connection || !this.#inbox || connection.isClosed) return;
    const { config } = this.#services;
    if (exceedsBytes(message, config.maxMessageBytes)) {
      connection.close(closeCodes.messageTooBig, {
        code: "message_too_big",
        message:
          `A message may have ${config.maxMessageBytes} bytes at most (TASKWIRE_MAX_MESSAGE_BYTES)`,
      });
    } else if (!this.#isWithinRate?.(sizeOf(message))) {
      connection.close(closeCodes.rateLimited, {
        code: "rate_limited",
        message:
          `More than ${config.messageRate} messages a second (TASKWIRE_MESSAGE_RATE)`,
        retryAfterMs: jitteredRetryMs(),
      });
    } else if (!this.#inbox.push(message)) {
      connection.close(closeCodes.rateLimited, {
        code: "rate_limited",
        message: "Too many messages wait to be answered",
        retryAfterMs: jitteredRetryMs(),
      });
    }
  }

  /** May come twice, and for a peer that stopped reading never. */
  onClose({ code }: CloseEvent): void {
    this.#giveBack();
    if (!this.#connection) return;
    this.#connection.ended(code);
    this.#transport?.ended();
    this.#services.registry.released(this.#connection);
    this.#connection = undefined;
    this.#transport = undefined;
    this.#inbox = undefined;
  }

  /** Logs why the socket broke; the close that follows cleans up. */
  onError(event: Event): void {
    this.#giveBack();
    const served = this.#served;
    const error: unknown = event instanceof ErrorEvent ? event.error : event;
    this.#served = undefined;
    served?.count.refused(error);
    if (served && isVersionFault(error)) {
      log.warn(
        "A WebSocket handshake from {remoteAddress} came over HTTP/1.0 and gets no answer: let the proxy speak HTTP/1.1 to this server (nginx: proxy_http_version 1.1)",
        { remoteAddress: served.handshake.remoteAddress },
      );
      return;
    }
    log.debug("A socket broke: {reason}", {
      reason: event instanceof ErrorEvent ? event.message : event.type,
      route: (this.#connection ?? served)?.handshake.route,
    });
  }

  /** The place held for the socket while it opened. */
  #giveBack(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

/**
 * Recognises a handshake over HTTP/1.0, which the runtime shows in no other way:
 * Deno 2.4 takes it, and cannot answer it any more when its upgrade fails.
 */
function isVersionFault(error: unknown): boolean {
  return error instanceof Error && error.message === "upgrade unavailable";
}

/** Returns the start of an endpoint, in a scope of its own: other closures of a socket must not keep its token. */
function startOf<Services extends SocketContext>(
  { endpoint, services, token }: ServedSocket<Services>,
  connection: Connection,
) {
  return () => endpoint(connection, services, token);
}
