import type { Context } from "hono";
import { getConnInfo, upgradeWebSocket } from "hono/deno";
import { parseOfferedProtocols, selectToken } from "../auth/token.ts";
import type { Services } from "../services.ts";
import type { Handshake } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkHandshake } from "./guard.ts";
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
    const offer = parseOfferedProtocols(c.req.header("sec-websocket-protocol"));
    const host = c.req.header("host");
    const handshake = readHandshake(c, route, connectionId, offer.token);
    return await upgradeWebSocket(
      asHelperExpects(c, offer.selected),
      socketEvents(handshake, host, endpoint, services),
      { idleTimeout: services.config.idleTimeoutSeconds },
    );
  };
}

/** After the upgrade the request's headers and address can't be read any more. */
function readHandshake(
  c: Context,
  route: string,
  connectionId: string,
  protocolToken: string | undefined,
): Handshake {
  return {
    route,
    connectionId,
    token: selectToken(c.req.query("token"), protocolToken),
    epoch: c.req.query("epoch"),
    offset: c.req.query("offset"),
    origin: c.req.header("origin"),
    remoteAddress: getConnInfo(c).remote.address ?? "",
  };
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
