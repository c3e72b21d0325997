import type { ErrorFrame, SocketLike, Transport } from "./api.ts";
import { openEventStream } from "./event_stream.ts";
import type { FollowedTask } from "./followed_task.ts";
import { Heartbeat } from "./heartbeat.ts";
import { openSocket } from "./socket.ts";

/** A frame of the server; which members it has depends on its type. */
// deno-lint-ignore no-explicit-any
export type Frame = any;

/** What carries frames. */
export interface Carrier {
  /** Sends a frame; absent where there is no way back. */
  readonly send?: (frame: Frame) => void;
  /** Lets go of it; no event comes any more. */
  readonly close: () => void;
}

/** The code of an end of our own: the next connection, if any is wanted, is made at once. */
export const ownEnd = 0;

/** Told what happens on a connection. */
export interface SessionEvents {
  readonly onFrame: (frame: Frame) => void;
  /**
   * Called once; nothing follows.
   *
   * @param code A WebSocket close code, or the one that stands for it.
   */
  readonly onEnd: (code: number, reason?: ErrorFrame) => void;
}

/** One connection to the server, which ends when it is found dead. */
export interface Session extends Carrier {
  /** Doubts that it lives. */
  readonly probe: (isNetworkNew: boolean) => void;
}

/** What sessions are made with. */
export interface SessionOptions {
  readonly url: URL;
  readonly WebSocket:
    | (new (url: string, protocols: string[]) => SocketLike)
    | undefined;
  readonly fetch: typeof fetch;
}

/** What one session is made for. */
export interface SessionTarget {
  readonly transport: Transport;
  readonly task: FollowedTask;
  readonly token: string | undefined;
}

/**
 * Connects, on a task's own URL.
 *
 * @throws {DOMException} When the browser allows no such connection.
 */
export function openSession(
  options: SessionOptions,
  target: SessionTarget,
  { onFrame, onEnd }: SessionEvents,
): Session {
  const carrier = openCarrier(options, target, {
    onFrame: (frame) => {
      heartbeat.beat();
      onFrame(frame);
    },
    onLife: () => heartbeat.beat(),
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
      // The network that the stream came over is gone.
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
