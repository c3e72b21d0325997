import type { Context } from "hono";
import { selectToken } from "../auth/token.ts";
import type { Config } from "../config/config.ts";
import type { Handshake } from "./connection.ts";
import { remoteAddress as addressOf } from "./remote_address.ts";

/** The longest valid `epoch` and `offset`, in characters. */
const maxEpochLength = 64;
const maxOffsetLength = 16;

/** The maximum length of an origin in memory and logs, in characters. */
export const maxOriginLength = 300;

/** The position in a task's history at which a client resumes, unparsed. */
type OfferedPosition = Partial<Pick<Handshake, "epoch" | "offset">>;

/**
 * Reads the parts of a handshake kept for the life of the socket: after the
 * upgrade, the request's headers can't be read.
 *
 * @param known The parts already known.
 * @param position The position of the client. @default {the position in the
 * query}
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
 * @param protocolToken The token among the offered subprotocols.
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
 * Reads the client address of a request. Like the headers, the address can't be
 * read after an upgrade.
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

/** The empty text replaces a longer text, which names no position. */
function keepShort(
  text: string | undefined,
  maxLength: number,
): string | undefined {
  return text !== undefined && text.length > maxLength ? "" : copyText(text);
}

/** Copies a text: V8 would keep the whole URL in memory for a part. */
function copyText(text: string | undefined): string | undefined {
  return text && new TextDecoder().decode(new TextEncoder().encode(text));
}
