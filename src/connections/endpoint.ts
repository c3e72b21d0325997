import type { Connection } from "./connection.ts";
import type { MessageHandler } from "./inbox.ts";

/**
 * The behaviour of a WebSocket route: a function called with each accepted
 * socket. Messages wait while the function runs. An exception or rejection
 * closes only this socket, with 1011.
 *
 * @typeParam Services The parts of the server used by the endpoint.
 * @param token The token of the handshake. Not stored in the connection,
 * because sockets live much longer than tokens are needed.
 * @returns The handler for messages.
 */
export type Endpoint<Services> = (
  connection: Connection,
  services: Services,
  token: string | undefined,
) => MessageHandler | Promise<MessageHandler>;
