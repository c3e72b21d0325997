import type { Context } from "hono";
import { problemResponse } from "../http/problem.ts";
import type { Services } from "../services.ts";
import { connectionIdFault } from "../tasks/connection_id.ts";

/** When to try again where the server is full or draining, in seconds. */
const retryAfterSeconds = "5";

/**
 * Refuses what is no WebSocket handshake, and what the server has no room for,
 * while an HTTP answer is still possible: after the upgrade there is none.
 *
 * @returns The refusal, or `undefined` for a handshake to be accepted.
 */
export function refuseHandshake(
  c: Context,
  services: Services,
): Response | undefined {
  return refuseConnectionId(c) ?? refuseUpgrade(c) ?? refuseLoad(services);
}

/** Spec §1: 1 to 256 characters after percent-decoding, no control characters. */
function refuseConnectionId(c: Context): Response | undefined {
  const fault = isDecodable(c.req.url)
    ? connectionIdFault(c.req.param("connection_id") ?? "")
    : "The connection_id is not percent-encoded UTF-8";
  return fault === undefined ? undefined : problemResponse({
    status: 400,
    code: "bad_connection_id",
    detail: fault,
  });
}

/** RFC 6455 §4.2.1 and §4.4; RFC 9110 §15.5.22. */
function refuseUpgrade(c: Context): Response | undefined {
  const isUpgrade = listHas(c.req.header("upgrade"), "websocket") &&
    listHas(c.req.header("connection"), "upgrade");
  if (!isUpgrade) {
    return problemResponse({
      status: 426,
      code: "upgrade_required",
      detail:
        "This is a WebSocket route: connect with a WebSocket client (a proxy in between must pass the Upgrade and Connection headers on)",
    }, { Upgrade: "websocket", Connection: "Upgrade" });
  }
  if (c.req.header("sec-websocket-version") !== "13") {
    return problemResponse({
      status: 426,
      code: "unsupported_websocket_version",
      detail: "The server speaks WebSocket version 13 (RFC 6455)",
    }, {
      Upgrade: "websocket",
      Connection: "Upgrade",
      "Sec-WebSocket-Version": "13",
    });
  }
  if (!c.req.header("sec-websocket-key")) {
    return problemResponse({
      status: 400,
      code: "missing_websocket_key",
      detail: "The handshake has no Sec-WebSocket-Key",
    });
  }
  return undefined;
}

function refuseLoad({ config, registry }: Services): Response | undefined {
  if (registry.isDraining) {
    return problemResponse({
      status: 503,
      code: "draining",
      detail: "The server is shutting down: connect again later",
    }, { "Retry-After": retryAfterSeconds });
  }
  const { maxConnections } = config;
  if (maxConnections > 0 && registry.socketCount >= maxConnections) {
    return problemResponse({
      status: 503,
      code: "too_many_connections",
      detail:
        "The server holds as many connections as TASKWIRE_MAX_CONNECTIONS allows: connect again later",
    }, { "Retry-After": retryAfterSeconds });
  }
  return undefined;
}

/** Whether a comma-separated header has an item, in any letter case. */
function listHas(header: string | undefined, item: string): boolean {
  return header !== undefined &&
    header.toLowerCase().split(",").some((part) => part.trim() === item);
}

export function isDecodable(url: string): boolean {
  if (!url.includes("%")) return true;
  try {
    decodeURIComponent(new URL(url).pathname);
    return true;
  } catch {
    return false; // URIError, which has nothing more to say
  }
}
