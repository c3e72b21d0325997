import slotOf from "cluster-key-slot";
import { deadline } from "../async/deadline.ts";
import type { RedisAddress, RedisHost } from "./address.ts";
import {
  type ConnectOptions,
  openConnection,
  type RedisConnection,
} from "./connection.ts";

/** A range of slots and their master. */
interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: RedisHost;
}

/** Open connections to all masters of a Cluster. */
export interface RedisCluster {
  /** All connections. */
  readonly connections: readonly RedisConnection[];
  /**
   * Returns the connection to the master of a key or channel.
   *
   * @throws {Error} If no master has the slot.
   */
  connectionOf(key: string): RedisConnection;
}

/**
 * Connects to all current masters of a Cluster. After a change of the Cluster a
 * connection is lost or a reply is `MOVED`; then the caller connects again.
 *
 * Channels are subscribed to at the master of their slot, where scripts
 * publish: so messages and replies keep their order as on a single server, and
 * don't depend on the Cluster's bus, which may lose messages.
 *
 * @throws {Error} If no host knows the Cluster, or a master can't be reached.
 */
export async function openCluster(
  address: RedisAddress,
  options: ConnectOptions,
): Promise<RedisCluster> {
  const ranges = await findMasters(address, options);
  const masters = new Map(
    ranges.map(({ master }) => [nameOf(master), master]),
  );
  const opened = new Map<string, RedisConnection>();
  const opening = await Promise.allSettled(
    [...masters].map(async ([name, host]) => {
      opened.set(name, await openConnection(address, host, options));
    }),
  );
  for (const result of opening) {
    if (result.status === "fulfilled") continue;
    for (const connection of opened.values()) connection.destroy();
    throw result.reason;
  }
  return {
    connections: [...opened.values()],
    connectionOf(key) {
      const slot = slotOf(key);
      const range = ranges.find(({ from, to }) => from <= slot && slot <= to);
      const connection = range && opened.get(nameOf(range.master));
      if (connection) return connection;
      throw new Error(`No node of the Cluster has slot ${slot}`);
    },
  };
}

function nameOf({ host, port }: RedisHost): string {
  return `${host} ${port}`;
}

/** Asks the hosts in turn for the slots. */
async function findMasters(
  address: RedisAddress,
  options: ConnectOptions,
): Promise<readonly SlotRange[]> {
  const faults: unknown[] = [];
  for (const host of address.hosts) {
    try {
      const node = await openConnection(
        address,
        host,
        { ...options, onLost: () => {} },
      );
      try {
        return parseSlots(
          await deadline(
            node.send(["CLUSTER", "SLOTS"]),
            options.timeoutMs,
            options.signal,
          ),
          host,
        );
      } finally {
        node.destroy();
      }
    } catch (error) {
      faults.push(error);
    }
  }
  // The first error is enough, and may name the fault to fix: a wrong
  // password.
  throw faults[0];
}

/**
 * Parses the reply to `CLUSTER SLOTS`. If a node does not know its own address,
 * the address that was asked stands for it.
 */
function parseSlots(answer: unknown, asked: RedisHost): SlotRange[] {
  if (!Array.isArray(answer)) {
    throw new TypeError("CLUSTER SLOTS did not return a list");
  }
  return answer.map(([from, to, [host, port]]) => ({
    from: Number(from),
    to: Number(to),
    master: { host: host ? String(host) : asked.host, port: Number(port) },
  }));
}
