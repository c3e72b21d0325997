import { authenticate } from "../auth/authenticate.ts";
import type { Identity } from "../auth/identity.ts";
import { log } from "../log.ts";
import { closeCodes } from "../protocol/close_codes.ts";
import { encodeConnected, encodeError } from "../protocol/server_frames.ts";
import type { Services } from "../services.ts";
import type { StreamPosition } from "../tasks/event.ts";
import type { Connection, Handshake } from "./connection.ts";
import { closeOverUserLimit, slowGuessing } from "./identity_limits.ts";
import type { MessageHandler } from "./inbox.ts";
import { RealtimeSession } from "./realtime_session.ts";
import { jitteredRetryMs } from "./retry.ts";

/**
 * `/ws/realtime`: verifies the token in the open socket, says who the client
 * is and why a token was not accepted, then streams the task's events.
 */
export async function realtimeEndpoint(
  connection: Connection,
  services: Services,
): Promise<MessageHandler> {
  const { config, verifier } = services;
  const { handshake } = connection;
  const identity = await authenticate(
    handshake.token,
    verifier,
    config.guestUserId,
  );
  await slowGuessing(connection, identity, services);
  if (connection.isClosed) return () => {};
  greet(connection, identity, config.connectedMessage);
  if (config.auth === "required" && identity.status !== "authenticated") {
    refuse(connection, identity);
    return () => {};
  }
  if (closeOverUserLimit(connection, identity, services)) return () => {};
  const session = new RealtimeSession(connection, identity, services);
  await session.watchOwnTask(parsePosition(handshake));
  return (message) => session.handle(message);
}

function greet(
  connection: Connection,
  identity: Identity,
  message: string,
): void {
  const { connectionId } = connection.handshake;
  connection.authStatus = identity.status;
  connection.userId = identity.userId;
  connection.send(encodeConnected({
    message,
    connectionId,
    userId: identity.userId,
    authStatus: identity.status,
  }));
  if (!("rejection" in identity)) return;
  const { code } = identity.rejection;
  log.info("A token was not accepted: {code}", {
    code,
    connection: connection.id,
    connectionId,
    remoteAddress: connection.handshake.remoteAddress,
  });
  connection.send(encodeError(identity.rejection));
}

/** Where authentication is required; the reason, if a token has one, was sent before. */
function refuse(connection: Connection, identity: Identity): void {
  if (identity.status === "auth_error") {
    connection.close(closeCodes.tryAgainLater, {
      code: "authentication_unavailable",
      message:
        "Authentication is required and cannot be checked now: try again later",
      retryAfterMs: jitteredRetryMs(),
    });
    return;
  }
  connection.close(closeCodes.unauthorized, {
    code: "authentication_required",
    message:
      "This server requires authentication: connect again with a valid token, as ?token= or by the subprotocols 'bearer, <token>'",
  });
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
