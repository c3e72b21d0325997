import type { Context } from "hono";
import { ProblemError } from "../protocol/problem.ts";
import { readTaskId } from "../connections/read_task_id.ts";
import type { AdmissionContext } from "./admission.ts";

/**
 * Refuses malformed handshakes, and handshakes over the server's limits, while
 * an HTTP answer is still possible. After the upgrade, only a close is
 * possible.
 *
 * @throws {ProblemError} 400, 426 or 503.
 * @returns The `connection_id` of the accepted handshake.
 */
export function checkHandshake(c: Context, services: AdmissionContext): string {
  const taskId = readTaskId(c);
  checkUpgrade(c);
  checkLoad(services);
  return taskId;
}

/** Headers of a 426: the protocol to use (RFC 9110 §15.5.22). */
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
        "This is a WebSocket route: connect with a WebSocket client (a proxy in between must use HTTP/1.1 towards this server, in nginx proxy_http_version 1.1, and forward the Upgrade and Connection headers)",
      headers: upgradeHeaders,
    });
  }
  if (c.req.header("sec-websocket-version") !== "13") {
    throw new ProblemError({
      status: 426,
      code: "unsupported_websocket_version",
      detail:
        "The server supports only WebSocket version 13 (RFC 6455): use a current client",
      headers: { ...upgradeHeaders, "Sec-WebSocket-Version": "13" },
    });
  }
  if (!c.req.header("host")) {
    throw new ProblemError({
      status: 400,
      code: "bad_host",
      detail: "The handshake has no Host header: send one",
    });
  }
  if (!c.req.header("sec-websocket-key")) {
    throw new ProblemError({
      status: 400,
      code: "missing_websocket_key",
      detail:
        "The handshake has no Sec-WebSocket-Key header: connect with a WebSocket client",
    });
  }
}

/**
 * Refuses connections over the server's limit, and all connections while the
 * server stops.
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
 * The number of sockets by which an address may exceed its limit while rejected
 * sockets are being closed. Further handshakes are refused over HTTP: otherwise
 * a client that never answers a close could fill the process with sockets.
 */
const maxOverLimit = 100;

/**
 * The maximum number of unopened sockets per address and minute: each may cost
 * a descriptor for good.
 */
const maxUnopened = 1_000;

/**
 * Refuses an address with far more sockets than its limit, or with too many
 * connections reset during the handshake.
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
        "Too many connections from this address were reset during the handshake: connect again in a minute (behind a proxy, set TASKWIRE_TRUST_PROXY)",
    });
  }
  const limit = config.maxConnectionsPerIp;
  if (limit === 0) return;
  if (registry.socketsOf(remoteAddress) < limit + maxOverLimit) return;
  throw new ProblemError({
    status: 429,
    code: "too_many_connections",
    detail:
      "This address has far more connections than TASKWIRE_MAX_CONNECTIONS_PER_IP allows: close some and connect again later",
  });
}

/** True if a comma-separated header contains an item, in any letter case. */
function listHas(header: string | undefined, item: string): boolean {
  const items = header?.toLowerCase();
  if (items === undefined || items === item) return items === item;
  return items.split(",").some((part) => part.trim() === item);
}
