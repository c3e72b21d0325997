import type { Context } from "hono";
import { ProblemError } from "../protocol/problem.ts";
import { readTaskId } from "../connections/read_task_id.ts";
import type { AdmissionContext } from "./admission.ts";

/**
 * Refuses what is no WebSocket handshake, and what the server has no room for,
 * while an HTTP answer is still possible: after the upgrade there is none.
 *
 * @throws {ProblemError} 400, 426 or 503.
 * @returns The `connection_id` of a handshake to be accepted.
 */
export function checkHandshake(c: Context, services: AdmissionContext): string {
  const taskId = readTaskId(c);
  checkUpgrade(c);
  checkLoad(services);
  return taskId;
}

/** What a 426 says of the protocol to come back with (RFC 9110 §15.5.22). */
const upgradeHeaders = { Upgrade: "websocket", Connection: "Upgrade" };

/** RFC 6455 §4.2.1 and §4.4; RFC 9110 §15.5.22. */
function checkUpgrade(c: Context): void {
  const isUpgrade = c.req.method === "GET" && // HEAD reaches GET's route
    listHas(c.req.header("upgrade"), "websocket") &&
    listHas(c.req.header("connection"), "upgrade");
  if (!isUpgrade) {
    throw new ProblemError({
      status: 426,
      code: "upgrade_required",
      detail:
        "This is a WebSocket route: connect with a WebSocket client (a proxy in between must speak HTTP/1.1 to this server, nginx by proxy_http_version 1.1, and pass the Upgrade and Connection headers on)",
      headers: upgradeHeaders,
    });
  }
  if (c.req.header("sec-websocket-version") !== "13") {
    throw new ProblemError({
      status: 426,
      code: "unsupported_websocket_version",
      detail: "The server speaks WebSocket version 13 (RFC 6455)",
      headers: { ...upgradeHeaders, "Sec-WebSocket-Version": "13" },
    });
  }
  if (!c.req.header("host")) {
    throw new ProblemError({
      status: 400,
      code: "bad_host",
      detail: "The handshake has no Host header",
    });
  }
  if (!c.req.header("sec-websocket-key")) {
    throw new ProblemError({
      status: 400,
      code: "missing_websocket_key",
      detail: "The handshake has no Sec-WebSocket-Key",
    });
  }
}

/**
 * Refuses one more connection than the server may hold, and all while it stops.
 *
 * @throws {ProblemError} 503.
 */
export function checkLoad({ config, registry }: AdmissionContext): void {
  if (registry.isDraining) {
    throw new ProblemError({
      status: 503,
      code: "draining",
      detail: "The server is shutting down: connect again later",
    });
  }
  const { maxConnections } = config;
  if (maxConnections > 0 && registry.socketCount >= maxConnections) {
    throw new ProblemError({
      status: 503,
      code: "too_many_connections",
      detail:
        "The server holds as many connections as TASKWIRE_MAX_CONNECTIONS allows: connect again later",
    });
  }
}

/**
 * How many sockets over its limit an address may have while they are told and
 * closed; beyond that it is refused over HTTP. A client that never answers a
 * close could else make the process hold sockets without bound.
 */
const maxDismissed = 100;

/** The most sockets of an address that may fail to open in a minute: each may cost a descriptor for good. */
const maxUnopened = 1_000;

/**
 * Refuses an address that holds far more sockets than it may, or that goes on
 * resetting connections during the handshake.
 *
 * @throws {ProblemError} 429.
 */
export function checkAddress(
  remoteAddress: string,
  { config, registry }: AdmissionContext,
): void {
  if (registry.unopenedLately(remoteAddress) >= maxUnopened) {
    throw new ProblemError({
      status: 429,
      code: "too_many_connections",
      detail:
        "Too many connections of this address were reset during the handshake: connect again in a minute (behind a proxy, set TASKWIRE_TRUST_PROXY)",
    });
  }
  const limit = config.maxConnectionsPerIp;
  if (limit === 0) return;
  if (registry.socketsOf(remoteAddress) < limit + maxDismissed) return;
  throw new ProblemError({
    status: 429,
    code: "too_many_connections",
    detail:
      "This address goes on opening connections beyond TASKWIRE_MAX_CONNECTIONS_PER_IP: close some, and connect again later",
  });
}

/** Whether a comma-separated header has an item, in any letter case. */
function listHas(header: string | undefined, item: string): boolean {
  return header !== undefined &&
    header.toLowerCase().split(",").some((part) => part.trim() === item);
}
