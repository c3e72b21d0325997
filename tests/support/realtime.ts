import type { Payload } from "djwt";
import { Hub } from "../../src/watch/hub.ts";
import type { TestServer } from "./server.ts";
import { type Frame, TestSocket } from "./socket.ts";
import { signToken } from "./tokens.ts";

/**
 * Opens `/ws/realtime` and waits for the `sync`.
 *
 * @param claims The token's claims. Without claims the client is a guest.
 */
export async function openRealtime(
  server: TestServer,
  taskId: string,
  claims?: Payload,
): Promise<TestSocket> {
  const token = claims ? `?token=${await signToken(claims)}` : "";
  const path = `/ws/realtime/${encodeURIComponent(taskId)}${token}`;
  const socket = new TestSocket(server.ws(path));
  await socket.nextOf("sync");
  return socket;
}

/**
 * Opens a socket that watches no task, and waits for `connected`.
 *
 * @param claims The token's claims. Without claims the client is a guest.
 */
export async function openForLists(
  server: Pick<TestServer, "ws">,
  claims?: Payload,
): Promise<TestSocket> {
  const token = claims ? `&token=${await signToken(claims)}` : "";
  const socket = new TestSocket(
    server.ws(`/ws/realtime/lists?watch=false${token}`),
  );
  await socket.nextOf("connected");
  return socket;
}

/** Sends a frame, and reads the next frame. */
export async function ask(socket: TestSocket, frame: Frame): Promise<Frame> {
  socket.send(frame);
  return await socket.nextFrame();
}

/** Subscribes to a task, and reads the `sync`. */
export async function subscribe(
  socket: TestSocket,
  taskId: string,
  position: Frame = {},
): Promise<Frame> {
  return await ask(socket, {
    type: "subscribe",
    connection_id: taskId,
    ...position,
  });
}

/** Resolves when the last watcher of the tasks has left. */
export function allLeft(hub: Hub, ids: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    hub.leave = (...args) => {
      Hub.prototype.leave.apply(hub, args);
      if (ids.every((id) => hub.watcherCount(id) === 0)) resolve();
    };
  });
}
