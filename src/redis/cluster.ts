import { deadline } from "../async/deadline.ts";
import type { RedisAddress, RedisHost } from "./address.ts";
import {
  type ConnectOptions,
  openConnection,
  type RedisConnection,
} from "./connection.ts";
import { slotOf } from "./slot.ts";

/** Which master has which slots. */
interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: RedisHost;
}

/** Open connections to all masters of a Cluster. */
export interface RedisCluster {
  /** All of them. */
  readonly connections: readonly RedisConnection[];
  /** That to the master that has a key, or a channel. @throws {Error} When none has. */
  connectionOf(key: string): RedisConnection;
}

/**
 * Connects to all masters of a Cluster as it is now. It is not followed: where
 * it has changed, a connection is lost or the answer is `MOVED`, and another is
 * opened.
 *
 * A channel is subscribed to at the master that has its slot, where scripts
 * publish: so messages and answers come in order as from one server, and not
 * over the Cluster's bus, which may lose some.
 *
 * @throws {Error} When no host knows the Cluster, or a master can't be reached.
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

/** Asks one host after the other. */
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
  // One says enough, and may be what has to be set right: a wrong password.
  throw faults[0];
}

/** The answer to `CLUSTER SLOTS`; a node that does not know its own address is where it was asked. */
function parseSlots(answer: unknown, asked: RedisHost): SlotRange[] {
  if (!Array.isArray(answer)) throw new TypeError("CLUSTER SLOTS has no list");
  return answer.map(([from, to, [host, port]]) => ({
    from: Number(from),
    to: Number(to),
    master: { host: host ? String(host) : asked.host, port: Number(port) },
  }));
}
