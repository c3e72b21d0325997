import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import type { Handshake } from "../connections/connection.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import { jitteredRetryMs, restarting } from "../connections/retry.ts";

/** The parts of the server used to admit or reject clients. */
export interface AdmissionContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
}

/** The close code and error frame for the rejection of an accepted socket. */
export interface Rejection {
  readonly code: CloseCode;
  readonly error: ErrorFrame;
}

/** Facts about a client available only from the handshake's request. */
export interface AdmissionFacts {
  /** The reason why the client's page may not connect; see `originFault`. */
  readonly originFault: string | undefined;
  /**
   * The result of {@linkcode isAddressFull} before the upgrade. After the
   * upgrade, simultaneous sockets would all count as over the limit.
   */
  readonly isOverAddressLimit: boolean;
}

/**
 * Decides on an accepted socket. Pages cannot read an HTTP answer to a handshake,
 * but can read an `error` frame, so rejected sockets are accepted first.
 * Rejections are logged.
 *
 * @returns `undefined` for an admitted client.
 */
export function rejectionOf(
  handshake: Handshake,
  facts: AdmissionFacts,
  services: AdmissionContext,
): Rejection | undefined {
  const rejection = findRejection(facts, services);
  if (rejection === undefined) return undefined;
  const { code, message } = rejection.error;
  log.info("Rejected a connection ({code}): {reason}", {
    code,
    reason: message,
    route: handshake.route,
    origin: handshake.origin,
    remoteAddress: handshake.remoteAddress,
  });
  return rejection;
}

function findRejection(
  { originFault, isOverAddressLimit }: AdmissionFacts,
  { config, registry }: AdmissionContext,
): Rejection | undefined {
  if (registry.isDraining) {
    return { code: closeCodes.serviceRestart, error: restarting() };
  }
  if (isOverAddressLimit) {
    return tooManyConnections(
      `This address has reached the limit of ${config.maxConnectionsPerIp} connections (TASKWIRE_MAX_CONNECTIONS_PER_IP): close some first (behind a proxy, set TASKWIRE_TRUST_PROXY)`,
    );
  }
  if (originFault !== undefined) {
    return {
      code: closeCodes.forbidden,
      error: { code: "origin_not_allowed", message: originFault },
    };
  }
}

/** True if an address has reached its limit, unclosable sockets included. */
export function isAddressFull(
  remoteAddress: string,
  { maxConnectionsPerIp: limit }: Config,
  registry: ConnectionRegistry,
): boolean {
  return limit > 0 && registry.socketsOf(remoteAddress) >= limit;
}

/** Returns the rejection of a socket over the limit of its address or user. */
export function tooManyConnections(message: string): Rejection {
  return {
    code: closeCodes.rateLimited,
    error: {
      code: "too_many_connections",
      message,
      retryAfterMs: jitteredRetryMs(),
    },
  };
}
