import type { Context } from "hono";
import { getConnInfo, upgradeWebSocket } from "hono/deno";
import { parseOfferedProtocols } from "../auth/token.ts";
import type { Services } from "../services.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkAddress, checkHandshake } from "./guard.ts";
import { readHandshake } from "./handshake.ts";
import { remoteAddress as addressOf } from "./remote_address.ts";
import { socketEvents } from "./socket_events.ts";

/** Handles a request on a WebSocket route: refuses it over HTTP, or upgrades it. */
export type WebSocketHandler = (c: Context) => Response | Promise<Response>;

/**
 * Makes an endpoint a Hono handler, the one way in for sockets. It keeps from
 * the endpoint what Hono's helper and Deno's sockets leave to their callers:
 *
 * - no handshake reaches the helper that would make it throw;
 * - the socket's own handlers are synchronous and never throw, since the
 *   runtime ends the process otherwise;
 * - nothing follows the upgrade but `return`: an exception there would make
 *   Deno close its listener.
 *
 * @param route The route's name in the routes table.
 */
export function webSocketHandler(
  route: string,
  endpoint: Endpoint,
  services: Services,
): WebSocketHandler {
  // The name is what `taskwire routes` shows of a handler in the app.
  return async function WebSocketRoute(c) {
    const connectionId = checkHandshake(c, services);
    const remoteAddress = readRemoteAddress(c, services);
    checkAddress(remoteAddress, services);
    const offer = parseOfferedProtocols(c.req.header("sec-websocket-protocol"));
    const host = c.req.header("host");
    const known = { route, connectionId, remoteAddress };
    const handshake = readHandshake(c, known, offer.token);
    return await upgradeWebSocket(
      asHelperExpects(c, offer.selected),
      socketEvents(handshake, host, endpoint, services),
      { idleTimeout: services.config.idleTimeoutSeconds },
    );
  };
}

/** Like the headers, it can't be read any more after the upgrade. */
function readRemoteAddress(c: Context, { config }: Services): string {
  return addressOf(
    getConnInfo(c).remote.address ?? "",
    c.req.header("x-forwarded-for"),
    config.trustProxy,
  );
}

/**
 * The helper compares `Upgrade` with `websocket` letter for letter, so it sees
 * that in lower case. It echoes the first subprotocol offered, a token as well;
 * so it sees none but the one that was selected. The runtime must see the same
 * then: it looks for it in the request's own list, split at comma and space.
 * (Deno before 2.9 refuses headers set on the response afterwards.)
 *
 * @param selected The subprotocol to answer with.
 */
function asHelperExpects(c: Context, selected: string | undefined): Context {
  const seen: Record<string, string | undefined> = {
    "upgrade": "websocket",
    "sec-websocket-protocol": selected,
  };
  return Object.create(c, {
    req: {
      value: {
        raw: selected === undefined ? c.req.raw : offering(c.req.raw, selected),
        header: (name: string) => seen[name],
      },
    },
  });
}

/** A request as it would be if it offered this one subprotocol. */
function offering(request: Request, protocol: string): Request {
  const headers = new Headers(request.headers);
  headers.set("sec-websocket-protocol", protocol);
  return Object.create(request, { headers: { value: headers } });
}
