import type { Config } from "../config.ts";
import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import type { Services } from "../services.ts";
import type { Handshake } from "./connection.ts";
import { isOriginAllowed } from "./origin.ts";
import type { ConnectionRegistry } from "./registry.ts";
import { jitteredRetryMs, restarting } from "./retry.ts";

/** How an accepted socket is sent away. */
export interface Dismissal {
  readonly code: CloseCode;
  readonly error: ErrorFrame;
}

/**
 * Judges a socket that was accepted only to be told: a page can read an
 * `error` frame, and no HTTP answer to its handshake.
 *
 * @param host The request's `Host`.
 * @param isOverAddressLimit What {@linkcode isAddressFull} said at the
 * handshake: afterwards, sockets that come at once would all count each other.
 * @returns `undefined` for one that may stay.
 */
export function dismissalOf(
  handshake: Handshake,
  host: string | undefined,
  isOverAddressLimit: boolean,
  { config, registry }: Services,
): Dismissal | undefined {
  if (registry.isDraining) {
    return { code: closeCodes.serviceRestart, error: restarting() };
  }
  if (isOverAddressLimit) {
    return tooManyConnections(
      `An address may have ${config.maxConnectionsPerIp} connections at most (TASKWIRE_MAX_CONNECTIONS_PER_IP); behind a proxy, set TASKWIRE_TRUST_PROXY`,
    );
  }
  if (!isOriginAllowed(handshake.origin, host, config.origins)) {
    return {
      code: closeCodes.forbidden,
      error: {
        code: "origin_not_allowed",
        message:
          "Pages of this origin may not connect: add the origin to TASKWIRE_ORIGINS",
      },
    };
  }
}

/** Whether an address holds as many sockets as it may, those that can't be closed among them. */
export function isAddressFull(
  remoteAddress: string,
  { maxConnectionsPerIp: limit }: Config,
  registry: ConnectionRegistry,
): boolean {
  return limit > 0 && registry.socketsOf(remoteAddress) >= limit;
}

/** Why a socket is closed that is one too many of its address or user. */
export function tooManyConnections(message: string): Dismissal {
  return {
    code: closeCodes.rateLimited,
    error: {
      code: "too_many_connections",
      message,
      retryAfterMs: jitteredRetryMs(),
    },
  };
}
