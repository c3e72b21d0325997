import { taskInTurn } from "../growth/publisher.ts";
import {
  crowdSize,
  publish,
  publishersAtOnce,
  publishes,
  restMs,
} from "./load.ts";
import type { MeasuredRedis } from "./measured_redis.ts";
import { report } from "./report.ts";

/**
 * Measures the idle load of the nodes and Redis, and the cost of a publish,
 * with a growing number of nodes.
 */
export async function measureNodes(measured: MeasuredRedis): Promise<void> {
  const { origin } = measured.nodes.at(0);
  const meter = measured.meter();
  for (const count of [3, 25, 100]) {
    await measured.pretend(count);
    const [redis = 0, node = 0] = await meter.rest(restMs);
    const work = () =>
      publish(origin, taskInTurn(crowdSize), publishes, publishersAtOnce);
    await work();
    const [redisWork = 0] = await meter.measure(work);
    const known = `with ${count} nodes known`;
    report(
      `the beat of one node, Redis, ${known}`,
      redis / 1_000 / measured.nodes.all.length,
      "ms/s",
    );
    if (count === 3) {
      report("the beat of one node, the node", node / 1_000, "ms/s");
    }
    report(`a publish, Redis, ${known}`, redisWork / publishes, "µs");
  }
}
