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
import type { ListRequest } from "./lists.ts";
import { RealtimeSession, type SessionContext } from "./session.ts";

/**
 * Serves `/ws/realtime`: verifies the token in the open socket, tells the
 * client its identity and the reason for a rejected token, then streams the
 * task's events. With `?watch=false` the client subscribes to all its tasks by
 * frames, and the handshake never reads the store.
 */
export async function realtimeEndpoint(
  connection: Connection,
  services: SessionContext,
  token: string | undefined,
): Promise<MessageHandler> {
  const session = await openSession(connection, services, token);
  if (session === undefined) return () => {};
  const { handshake } = connection;
  if (handshake.watches !== false) {
    await session.watchOwnTask(parsePosition(handshake));
  }
  return (message) => session.handle(message);
}

/**
 * Serves `/sse/list`: begins like {@linkcode realtimeEndpoint}, then sends a list
 * and the changes.
 */
export async function listEndpoint(
  connection: Connection,
  services: SessionContext,
  token: string | undefined,
  request: ListRequest,
): Promise<void> {
  const session = await openSession(connection, services, token);
  await session?.openOwnList(request);
}

/** @returns `undefined` if the connection is closed. */
async function openSession(
  connection: Connection,
  services: SessionContext,
  token: string | undefined,
): Promise<RealtimeSession | undefined> {
  const { config, verifier } = services;
  const identity = await authenticate(
    token,
    verifier,
    config.guestUserId,
  );
  countToken(services.counters, identity);
  if (identity.status === "invalid_token") {
    await slowGuessing(connection, services);
  }
  if (connection.isClosed) return undefined;
  greet(connection, identity, config.connectedMessage);
  if (closeUnauthenticated(connection, identity, config)) return undefined;
  const isClosed = closeOverUserLimit(connection, identity, services);
  if (isClosed !== false && await isClosed) return undefined;
  return new RealtimeSession(connection, identity, services);
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
  log.info("Rejected a token: {code}", {
    code,
    connection: connection.id,
    connectionId: taskId,
    remoteAddress: connection.handshake.remoteAddress,
  });
  connection.send(encodeError(identity.rejection));
}

/**
 * Parses the position at which the client resumes. A malformed offset is
 * treated like a position in a lost history: the client gets the snapshot.
 */
function parsePosition(
  { epoch, offset }: Handshake,
): StreamPosition | undefined {
  if (epoch === undefined || offset === undefined) return undefined;
  return { epoch, offset: /^\d{1,15}$/.test(offset) ? Number(offset) : -1 };
}
