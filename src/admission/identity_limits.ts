import type { Identity } from "../auth/identity.ts";
import type { Counters } from "../metrics/counters.ts";
import { log } from "../log/log.ts";
import type { BadTokens } from "./bad_tokens.ts";
import type { Config } from "../config/config.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import type { Peers } from "../cluster/peers.ts";
import { tooManyConnections } from "./admission.ts";
import type { Connection } from "../connections/connection.ts";
import { pause } from "../connections/pause.ts";

/** The parts of the server that limit the connections of a user. */
export interface IdentityLimitsContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
  readonly peers: Peers;
}

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
  { badTokens }: { readonly badTokens: BadTokens },
): Promise<void> {
  const { remoteAddress } = connection.handshake;
  if (identity.status !== "invalid_token") return;
  badTokens.note(remoteAddress);
  await pause(connection, badTokens.delayMs(remoteAddress));
}

/**
 * Takes note of whose connection it is, and closes one too many of its user,
 * on all nodes, with 4429. All guests are one user, and not limited. Call it
 * whenever the identity has changed.
 *
 * @returns Whether it is closed, by this or meanwhile. No promise where there
 * is nothing to count: no limit, or a token renewed by a user who has the place
 * already.
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

/** @param here How many the user had here with this one: those that come while the others are asked close themselves. */
async function closeWhereOver(
  connection: Connection,
  userId: string,
  here: number,
  { config, registry, peers }: IdentityLimitsContext,
): Promise<boolean> {
  const count = await peers.countUser(userId, here);
  if (connection.isClosed) return true;
  const limit = config.maxConnectionsPerUser;
  // It may have become somebody else's meanwhile, when its token expired.
  if (count <= limit || registry.userOf(connection) !== userId) return false;
  const { code, error } = tooManyConnections(
    `A user may have ${limit} connections at most (TASKWIRE_MAX_CONNECTIONS_PER_USER)`,
  );
  connection.close(code, error);
  return true;
}

/**
 * From now on tells the other nodes when a user has a connection less, where
 * connections of users are limited. Call it once, at start.
 */
export function tellOfUsersLeaving(
  { config, registry, peers }: IdentityLimitsContext,
): void {
  if (config.maxConnectionsPerUser === 0) return;
  registry.onUserLeft((userId, here) => {
    peers.countUser(userId, here).catch((error) => {
      log.error("The other nodes could not be told of a user: {error}", {
        error,
      });
    });
  });
}
