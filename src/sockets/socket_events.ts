import type { WSContext, WSEvents, WSMessageReceive } from "hono/ws";
import type { Config } from "../config/config.ts";
import { countClose, type Counters } from "../metrics/counters.ts";
import { log } from "../log/log.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import { isAddressFull, rejectionOf } from "../admission/admission.ts";
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

/** The parts of the server used to serve a socket. */
export interface SocketContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly counters: Counters;
}

/** Returns the limits for slow readers, the same for all connections. */
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

/**
 * Applies the idle timeout to stalled readers, which get no pings; at least 5
 * s.
 */
function stallTimeoutMs({ idleTimeoutSeconds }: Config): number {
  if (idleTimeoutSeconds === 0) return Infinity;
  return Math.max(5, idleTimeoutSeconds) * 1_000;
}

/** The handshake and the services of one socket. */
export interface ServedSocket<Services extends SocketContext> {
  readonly handshake: Handshake;
  /** The token of the handshake. */
  readonly token: string | undefined;
  /** The reason why the client's page may not connect; see `originFault`. */
  readonly originFault: string | undefined;
  readonly endpoint: Endpoint<Services>;
  readonly services: Services;
  readonly options: ConnectionOptions;
  /** Counts the handshake when the socket has opened or failed. */
  readonly count: HandshakeCount;
}

/**
 * Translates the events of one socket for a {@linkcode Connection}; the events
 * object of Hono's `upgradeWebSocket`. The methods are synchronous and never
 * throw: an exception would end the process.
 *
 * The connection is released when the socket closes. The runtime keeps a closed
 * socket and this object until the next full garbage collection.
 */
export class SocketEvents<Services extends SocketContext>
  implements WSEvents<WebSocket> {
  readonly #services: Services;
  /** Set until the socket opens and the connection takes over. */
  #served: ServedSocket<Services> | undefined;
  readonly #isOverAddressLimit: boolean;
  #release: (() => void) | undefined;
  #messageRate: ((bytes: number) => boolean) | undefined;
  #connection: Connection | undefined;
  #transport: SocketTransport | undefined;
  #inbox: Inbox | undefined;

  /** Reserves the socket's place in the registry. */
  constructor(served: ServedSocket<Services>) {
    this.#served = served;
    this.#services = served.services;
    const { config, registry } = served.services;
    const { remoteAddress } = served.handshake;
    this.#isOverAddressLimit = isAddressFull(remoteAddress, config, registry);
    this.#release = registry.reserve(remoteAddress);
  }

  /** Returns the place after a failed upgrade. */
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
    const rejection = rejectionOf(handshake, facts, services);
    if (rejection) {
      connection.close(rejection.code, rejection.error);
      return;
    }
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
          `The message is longer than the limit of ${config.maxMessageBytes} bytes (TASKWIRE_MAX_MESSAGE_BYTES): send shorter messages`,
      });
    } else if (!this.#isWithinRate(sizeOf(message))) {
      connection.close(closeCodes.rateLimited, {
        code: "rate_limited",
        message:
          `More than ${config.messageRate} messages per second (TASKWIRE_MESSAGE_RATE): send fewer`,
        retryAfterMs: jitteredRetryMs(),
      });
    } else if (!this.#inbox.push(message)) {
      connection.close(closeCodes.rateLimited, {
        code: "rate_limited",
        message:
          "Too many messages are waiting: read the answers before sending more",
        retryAfterMs: jitteredRetryMs(),
      });
    }
  }

  /** May be called twice, and never for a client that stopped reading. */
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

  /** Logs the reason; the following close event cleans up. */
  onError(event: Event): void {
    this.#giveBack();
    const served = this.#served;
    const error: unknown = event instanceof ErrorEvent ? event.error : event;
    this.#served = undefined;
    served?.count.refused(error);
    if (served && isVersionFault(error)) {
      log.warn(
        "Cannot answer a WebSocket handshake over HTTP/1.0 from {remoteAddress}: set the proxy to use HTTP/1.1 towards this server (nginx: proxy_http_version 1.1)",
        { remoteAddress: served.handshake.remoteAddress },
      );
      return;
    }
    log.debug("Lost a socket: {reason}", {
      reason: event instanceof ErrorEvent ? event.message : event.type,
      route: (this.#connection ?? served)?.handshake.route,
    });
  }

  /** Most watchers never send, so the first message begins the count. */
  #isWithinRate(bytes: number): boolean {
    this.#messageRate ??= createMessageRate(this.#services.config.messageRate);
    return this.#messageRate(bytes);
  }

  /** Returns the place reserved while the socket was opening. */
  #giveBack(): void {
    this.#release?.();
    this.#release = undefined;
  }
}

/**
 * Recognises a handshake over HTTP/1.0 by its error, since the runtime does not
 * show the version. Deno 2.4 accepts the handshake, but cannot answer after the
 * failed upgrade.
 */
function isVersionFault(error: unknown): boolean {
  return error instanceof Error && error.message === "upgrade unavailable";
}

/**
 * Returns the start function of an endpoint. A separate scope keeps the token
 * out of the socket's other closures.
 */
function startOf<Services extends SocketContext>(
  { endpoint, services, token }: ServedSocket<Services>,
  connection: Connection,
) {
  return () => endpoint(connection, services, token);
}
