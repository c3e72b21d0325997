import { Buffer } from "node:buffer";
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
interface OfferedPosition {
  readonly epoch?: string | undefined;
  readonly offset?: string | undefined;
}

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
  known: Pick<Handshake, "route" | "taskId" | "remoteAddress" | "watches">,
  position: OfferedPosition = {
    epoch: c.req.query("epoch"),
    offset: c.req.query("offset"),
  },
): Handshake {
  return {
    ...known,
    taskId: copyText(known.taskId),
    epoch: keepShort(position.epoch, maxEpochLength),
    offset: keepShort(position.offset, maxOffsetLength),
    origin: shorten(c.req.header("origin"), maxOriginLength),
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
  if (text === undefined) return undefined;
  return text.length > maxLength ? "" : copyText(text);
}

/** A header's value is a text of its own; only a part needs a copy. */
function shorten(
  text: string | undefined,
  maxLength: number,
): string | undefined {
  return text !== undefined && text.length > maxLength
    ? copyText(text.slice(0, maxLength))
    : text;
}

/**
 * Copies a part of a text, for which V8 would keep the whole text in memory. V8
 * itself copies parts of fewer than 13 characters.
 */
function copyText(text: string): string {
  return text.length < 13 ? text : Buffer.from(text).toString();
}
