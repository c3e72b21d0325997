import { createClient } from "@redis/client";
import { deadline } from "../async/deadline.ts";
import type { RedisAddress, RedisHost } from "./address.ts";

/** Receives a channel's messages. */
export type OnMessage = (message: string, channel: string) => void;

/** An open connection to a server. A lost connection is not reopened. */
export interface RedisConnection {
  send(command: readonly string[]): Promise<unknown>;
  /** Resolves once the subscriptions are active. */
  subscribe(channels: readonly string[], onMessage: OnMessage): Promise<void>;
  unsubscribe(
    channels: readonly string[],
    onMessage: OnMessage,
  ): Promise<void>;
  /** Rejects pending calls and closes the connection. */
  destroy(): void;
}

/** Options for a new connection. */
export interface ConnectOptions {
  /** Called with the cause of a lost connection, perhaps more than once. */
  readonly onLost: (cause: Error) => void;
  /** The longest time for connecting, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborts connecting. */
  readonly signal: AbortSignal;
}

/**
 * Connects once. A lost connection is not reopened but replaced by the caller,
 * who prepares the new connection first.
 *
 * RESP3, because then one connection carries replies and messages in the order
 * in which Redis sent them.
 *
 * @throws {Error} If Redis can't be reached or refuses.
 */
export async function openConnection(
  { isTls, username, password, database }: Omit<RedisAddress, "kind">,
  host: RedisHost,
  { onLost, timeoutMs, signal }: ConnectOptions,
): Promise<RedisConnection> {
  const client = createClient({
    RESP: 3,
    // Both options would read environment variables, without permission.
    maintNotifications: "disabled",
    disableClientInfo: true,
    name: "taskwire",
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    socket: {
      ...host,
      reconnectStrategy: false,
      // No timer here: Deno keeps a socket open that is destroyed while
      // connecting.
      connectTimeout: 0,
      ...(isTls ? { tls: true as const } : {}),
    },
  });
  const destroy = () => {
    if (client.isOpen) client.destroy();
  };
  client.on("error", onLost);
  let isGivenUp = false;
  let hasSocket = false;
  client.on("connect", () => {
    hasSocket = true;
    if (isGivenUp) destroy();
  });
  try {
    await deadline(client.connect(), timeoutMs, signal);
  } catch (error) {
    isGivenUp = true;
    // Without a socket the client would ignore the call.
    if (hasSocket) destroy();
    throw error;
  }
  /** A lost connection would keep new subscriptions waiting for ever. */
  const ready = () => {
    if (!client.isReady) throw new Error("The connection is lost");
    return client;
  };
  return {
    send: (command) => client.sendCommand([...command]),
    subscribe: async (channels, onMessage) => {
      await ready().subscribe([...channels], onMessage);
    },
    unsubscribe: async (channels, onMessage) => {
      await ready().unsubscribe([...channels], onMessage);
    },
    destroy,
  };
}
