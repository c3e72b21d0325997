import { setImmediate } from "node:timers";
import type { Context } from "hono";
import { upgradeWebSocket } from "hono/deno";
import { parseOfferedProtocols } from "../auth/token.ts";
import { ProblemError } from "../protocol/problem.ts";
import type { Endpoint } from "../connections/endpoint.ts";
import { checkAddress, checkHandshake } from "../admission/guard.ts";
import {
  readHandshake,
  readRemoteAddress,
  readToken,
} from "../connections/handshake.ts";
import { countHandshakes } from "../connections/handshake_count.ts";
import { originFault, readPageRequest } from "../admission/origin.ts";
import {
  connectionOptions,
  type SocketContext,
  SocketEvents,
} from "./socket_events.ts";

/**
 * Handles a request on a WebSocket route: refuses the handshake over HTTP, or
 * upgrades to a socket.
 */
export type WebSocketHandler = (c: Context) => Promise<Response>;

/**
 * Turns an endpoint into a Hono handler with Hono's `upgradeWebSocket`, the
 * only way to open sockets. The preceding checks and the events object satisfy
 * the conditions of the helper and the runtime:
 *
 * - Handshakes that would make the upgrade throw are refused first.
 * - The methods of the events object are synchronous and never throw: an
 *   exception would end the process.
 * - Only `return` follows the upgrade: an exception would make Deno close its
 *   listener.
 * - The helper compares `Upgrade` with `websocket` case-sensitively, and echoes
 *   the first offered subprotocol, even a token: see {@linkcode canonical}.
 *
 * @param route The route's name in the routes table.
 */
export function webSocketHandler<Services extends SocketContext>(
  route: string,
  endpoint: Endpoint<Services>,
  services: Services,
): WebSocketHandler {
  const { idleTimeoutSeconds: idleTimeout } = services.config;
  const options = connectionOptions(services);
  const count = countHandshakes(route, services.counters);

  async function upgrade(c: Context): Promise<Response> {
    const taskId = checkHandshake(c, services);
    const remoteAddress = readRemoteAddress(c, services.config);
    checkAddress(remoteAddress, services);
    const offered = c.req.header("sec-websocket-protocol");
    const { token: protocolToken, selected } = parseOfferedProtocols(offered);
    const known = {
      route,
      taskId,
      remoteAddress,
      ...(c.req.query("watch") === "false" ? { watches: false } as const : {}),
    };
    const events = new SocketEvents({
      handshake: readHandshake(c, known),
      token: readToken(c, protocolToken),
      originFault: originFault(readPageRequest(c), services.config),
      endpoint,
      services,
      options,
      count,
    });
    const isSuspicious = services.registry.isFlooded(remoteAddress);
    if (isSuspicious && await hasHungUp(c.req.raw)) {
      events.abandon();
      throw new ProblemError({
        status: 400,
        code: "client_gone",
        detail: "The client reset the connection during the handshake",
      });
    }
    c.req.raw = canonical(c.req.raw, offered, selected);
    try {
      return await upgradeWebSocket(c, events, { idleTimeout });
    } catch (error) {
      events.abandon();
      throw error;
    }
  }

  // `taskwire routes` shows the name of this function.
  return async function WebSocketRoute(c) {
    try {
      return await upgrade(c);
    } catch (error) {
      count.refused(error);
      throw error;
    }
  };
}

/**
 * Checks if a client has reset its connection since the request. Deno 2.9 would
 * never open or close the socket of such a client, and would keep the
 * descriptor. The runtime needs two turns of the event loop to notice a reset.
 * The check runs only during a flood of handshakes, because the runtime stalls
 * a client that half-closes its connection in these two turns.
 */
async function hasHungUp({ signal }: Request): Promise<boolean> {
  await (turns ??= twoTurns());
  return signal.aborted;
}

/** The turns of the handshakes that arrived in this turn. */
let turns: Promise<void> | undefined;

async function twoTurns(): Promise<void> {
  await nextTurn();
  turns = undefined;
  await nextTurn();
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Returns the request with `Upgrade: websocket` in lower case, and with at most
 * one offered subprotocol: the selected one.
 */
function canonical(
  request: Request,
  offered: string | undefined,
  protocol: string | undefined,
): Request {
  const { headers } = request;
  if (offered === protocol && headers.get("upgrade") === "websocket") {
    return request;
  }
  const changed = new Headers(headers);
  changed.set("upgrade", "websocket");
  if (protocol === undefined) changed.delete("sec-websocket-protocol");
  else changed.set("sec-websocket-protocol", protocol);
  return Object.create(request, { headers: { value: changed } });
}
