import type { Context } from "hono";
import { selectToken } from "../auth/token.ts";
import type { Services } from "../services.ts";
import type { Handshake } from "./connection.ts";
import { remoteAddress as addressOf } from "./remote_address.ts";

/**
 * What is to be remembered of a handshake, since after the upgrade the
 * request's headers can't be read any more.
 *
 * @param known What is known already.
 * @param protocolToken The token that the subprotocols of a WebSocket offer.
 */
export function readHandshake(
  c: Context,
  known: Pick<Handshake, "route" | "connectionId" | "remoteAddress">,
  protocolToken?: string,
): Handshake {
  return {
    ...known,
    token: selectToken({
      query: c.req.query("token"),
      protocol: protocolToken,
      authorization: c.req.header("authorization"),
    }),
    epoch: c.req.query("epoch"),
    offset: c.req.query("offset"),
    origin: c.req.header("origin"),
  };
}

/**
 * Whose request it is. Like the headers, it can't be read any more after an
 * upgrade.
 */
export function readRemoteAddress(c: Context, { config }: Services): string {
  const { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr> = c.env;
  return addressOf(
    remoteAddr.hostname,
    config.trustProxy === 0 ? undefined : c.req.header("x-forwarded-for"),
    config.trustProxy,
  );
}
