import type { ErrorFrame, SocketLike, Transport } from "./api.ts";
import { openEventStream } from "./event_stream.ts";
import { startHeartbeat } from "./heartbeat.ts";
import { openSocket } from "./socket.ts";
import type { Subscription } from "./subscription.ts";

/** A frame of the server. The members depend on the type. */
// deno-lint-ignore no-explicit-any
export type Frame = any;

/** A connection for frames: a WebSocket or a stream of Server-Sent Events. */
export interface Carrier {
  /** Sends a frame. Absent for Server-Sent Events. */
  readonly send?: (frame: Frame) => void;
  /** Closes the connection. No event follows. */
  readonly close: () => void;
}

/** The code if the client itself ended the connection: any next connection follows without delay. */
export const ownEnd = 0;

/** The callbacks of a connection. */
export interface SessionEvents {
  readonly onFrame: (frame: Frame) => void;
  /**
   * Called once; nothing follows.
   *
   * @param code A WebSocket close code, or the code equivalent to an HTTP status.
   */
  readonly onEnd: (code: number, reason?: ErrorFrame) => void;
}

/** The callbacks of a carrier. The carrier is closed after `onEnd`. */
export interface CarrierEvents extends SessionEvents {
  /** Called for received bytes or frames. */
  readonly onLife: () => void;
}

/** A connection to the server with heartbeats: a dead connection is ended. */
export interface Session extends Carrier {
  /** Checks at once if the connection still works. */
  readonly probe: (isNetworkNew: boolean) => void;
}

/** The options common to all sessions of a client. */
export interface SessionOptions {
  readonly url: URL;
  readonly WebSocket:
    | (new (url: string, protocols: string[]) => SocketLike)
    | undefined;
  readonly fetch: typeof fetch;
}

/** The target of a session. */
export interface SessionTarget {
  readonly transport: Transport;
  /** Served by an event stream. A socket only takes its name from the key. */
  readonly subscription: Subscription;
  readonly token: string | undefined;
}

/**
 * Connects to the server: to a socket without a task of its own, or to the event
 * stream of a task or list.
 *
 * @throws {DOMException} If the browser forbids the connection.
 */
export function openSession(
  options: SessionOptions,
  target: SessionTarget,
  { onFrame, onEnd }: SessionEvents,
): Session {
  const carrier = openCarrier(options, target, {
    onFrame,
    onLife: () => heartbeat.received(),
    onEnd: end,
  });
  const { send } = carrier;
  const ping = send && (() => send({ type: "ping" }));
  const heartbeat = startHeartbeat(ping, () => end(1006));
  function close(): void {
    heartbeat.stop();
    carrier.close();
  }
  function end(code: number, reason?: ErrorFrame): void {
    close();
    onEnd(code, reason);
  }
  return {
    ...carrier,
    close,
    probe: (isNetworkNew) => {
      if (ping) heartbeat.probe();
      // The stream belongs to the previous network.
      else if (isNetworkNew) end(ownEnd);
    },
  };
}

function openCarrier(
  { url: base, WebSocket, fetch }: SessionOptions,
  { transport, subscription, token }: SessionTarget,
  events: CarrierEvents,
): Carrier {
  const { key, query, lastEventId } = subscription;
  const isStream = transport === "sse";
  const url = new URL(base);
  url.protocol = url.protocol.replace(/ws|http/, isStream ? "http" : "ws");
  const root = url.pathname.replace(/\/?$/, isStream ? "/sse/" : "/ws/");
  url.pathname = root +
    (isStream && query ? "list" : `realtime/${encodeURIComponent(key)}`);
  const params = isStream ? query ?? {} : { watch: false };
  for (const [name, value] of Object.entries(params)) {
    for (const each of [value ?? []].flat()) {
      url.searchParams.append(name.replace("labels", "label"), String(each));
    }
  }
  return isStream || !WebSocket
    ? openEventStream(fetch, url, token, lastEventId, events)
    : openSocket(WebSocket, url, token, events);
}
