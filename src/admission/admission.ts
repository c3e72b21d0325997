import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import { type CloseCode, closeCodes } from "../protocol/close_codes.ts";
import type { ErrorFrame } from "../protocol/server_frames.ts";
import type { Handshake } from "../connections/connection.ts";
import type { ConnectionRegistry } from "../connections/registry.ts";
import { jitteredRetryMs, restarting } from "../connections/retry.ts";

/** The parts of the server by which a client is admitted or rejected. */
export interface AdmissionContext {
  readonly config: Config;
  readonly registry: ConnectionRegistry;
}

/** The close code and the error frame by which an accepted socket is rejected. */
export interface Dismissal {
  readonly code: CloseCode;
  readonly error: ErrorFrame;
}

/** Facts about a client that only the handshake's request shows. */
export interface AdmissionFacts {
  /** The reason why the client's page may not connect; see `originFault`. */
  readonly originFault: string | undefined;
  /**
   * The result of {@linkcode isAddressFull} before the upgrade; after it,
   * sockets that come at once would all count each other.
   */
  readonly isOverAddressLimit: boolean;
}

/**
 * Judges a socket that was accepted only to be told: a page can read an
 * `error` frame, and no HTTP answer to its handshake. A refusal is logged.
 *
 * @returns `undefined` for a client that may stay.
 */
export function dismissalOf(
  handshake: Handshake,
  facts: AdmissionFacts,
  services: AdmissionContext,
): Dismissal | undefined {
  const dismissal = judge(facts, services);
  if (dismissal === undefined) return undefined;
  const { code, message } = dismissal.error;
  log.info("Rejected a connection ({code}): {reason}", {
    code,
    reason: message,
    route: handshake.route,
    origin: handshake.origin,
    remoteAddress: handshake.remoteAddress,
  });
  return dismissal;
}

function judge(
  { originFault, isOverAddressLimit }: AdmissionFacts,
  { config, registry }: AdmissionContext,
): Dismissal | undefined {
  if (registry.isDraining) {
    return { code: closeCodes.serviceRestart, error: restarting() };
  }
  if (isOverAddressLimit) {
    return tooManyConnections(
      `An address may have ${config.maxConnectionsPerIp} connections at most (TASKWIRE_MAX_CONNECTIONS_PER_IP); behind a proxy, set TASKWIRE_TRUST_PROXY`,
    );
  }
  if (originFault !== undefined) {
    return {
      code: closeCodes.forbidden,
      error: { code: "origin_not_allowed", message: originFault },
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
