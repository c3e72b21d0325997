import { authenticate } from "../auth/authenticate.ts";
import type { Identity } from "../auth/identity.ts";
import { log } from "../log/log.ts";
import { encodeConnected, encodeError } from "../protocol/server_frames.ts";
import type { StreamPosition } from "../tasks/event.ts";
import type { Connection, Handshake } from "../connections/connection.ts";
import {
  closeOverUserLimit,
  countToken,
  slowGuessing,
} from "../admission/identity_limits.ts";
import type { MessageHandler } from "../connections/inbox.ts";
import { closeUnauthenticated } from "../admission/required_auth.ts";
import { RealtimeSession, type SessionContext } from "./session.ts";

/**
 * `/ws/realtime`: verifies the token in the open socket, says who the client
 * is and why a token was not accepted, then streams the task's events.
 */
export async function realtimeEndpoint(
  connection: Connection,
  services: SessionContext,
  token: string | undefined,
): Promise<MessageHandler> {
  const { config, verifier } = services;
  const { handshake } = connection;
  const identity = await authenticate(
    token,
    verifier,
    config.guestUserId,
  );
  countToken(services.counters, identity);
  await slowGuessing(connection, identity, services);
  if (connection.isClosed) return () => {};
  greet(connection, identity, config.connectedMessage);
  if (closeUnauthenticated(connection, identity, config)) return () => {};
  const isOver = closeOverUserLimit(connection, identity, services);
  if (isOver !== false && await isOver) return () => {};
  const session = new RealtimeSession(connection, identity, services);
  await session.watchOwnTask(parsePosition(handshake));
  return (message) => session.handle(message);
}

function greet(
  connection: Connection,
  identity: Identity,
  message: string,
): void {
  const { taskId } = connection.handshake;
  connection.authStatus = identity.status;
  connection.userId = identity.userId;
  connection.send(encodeConnected({
    message,
    taskId,
    userId: identity.userId,
    authStatus: identity.status,
  }));
  if (!("rejection" in identity)) return;
  const { code } = identity.rejection;
  log.info("A token was not accepted: {code}", {
    code,
    connection: connection.id,
    taskId,
    remoteAddress: connection.handshake.remoteAddress,
  });
  connection.send(encodeError(identity.rejection));
}

/**
 * Where the client resumes. An offset that is no number cannot be told from a
 * position in a lost history, and is answered alike: by the snapshot.
 */
function parsePosition(
  { epoch, offset }: Handshake,
): StreamPosition | undefined {
  if (epoch === undefined || offset === undefined) return undefined;
  return { epoch, offset: /^\d{1,15}$/.test(offset) ? Number(offset) : -1 };
}
