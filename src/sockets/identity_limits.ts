import type { Identity } from "../auth/identity.ts";
import type { Counters } from "../counters.ts";
import type { Services } from "../services.ts";
import { tooManyConnections } from "./admission.ts";
import type { Connection } from "./connection.ts";
import { pause } from "./pause.ts";

/** Counts the verdict on a token; a guest came with none. */
export function countToken({ tokens }: Counters, identity: Identity): void {
  if (identity.status === "guest") return;
  const isGood = identity.status === "authenticated";
  tokens[isGood ? "authenticated" : identity.rejection.code] += 1;
}

/**
 * Lets a client wait for the verdict on a bad token where its address has shown
 * many. Call it before the client is told.
 */
export async function slowGuessing(
  connection: Connection,
  identity: Identity,
  { badTokens }: Services,
): Promise<void> {
  const { remoteAddress } = connection.handshake;
  if (identity.status !== "invalid_token") return;
  badTokens.note(remoteAddress);
  await pause(connection, badTokens.delayMs(remoteAddress));
}

/**
 * Takes note of whose connection it is, and closes one too many of its user
 * with 4429. All guests are one user, and not limited. Call it whenever the
 * identity has changed.
 *
 * @returns Whether it was closed.
 */
export function closeOverUserLimit(
  connection: Connection,
  identity: Identity,
  { config, registry }: Services,
): boolean {
  const isUser = identity.status === "authenticated";
  const userId = isUser ? identity.userId : undefined;
  const count = registry.assignUser(connection, userId);
  const limit = config.maxConnectionsPerUser;
  if (limit === 0 || count <= limit) return false;
  const { code, error } = tooManyConnections(
    `A user may have ${limit} connections at most (TASKWIRE_MAX_CONNECTIONS_PER_USER)`,
  );
  connection.close(code, error);
  return true;
}
