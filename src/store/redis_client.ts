import { createClient, createCluster, ErrorReply } from "@redis/client";
import type { RedisAddress, RedisHost } from "./redis_address.ts";
import type { RedisScript } from "./redis_script.ts";

/** Takes a message of a channel. */
export type OnMessage = (message: string, channel: string) => void;

/** An open connection to Redis, or to all nodes of a Cluster. It is never opened again. */
export interface RedisClient {
  /** Runs a script; its first key says at which node of a Cluster. */
  run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown>;
  /** Sends a command; the key says to which node of a Cluster. */
  send(key: string, command: readonly string[]): Promise<unknown>;
  /** Resolves once the messages come. */
  subscribe(channels: readonly string[], onMessage: OnMessage): Promise<void>;
  unsubscribe(channel: string, onMessage: OnMessage): Promise<void>;
  /** What `INFO` says, as far as it matters; of a Cluster nothing. */
  info(): Promise<ReadonlyMap<string, string>>;
  /** Rejects what is under way, and lets go of the connection. */
  destroy(): void;
}

/** Arguments of a command, the name first. */
type Command = string[];

/** The part of a client that differs between one server and a Cluster. */
interface Sender {
  send(key: string, command: Command): Promise<unknown>;
  subscribe(channels: string[], listener: OnMessage): Promise<unknown>;
  unsubscribe(channel: string, listener: OnMessage): Promise<unknown>;
  destroy(): void;
}

/**
 * Connects, once: one that is lost is not connected again, but replaced by
 * whoever asked for it, who knows what to tell the new one first.
 *
 * RESP3, because by that a connection gets answers and messages in the order
 * in which Redis made them.
 *
 * @param onLost Called with the cause when the connection is lost, perhaps more than once.
 * @param timeoutMs How long it may take.
 */
export async function openRedisClient(
  address: RedisAddress,
  onLost: (cause: Error) => void,
  timeoutMs: number,
): Promise<RedisClient> {
  if (address.kind === "cluster") {
    return clientOn(await openCluster(address, onLost, timeoutMs), false);
  }
  const host = address.kind === "sentinel"
    ? await findMaster(address, timeoutMs)
    : address.hosts[0];
  if (host === undefined) throw new TypeError("No host");
  return clientOn(await openServer(address, host, onLost, timeoutMs), true);
}

function optionsFor(
  { isTls, username, password }: RedisAddress,
  timeoutMs: number,
) {
  return {
    RESP: 3 as const,
    // These would be asked for by variables of the environment, which we may not read.
    maintNotifications: "disabled" as const,
    disableClientInfo: true,
    name: "taskwire",
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    socket: {
      reconnectStrategy: false as const,
      connectTimeout: timeoutMs,
      ...(isTls ? { tls: true as const } : {}),
    },
  };
}

async function openServer(
  address: RedisAddress,
  host: RedisHost,
  onLost: (cause: Error) => void,
  timeoutMs: number,
): Promise<Sender> {
  const options = optionsFor(address, timeoutMs);
  const client = createClient({
    ...options,
    socket: { ...options.socket, ...host },
    database: address.database,
  });
  client.on("error", onLost);
  const destroy = () => {
    if (client.isOpen) client.destroy();
  };
  await inTime(client.connect(), timeoutMs, destroy);
  return {
    send: (_, command) => client.sendCommand(command),
    subscribe: (channels, listener) => client.subscribe(channels, listener),
    unsubscribe: (channel, listener) => client.unsubscribe(channel, listener),
    destroy,
  };
}

async function openCluster(
  address: RedisAddress,
  onLost: (cause: Error) => void,
  timeoutMs: number,
): Promise<Sender> {
  const options = optionsFor(address, timeoutMs);
  const cluster = createCluster({
    rootNodes: address.hosts.map((host) => ({
      socket: { ...options.socket, ...host },
    })),
    defaults: options,
  });
  cluster.on("error", onLost);
  const destroy = () => {
    if (cluster.isOpen) cluster.destroy();
  };
  await inTime(cluster.connect(), timeoutMs, destroy);
  return {
    send: (key, command) => cluster.sendCommand(key, false, command),
    subscribe: (channels, listener) => cluster.subscribe(channels, listener),
    unsubscribe: (channel, listener) =>
      cluster.unsubscribe(
        channel,
        // Typed for messages of both kinds, whichever is asked for.
        listener as Parameters<typeof cluster.unsubscribe>[1],
      ),
    destroy,
  };
}

/** Asks one Sentinel after the other where the master is. */
async function findMaster(
  address: RedisAddress,
  timeoutMs: number,
): Promise<RedisHost> {
  const failures: unknown[] = [];
  for (const host of address.hosts) {
    // Its own password would be another one: Sentinels are asked without.
    const { username: _, password: __, ...open } = address;
    try {
      const sender = await openServer(
        { ...open, database: 0 },
        host,
        () => {},
        timeoutMs,
      );
      try {
        const answer = await inTime(
          sender.send("", [
            "SENTINEL",
            "GET-MASTER-ADDR-BY-NAME",
            address.masterName ?? "",
          ]),
          timeoutMs,
          () => {},
        );
        if (Array.isArray(answer)) {
          return { host: String(answer[0]), port: Number(answer[1]) };
        }
        throw new Error(`it knows no master '${address.masterName}'`);
      } finally {
        sender.destroy();
      }
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(
    failures,
    "No Sentinel could say where the master is",
  );
}

function clientOn(sender: Sender, hasInfo: boolean): RedisClient {
  return {
    async run({ text, sha }, keys, args) {
      const rest = [String(keys.length), ...keys, ...args];
      const key = keys[0] ?? "";
      try {
        return await sender.send(key, ["EVALSHA", sha, ...rest]);
      } catch (error) {
        const isUnknown = error instanceof ErrorReply &&
          error.message.startsWith("NOSCRIPT");
        if (!isUnknown) throw error;
        return await sender.send(key, ["EVAL", text, ...rest]);
      }
    },
    async subscribe(channels, onMessage) {
      if (channels.length > 0) await sender.subscribe([...channels], onMessage);
    },
    async unsubscribe(channel, onMessage) {
      await sender.unsubscribe(channel, onMessage);
    },
    send: (key, command) => sender.send(key, [...command]),
    async info() {
      if (!hasInfo) return new Map();
      const text = String(await sender.send("", ["INFO"]));
      return new Map(
        text.split("\r\n").map((line): [string, string] => {
          const colon = line.indexOf(":");
          return [line.slice(0, colon), line.slice(colon + 1)];
        }),
      );
    },
    destroy: () => sender.destroy(),
  };
}

/** Waits for a promise, for a time. @throws {Error} When that is over; it has been given up. */
export async function inTime<T>(
  promise: Promise<T>,
  timeoutMs: number,
  giveUp: () => void,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      giveUp();
      reject(new Error(`No answer within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
