/**
 * Measures the costs of watchers and events for a proxy, in processor time and
 * memory: nginx and HAProxy with the configurations of `taskwire print`,
 * without TLS, before three nodes on a Redis.
 *
 * @module
 */

import { printLine } from "../../src/terminal/output.ts";
import { childrenOf } from "../support/child_processes.ts";
import { has } from "../support/needs.ts";
import { allowOpenFiles } from "../support/open_files.ts";
import { Proxy, type ProxyName } from "../support/proxy.ts";
import { residentBytes } from "../support/resident_memory.ts";
import { Crowd } from "./growth/crowd.ts";
import { publishOne } from "./growth/publisher.ts";
import { CpuMeter } from "./redis_costs/cpu_meter.ts";
import { MeasuredRedis } from "./redis_costs/measured_redis.ts";
import { report } from "./redis_costs/report.ts";

/** Fewer than permitted by the configurations in tests. */
const fewSockets = 100;
const firstSockets = 1_000;
const sockets = 2_500;
const watchers = 300;
const fannedOut = 200;
const publishes = 1_000;

/** Client's side and node's side of each socket. */
const descriptors = 2 * (firstSockets + sockets) + 200;

async function measure(
  name: ProxyName,
  { nodes, origins: [direct] }: MeasuredRedis,
): Promise<void> {
  await using proxy = await Proxy.start(
    name,
    nodes.all.map(({ origin }) => origin),
  );
  {
    // All processes of the proxy are running by then.
    await using _few = await Crowd.open(proxy.origin, fewSockets);
  }
  const pids = [proxy.pid, ...childrenOf(proxy.pid)];
  for (const pid of pids) await allowOpenFiles(pid, descriptors);
  const meter = new CpuMeter(pids);
  const sum = (times: readonly number[]) =>
    times.reduce((one, other) => one + other, 0);
  const memory = () => sum(pids.map(residentBytes));

  {
    // The proxy's memory that does not depend on sockets.
    await using _first = await Crowd.open(proxy.origin, firstSockets);
    const before = memory();
    let crowd: Crowd | undefined;
    const opening = await meter.measure(async () => {
      crowd = await Crowd.open(proxy.origin, sockets);
    });
    report(`${name}: a handshake`, sum(opening) / sockets, "µs");
    const bytes = (memory() - before) / sockets;
    report(`${name}: a socket`, bytes / 1_024, "KiB");
    await crowd?.[Symbol.asyncDispose]();
  }
  const task = `proxied/${name}`;
  await using crowd = await Crowd.open(proxy.origin, watchers, task);
  const delivering = await meter.measure(async () => {
    for (let count = 1; count <= fannedOut; count++) {
      await publishOne(direct, () => task);
      await crowd.received(count * watchers);
    }
  });
  report(`${name}: a delivery`, sum(delivering) / fannedOut / watchers, "µs");
  const publishing = await meter.measure(async () => {
    for (let count = 0; count < publishes; count++) {
      await publishOne(proxy.origin, () => "unwatched");
    }
  });
  report(`${name}: a publish`, sum(publishing) / publishes, "µs");
}

if (import.meta.main) {
  await using measured = await MeasuredRedis.start();
  for (const name of ["nginx", "haproxy"] as const) {
    if (has(name)) await measure(name, measured);
    else printLine(`${name} is not there`);
  }
}
