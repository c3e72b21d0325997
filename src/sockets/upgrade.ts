import { setImmediate } from "node:timers";
import type { Context } from "hono";
import { getConnInfo, upgradeWebSocket } from "hono/deno";
import type { WSEvents } from "hono/ws";
import { parseOfferedProtocols } from "../auth/token.ts";
import { log } from "../log.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { Services } from "../services.ts";
import { dismissalOf, isAddressFull } from "./admission.ts";
import { Connection, type Handshake, type Transport } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkAddress, checkHandshake } from "./guard.ts";
import { readHandshake } from "./handshake.ts";
import { exceedsBytes, Inbox, type Message } from "./inbox.ts";
import { createMessageRate } from "./message_rate.ts";
import { remoteAddress as addressOf } from "./remote_address.ts";
import { jitteredRetryMs } from "./retry.ts";

/** Handles a request on a WebSocket route: refuses it over HTTP, or upgrades it. */
export type WebSocketHandler = (c: Context) => Response | Promise<Response>;

/**
 * Makes an endpoint a Hono handler, the one way in for sockets. It keeps from
 * the endpoint what Hono's helper and Deno's sockets leave to their callers:
 *
 * - no handshake reaches the helper that would make it throw;
 * - the socket's own handlers are synchronous and never throw, since the
 *   runtime ends the process otherwise;
 * - nothing follows the upgrade but `return`: an exception there would make
 *   Deno close its listener.
 *
 * @param route The route's name in the routes table.
 */
export function webSocketHandler(
  route: string,
  endpoint: Endpoint,
  services: Services,
): WebSocketHandler {
  // The name is what `taskwire routes` shows of a handler in the app.
  return async function WebSocketRoute(c) {
    const connectionId = checkHandshake(c, services);
    const remoteAddress = readRemoteAddress(c, services);
    checkAddress(remoteAddress, services);
    const offer = parseOfferedProtocols(c.req.header("sec-websocket-protocol"));
    const host = c.req.header("host");
    const known = { route, connectionId, remoteAddress };
    const handshake = readHandshake(c, known, offer.token);
    return await upgradeWebSocket(
      asHelperExpects(c, offer.selected),
      socketEvents(handshake, host, endpoint, services),
      { idleTimeout: services.config.idleTimeoutSeconds },
    );
  };
}

/** Like the headers, it can't be read any more after the upgrade. */
function readRemoteAddress(c: Context, { config }: Services): string {
  return addressOf(
    getConnInfo(c).remote.address ?? "",
    c.req.header("x-forwarded-for"),
    config.trustProxy,
  );
}

/**
 * The helper compares `Upgrade` with `websocket` letter for letter, so it sees
 * that in lower case. It echoes the first subprotocol offered, a token as well;
 * so it sees none but the one that was selected. The runtime must see the same
 * then: it looks for it in the request's own list, split at comma and space.
 * (Deno before 2.9 refuses headers set on the response afterwards.)
 *
 * @param selected The subprotocol to answer with.
 */
function asHelperExpects(c: Context, selected: string | undefined): Context {
  const seen: Record<string, string | undefined> = {
    "upgrade": "websocket",
    "sec-websocket-protocol": selected,
  };
  return Object.create(c, {
    req: {
      value: {
        raw: selected === undefined ? c.req.raw : offering(c.req.raw, selected),
        header: (name: string) => seen[name],
      },
    },
  });
}

/** A request as it would be if it offered this one subprotocol. */
function offering(request: Request, protocol: string): Request {
  const headers = new Headers(request.headers);
  headers.set("sec-websocket-protocol", protocol);
  return Object.create(request, { headers: { value: headers } });
}

/**
 * Closes a macrotask late: in a turn in which its peer has sent more, the
 * runtime would drop the socket, and the close frame with it.
 */
function transportOf(socket: WebSocket): Transport {
  return {
    get bufferedAmount() {
      return socket.bufferedAmount;
    },
    send: (data) => socket.send(data),
    close: (code, reason) => {
      setImmediate(() => socket.close(code, reason));
    },
  };
}

/** The events of one socket, in terms of a {@linkcode Connection}. */
function socketEvents(
  handshake: Handshake,
  host: string | undefined,
  endpoint: Endpoint,
  services: Services,
): WSEvents<WebSocket> {
  const { config, counters, registry } = services;
  const isWithinRate = createMessageRate(config.messageRate);
  const { remoteAddress } = handshake;
  const isOverAddressLimit = isAddressFull(remoteAddress, config, registry);
  const release = registry.reserve(remoteAddress);
  let connection: Connection | undefined;
  let inbox: Inbox | undefined;

  return {
    onOpen(_, { raw: socket }) {
      if (socket === undefined) {
        throw new TypeError("The helper gave no socket");
      }
      socket.binaryType = "arraybuffer";
      const opened = new Connection(transportOf(socket), handshake, {
        maxBufferedBytes: config.maxBufferedBytes,
        onEvicted: () => counters.evictedConnections += 1,
      });
      connection = opened;
      registry.add(opened);
      release();
      const dismissal = dismissalOf(
        handshake,
        host,
        isOverAddressLimit,
        services,
      );
      if (dismissal) {
        opened.close(dismissal.code, dismissal.error);
        return;
      }
      const started = new Inbox(
        () => endpoint(opened, services),
        config.maxBufferedBytes,
        (error) => opened.fail(error),
      );
      inbox = started;
      opened.onEnd(() => started.stop());
    },

    onMessage({ data }) {
      if (!connection || !inbox || connection.isClosed) return;
      const message = data as Message; // by `binaryType`, never a Blob
      if (exceedsBytes(message, config.maxMessageBytes)) {
        connection.close(closeCodes.messageTooBig, {
          code: "message_too_big",
          message:
            `A message may have ${config.maxMessageBytes} bytes at most (TASKWIRE_MAX_MESSAGE_BYTES)`,
        });
      } else if (!isWithinRate()) {
        connection.close(closeCodes.rateLimited, {
          code: "rate_limited",
          message:
            `More than ${config.messageRate} messages a second (TASKWIRE_MESSAGE_RATE)`,
          retryAfterMs: jitteredRetryMs(),
        });
      } else if (!inbox.push(message)) {
        connection.close(closeCodes.rateLimited, {
          code: "rate_limited",
          message: "Too many messages wait to be answered",
          retryAfterMs: jitteredRetryMs(),
        });
      }
    },

    /** May come twice, and for a peer that stopped reading never. */
    onClose() {
      release();
      if (!connection) return;
      connection.ended();
      registry.released(connection);
    },

    /** The close that follows cleans up; this only says why, where somebody asks. */
    onError(event) {
      release();
      log.debug("A socket broke: {reason}", {
        reason: event instanceof ErrorEvent ? event.message : event.type,
        route: handshake.route,
      });
    },
  };
}
