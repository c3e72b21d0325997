import type { Context } from "hono";
import { selectToken } from "../auth/token.ts";
import type { Handshake } from "./connection.ts";

/**
 * What is to be remembered of a handshake, since after the upgrade the
 * request's headers can't be read any more.
 *
 * @param known What is known already.
 * @param protocolToken The token that the subprotocols offer.
 */
export function readHandshake(
  c: Context,
  known: Pick<Handshake, "route" | "connectionId" | "remoteAddress">,
  protocolToken: string | undefined,
): Handshake {
  return {
    ...known,
    token: selectToken(c.req.query("token"), protocolToken),
    epoch: c.req.query("epoch"),
    offset: c.req.query("offset"),
    origin: c.req.header("origin"),
  };
}
