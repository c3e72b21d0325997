import type { Context } from "hono";
import { parseOfferedProtocols } from "../auth/token.ts";
import type { Services } from "../services.ts";
import type { Endpoint } from "./endpoint.ts";
import { checkAddress, checkHandshake } from "./guard.ts";
import { readHandshake, readRemoteAddress } from "./handshake.ts";
import { countHandshakes } from "./handshake_count.ts";
import { connectionOptions, SocketEvents } from "./socket_events.ts";

/** Handles a request on a WebSocket route: refuses it over HTTP, or upgrades it. */
export type WebSocketHandler = (c: Context) => Response;

/**
 * Makes an endpoint a Hono handler, the one way in for sockets. It keeps from
 * the endpoint what Deno's sockets leave to their callers:
 *
 * - no handshake reaches the upgrade that would make it throw;
 * - the socket's own handlers are synchronous and never throw, since the
 *   runtime ends the process otherwise;
 * - nothing follows the upgrade but listening and `return`: an exception there
 *   would make Deno close its listener.
 *
 * It calls the runtime's upgrade itself and not Hono's helper around it, which
 * costs 3 KiB a socket and keeps alive what was made of the request, echoes the
 * first subprotocol offered (a token as well), and knows `websocket` in lower
 * case alone.
 *
 * @param route The route's name in the routes table.
 */
export function webSocketHandler(
  route: string,
  endpoint: Endpoint,
  services: Services,
): WebSocketHandler {
  const { idleTimeoutSeconds: idleTimeout } = services.config;
  const options = connectionOptions(services);
  const count = countHandshakes(route, services.counters);

  function upgrade(c: Context): Response {
    const connectionId = checkHandshake(c, services);
    const remoteAddress = readRemoteAddress(c, services);
    checkAddress(remoteAddress, services);
    const { token, selected } = parseOfferedProtocols(
      c.req.header("sec-websocket-protocol"),
    );
    const known = { route, connectionId, remoteAddress };
    const handshake = readHandshake(c, known, token);
    const host = handshake.origin && c.req.header("host");
    const { socket, response } = selected === undefined
      ? Deno.upgradeWebSocket(c.req.raw, { idleTimeout })
      : Deno.upgradeWebSocket(offering(c.req.raw, selected), {
        idleTimeout,
        protocol: selected,
      });
    new SocketEvents(socket, { handshake, host, endpoint, services, options });
    return response;
  }

  // The name is what `taskwire routes` shows of a handler in the app.
  return function WebSocketRoute(c) {
    try {
      const response = upgrade(c);
      count.accepted();
      return response;
    } catch (error) {
      count.refused(error);
      throw error;
    }
  };
}

/**
 * A request as it would be if it offered this one subprotocol: the runtime
 * looks for the one to answer with in the request's list, and finds it there
 * only between a comma and a space.
 */
function offering(request: Request, protocol: string): Request {
  const headers = new Headers(request.headers);
  headers.set("sec-websocket-protocol", protocol);
  return Object.create(request, { headers: { value: headers } });
}
