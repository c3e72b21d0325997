import type { ErrorFrame, SocketLike, Transport } from "./api.ts";
import { openEventStream } from "./event_stream.ts";
import type { FollowedTask } from "./followed_task.ts";
import { Heartbeat } from "./heartbeat.ts";
import { openSocket } from "./socket.ts";

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
  readonly task: FollowedTask;
  readonly token: string | undefined;
}

/**
 * Connects to the URL of a task.
 *
 * @throws {DOMException} If the browser forbids the connection.
 */
export function openSession(
  options: SessionOptions,
  target: SessionTarget,
  { onFrame, onEnd }: SessionEvents,
): Session {
  const carrier = openCarrier(options, target, {
    onFrame: (frame) => {
      heartbeat.received();
      onFrame(frame);
    },
    onLife: () => heartbeat.received(),
    onEnd: (code, reason) => {
      heartbeat.stop();
      onEnd(code, reason);
    },
  });
  const { send } = carrier;
  function die(code: number = 1006): void {
    close();
    onEnd(code);
  }
  function close(): void {
    heartbeat.stop();
    carrier.close();
  }
  const ping = send && (() => send({ type: "ping" }));
  const heartbeat = new Heartbeat(ping, () => die());
  return {
    ...carrier,
    close,
    probe: (isNetworkNew) => {
      if (ping) heartbeat.probe();
      // The stream belongs to the previous network.
      else if (isNetworkNew) die(ownEnd);
    },
  };
}

function openCarrier(
  { url: base, WebSocket, fetch }: SessionOptions,
  { transport, task: { id, position }, token }: SessionTarget,
  events: SessionEvents & { readonly onLife: () => void },
): Carrier {
  const url = new URL(base);
  const path = url.pathname.replace(/\/$/, "");
  const name = `/realtime/${encodeURIComponent(id)}`;
  const scheme = url.protocol.replace("ws", "http");
  if (transport === "sse" || !WebSocket) {
    url.protocol = scheme;
    url.pathname = `${path}/sse${name}`;
    const since = position && `${position.epoch}:${position.offset}`;
    return openEventStream(fetch, url, token, since, events);
  }
  url.protocol = scheme.replace("http", "ws");
  url.pathname = `${path}/ws${name}`;
  if (position) {
    url.searchParams.set("epoch", position.epoch);
    url.searchParams.set("offset", String(position.offset));
  }
  return openSocket(WebSocket, url, token, events);
}
