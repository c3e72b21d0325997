/**
 * Measures the costs of events, watchers and nodes for Redis and the nodes, in
 * processor time (less noisy than wall-clock time) and memory. Three nodes
 * share a Redis. guide/scaling.md, 'A million watchers', uses the figures.
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
