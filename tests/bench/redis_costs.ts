/**
 * What an event, a watcher and a node cost Redis and the nodes, in processor
 * time (which others on the machine move far less than the clock on the wall)
 * and in memory. Three nodes share a Redis; guide/scaling.md, 'A million
 * watchers', reckons with the figures.
 *
 * @module
 */

import {
  measureFanOut,
  measureLoneEvents,
  measureManyEvents,
} from "./redis_costs/events.ts";
import { MeasuredRedis } from "./redis_costs/measured_redis.ts";
import { measureNodes } from "./redis_costs/nodes.ts";
import { measureMemory } from "./redis_costs/tasks.ts";
import { measureJoins, measurePings } from "./redis_costs/watchers.ts";

if (import.meta.main) {
  {
    await using measured = await MeasuredRedis.start();
    await measureJoins(measured);
    await measureMemory(measured);
    await measureLoneEvents(measured);
    await measureManyEvents(measured);
    await measureFanOut(measured);
  }
  await measurePings();
  await using measured = await MeasuredRedis.start();
  await measureNodes(measured);
}
