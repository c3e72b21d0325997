import { createClient } from "@redis/client";
import { deadline } from "../async/deadline.ts";
import type { RedisAddress, RedisHost } from "./address.ts";

/** Takes a message of a channel. */
export type OnMessage = (message: string, channel: string) => void;

/** An open connection to one server. It is never opened again. */
export interface RedisConnection {
  send(command: readonly string[]): Promise<unknown>;
  /** Resolves once the messages come. */
  subscribe(channels: readonly string[], onMessage: OnMessage): Promise<void>;
  unsubscribe(
    channels: readonly string[],
    onMessage: OnMessage,
  ): Promise<void>;
  /** Rejects what is under way, and lets go of the connection. */
  destroy(): void;
}

/** How a connection is made. */
export interface ConnectOptions {
  /** Called with the cause when it is lost, perhaps more than once. */
  readonly onLost: (cause: Error) => void;
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Gives up while it is being made. */
  readonly signal: AbortSignal;
}

/**
 * Connects, once: one that is lost is not connected again, but replaced by
 * whoever asked for it, who knows what to tell the new one first.
 *
 * RESP3, because by that one connection gets answers and messages, in the order
 * in which Redis made them.
 *
 * @throws {Error} When it can't be, or Redis refuses.
 */
export async function openConnection(
  { isTls, username, password, database }: Omit<RedisAddress, "kind">,
  host: RedisHost,
  { onLost, timeoutMs, signal }: ConnectOptions,
): Promise<RedisConnection> {
  const client = createClient({
    RESP: 3,
    // These would be asked for by variables of the environment, which we may not read.
    maintNotifications: "disabled",
    disableClientInfo: true,
    name: "taskwire",
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    socket: {
      ...host,
      reconnectStrategy: false,
      // No timer of its own: Deno keeps a socket open that is destroyed before it is connected.
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
    // Before it has a socket the client would forget to destroy it.
    if (hasSocket) destroy();
    throw error;
  }
  /** The client keeps waiting with what is subscribed to by a lost connection. */
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
