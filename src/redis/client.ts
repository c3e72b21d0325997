import { ErrorReply } from "@redis/client";
import type { RedisAddress } from "./address.ts";
import { openCluster, type RedisCluster } from "./cluster.ts";
import {
  type ConnectOptions,
  type OnMessage,
  openConnection,
} from "./connection.ts";
import type { RedisScript } from "./script.ts";
import { findMaster } from "./sentinel.ts";

export type { OnMessage } from "./connection.ts";

/**
 * An open connection to Redis, or to all masters of a Cluster. A lost
 * connection is not reopened.
 */
export interface RedisClient {
  /** Runs a script; in a Cluster, on the node of the first key. */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>;
  /** Sends a command; in a Cluster, to the node of the key. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Resolves once the subscriptions are active. */
  subscribe(channels: readonly string[], onMessage: OnMessage): Promise<void>;
  unsubscribe(channel: string, onMessage: OnMessage): Promise<void>;
  /** Returns the reply to `INFO`; in a Cluster, from any node. */
  info(): Promise<ReadonlyMap<string, string>>;
  /** Rejects pending calls and closes the connection. */
  destroy(): void;
}

/**
 * Connects once: see {@linkcode openConnection}.
 *
 * @throws {Error} If Redis can't be reached or refuses.
 */
export async function openRedisClient(
  address: RedisAddress,
  options: ConnectOptions,
): Promise<RedisClient> {
  if (address.kind === "cluster") {
    return clientOf(await openCluster(address, options));
  }
  const host = address.kind === "sentinel"
    ? await findMaster(address, options)
    : address.hosts[0];
  if (host === undefined) throw new TypeError("No host");
  const connection = await openConnection(address, host, options);
  return clientOf({
    connections: [connection],
    connectionOf: () => connection,
  });
}

function clientOf({ connections, connectionOf }: RedisCluster): RedisClient {
  const send: RedisClient["send"] = async (key, command) =>
    await connectionOf(key).send(command);
  return {
    send,
    async run({ text, sha }, keys, args) {
      const rest = [String(keys.length), ...keys, ...args];
      const key = keys[0] ?? "";
      try {
        return await send(key, ["EVALSHA", sha, ...rest]);
      } catch (error) {
        const isUnknown = error instanceof ErrorReply &&
          error.message.startsWith("NOSCRIPT");
        if (!isUnknown) throw error;
        return await send(key, ["EVAL", text, ...rest]);
      }
    },
    async subscribe(channels, onMessage) {
      const parts = Map.groupBy(channels, connectionOf);
      await Promise.all(
        [...parts].map(([connection, part]) =>
          connection.subscribe(part, onMessage)
        ),
      );
    },
    async unsubscribe(channel, onMessage) {
      await connectionOf(channel).unsubscribe([channel], onMessage);
    },
    async info() {
      const text = String(await connections[0]?.send(["INFO"]));
      return new Map(
        text.split("\r\n").map((line): [string, string] => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon), line.slice(colon + 1)];
        }),
      );
    },
    destroy() {
      for (const connection of connections) connection.destroy();
    },
  };
}
