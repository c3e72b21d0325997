import { deadline } from "../async/deadline.ts";
import type { RedisAddress, RedisHost } from "./address.ts";
import { type ConnectOptions, openConnection } from "./connection.ts";

/**
 * Asks the Sentinels in turn for the master, without a password, since the
 * URL's password belongs to the master.
 *
 * @throws {Error} If no Sentinel knows the master.
 */
export async function findMaster(
  address: RedisAddress,
  options: Omit<ConnectOptions, "onLost">,
): Promise<RedisHost> {
  const faults: string[] = [];
  for (const host of address.hosts) {
    try {
      return await askSentinel(host, address, options);
    } catch (error) {
      if (options.signal.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      faults.push(`${host.host}:${host.port}: ${reason}`);
    }
  }
  throw new Error(
    `No Sentinel knows the master: ${faults.join("; ")}`,
  );
}

async function askSentinel(
  host: RedisHost,
  { isTls, hosts, masterName = "" }: RedisAddress,
  options: Omit<ConnectOptions, "onLost">,
): Promise<RedisHost> {
  const sentinel = await openConnection(
    { isTls, hosts, database: 0 },
    host,
    { ...options, onLost: () => {} },
  );
  try {
    const answer = await deadline(
      sentinel.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]),
      options.timeoutMs,
      options.signal,
    );
    if (Array.isArray(answer)) {
      return { host: String(answer[0]), port: Number(answer[1]) };
    }
    throw new Error(`no master named '${masterName}'`);
  } finally {
    sentinel.destroy();
  }
}
