import type { Identity } from "../auth/identity.ts";
import type { Counters } from "../metrics/counters.ts";
import { log } from "../log/log.ts";
import type { BadTokens } from "./bad_tokens.ts";
import type { Config } from "../config/config.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { OtherNodes } from "../cluster/other_nodes.ts";
import { tooManyConnections } from "./admission.ts";
import type { Connection } from "../connections/connection.ts";
import { pause } from "../connections/pause.ts";

/** The parts of the server used to limit the connections of a user. */
export interface IdentityLimitsContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly otherNodes: OtherNodes;
}

/** Counts the result of a token check; guests sent no token. */
export function countToken({ tokens }: Counters, identity: Identity): void {
  if (identity.status === "guest") return;
  const isGood = identity.status === "authenticated";
  tokens[isGood ? "authenticated" : identity.rejection.code] += 1;
}

/**
 * Delays the answer to a bad token if the address has sent many. Call before
 * answering the client.
 */
export async function slowGuessing(
  connection: Connection,
  { badTokens }: { readonly badTokens: BadTokens },
): Promise<void> {
  const { remoteAddress } = connection.handshake;
  badTokens.note(remoteAddress);
  await pause(connection, badTokens.delayMs(remoteAddress));
}

/**
 * Assigns a connection to its user, and closes the connection with 4429 if the
 * user is over the limit on all nodes together. Guests are not limited. Call
 * after every change of identity.
 *
 * @returns True if the connection is closed. Synchronous if no count is needed:
 * without a limit, or for a renewed token of the same user.
 */
export function closeOverUserLimit(
  connection: Connection,
  identity: Identity,
  services: IdentityLimitsContext,
): boolean | Promise<boolean> {
  if (connection.isClosed) return true;
  const isUser = identity.status === "authenticated";
  const userId = isUser ? identity.userId : undefined;
  const { config, registry } = services;
  const isRenewal = registry.userOf(connection) === userId;
  const here = registry.assignUser(connection, userId);
  if (
    config.maxConnectionsPerUser === 0 || userId === undefined || isRenewal
  ) return false;
  return closeWhereOver(connection, userId, here, services);
}

/**
 * @param here The number of the user's connections on this node, including
 * `connection`. Connections that arrive while nodes are asked close themselves.
 */
async function closeWhereOver(
  connection: Connection,
  userId: string,
  here: number,
  { config, registry, otherNodes }: IdentityLimitsContext,
): Promise<boolean> {
  const count = await otherNodes.countUser(userId, here);
  if (connection.isClosed) return true;
  const limit = config.maxConnectionsPerUser;
  // The token may have expired meanwhile, and the user changed.
  if (count <= limit || registry.userOf(connection) !== userId) return false;
  const { code, error } = tooManyConnections(
    `This user has reached the limit of ${limit} connections (TASKWIRE_MAX_CONNECTIONS_PER_USER): close some first`,
  );
  connection.close(code, error);
  return true;
}

/**
 * Informs the other nodes about closed connections of users, if users have a
 * connection limit. Call once, at start.
 */
export function announceUserDisconnects(
  { config, registry, otherNodes }: IdentityLimitsContext,
): void {
  if (config.maxConnectionsPerUser === 0) return;
  registry.onUserLeft((userId, here) => {
    otherNodes.countUser(userId, here).catch((error) => {
      log.error(
        "Could not tell the other nodes about a closed connection of a user: {error}",
        {
          error,
        },
      );
    });
  });
}
