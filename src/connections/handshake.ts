import type { Context } from "hono";
import { selectToken } from "../auth/token.ts";
import type { Config } from "../config/config.ts";
import type { Handshake } from "./connection.ts";
import { remoteAddress as addressOf } from "./remote_address.ts";

/** The longest `epoch` and `offset` that can name a position, in characters. */
const maxEpochLength = 64;
const maxOffsetLength = 16;

/** The longest origin that is remembered, shown and logged, in characters. */
export const maxOriginLength = 300;

/** The position in a task's history that a client resumes from, unparsed. */
type OfferedPosition = Partial<Pick<Handshake, "epoch" | "offset">>;

/**
 * Reads the members of a handshake that are kept as long as its socket: after
 * the upgrade the request's headers can't be read any more.
 *
 * @param known The members that are known already.
 * @param position The position that the client asks for. @default {that of the query}
 */
export function readHandshake(
  c: Context,
  known: Pick<Handshake, "route" | "taskId" | "remoteAddress">,
  position: OfferedPosition = c.req.query(),
): Handshake {
  return {
    ...known,
    epoch: keepShort(position.epoch, maxEpochLength),
    offset: keepShort(position.offset, maxOffsetLength),
    origin: copyText(c.req.header("origin")?.slice(0, maxOriginLength)),
  };
}

/**
 * Reads the token of a handshake.
 *
 * @param protocolToken The token that the subprotocols of a WebSocket offer.
 */
export function readToken(
  c: Context,
  protocolToken?: string,
): string | undefined {
  return selectToken({
    query: c.req.query("token"),
    protocol: protocolToken,
    authorization: c.req.header("authorization"),
  });
}

/**
 * Reads the address that a request comes from. Like the headers, the address
 * can't be read any more after an upgrade.
 */
export function readRemoteAddress(
  c: Context,
  { trustProxy }: Pick<Config, "trustProxy">,
): string {
  const { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr> = c.env;
  return addressOf(
    remoteAddr.hostname,
    trustProxy === 0 ? undefined : c.req.header("x-forwarded-for"),
    trustProxy,
  );
}

/** A text that is too long names no position in any history, as the empty text does. */
function keepShort(
  text: string | undefined,
  maxLength: number,
): string | undefined {
  return text !== undefined && text.length > maxLength ? "" : copyText(text);
}

/** Copies a text: V8 makes a part of a text by reference, and the URL or header would be kept with it. */
function copyText(text: string | undefined): string | undefined {
  return text && new TextDecoder().decode(new TextEncoder().encode(text));
}
