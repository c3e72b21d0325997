import type { Connection } from "./connection.ts";
import type { MessageHandler } from "./inbox.ts";

/**
 * What a WebSocket route does with an open socket: a plain function, called
 * once the socket is accepted. It may take its time, during which messages
 * wait; what it throws or rejects with closes this socket with 1011 and harms
 * no other.
 *
 * @typeParam Services The parts of the server that the endpoint works with.
 * @param token The token of the handshake, which is not kept with the
 * connection: a socket outlives its use by far.
 * @returns What to do with each message.
 */
export type Endpoint<Services> = (
  connection: Connection,
  services: Services,
  token: string | undefined,
) => MessageHandler | Promise<MessageHandler>;
