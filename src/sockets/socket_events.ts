import { setImmediate } from "node:timers";
import type { WSEvents } from "hono/ws";
import type { Config } from "../config.ts";
import { log } from "../log.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import type { Services } from "../services.ts";
import { dismissalOf, isAddressFull } from "./admission.ts";
import { Connection, type Handshake, type Transport } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { exceedsBytes, Inbox, type Message } from "./inbox.ts";
import { createMessageRate } from "./message_rate.ts";
import { jitteredRetryMs } from "./retry.ts";

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

/** A reader that takes nothing is not pinged either; it is judged by the same time, and 5 s at least. */
function stallTimeoutMs({ idleTimeoutSeconds }: Config): number {
  if (idleTimeoutSeconds === 0) return Infinity;
  return Math.max(5, idleTimeoutSeconds) * 1_000;
}

/**
 * The events of one socket, in terms of a {@linkcode Connection}. They are
 * synchronous and never throw: the runtime would end the process.
 */
export function socketEvents(
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
      if (socket === undefined) return; // by its type only
      socket.binaryType = "arraybuffer";
      const opened = new Connection(transportOf(socket), handshake, {
        maxBufferedBytes: config.maxBufferedBytes,
        stallTimeoutMs: stallTimeoutMs(config),
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
