import { Crowd } from "../growth/crowd.ts";
import { publishBatch, publishOne, taskInTurn } from "../growth/publisher.ts";
import {
  crowdSize,
  crowdTask,
  publish,
  publishersAtOnce,
  publishes,
  restMs,
} from "./load.ts";
import type { MeasuredRedis } from "./measured_redis.ts";
import { report } from "./report.ts";

/** The number of events in the measurement with many watchers of a task. */
const fannedOut = 200;

/** The number of events in a batch. */
const batchSize = 5_000;

/** Measures events of a publisher that waits for every answer. */
export async function measureLoneEvents(
  measured: MeasuredRedis,
): Promise<void> {
  const [a, b, c] = measured.origins;
  const meter = measured.meter();
  await meter.rest(restMs);
  async function cost(task: string, crowds: readonly Crowd[]): Promise<void> {
    let published = 0;
    const work = async () => {
      await publish(a, () => task, publishes, 1);
      published += publishes;
      for (const crowd of crowds) await crowd.received(published);
    };
    await work();
    const [redis = 0, own = 0, ...others] = await meter.measure(work);
    const where = `one publisher, watched at ${crowds.length} other nodes`;
    report(`an event, ${where}: Redis`, redis / publishes, "µs");
    report(`an event, ${where}: the node`, own / publishes, "µs");
    if (crowds.length === 0) return;
    const other = others.reduce((sum, time) => sum + time, 0) / crowds.length;
    report(`an event, ${where}: one of these`, other / publishes, "µs");
  }
  await cost("lone/0", []);
  await using one = await Crowd.open(b, 1, "lone/1");
  await cost("lone/1", [one]);
  await using two = await Crowd.open(b, 1, "lone/2");
  await using three = await Crowd.open(c, 1, "lone/2");
  await cost("lone/2", [two, three]);
}

/** Measures simultaneous events of many tasks. */
export async function measureManyEvents(
  measured: MeasuredRedis,
): Promise<void> {
  const [a, b, c] = measured.origins;
  const meter = measured.meter();
  await meter.rest(restMs);
  async function cost(crowds: readonly Crowd[]): Promise<void> {
    let published = 0;
    const work = async () => {
      await publish(a, crowdTask(crowdSize), publishes, publishersAtOnce);
      published += publishes;
      for (const crowd of crowds) await crowd.received(published);
    };
    await work();
    const before = await measured.traffic();
    const [redis = 0, own = 0, ...others] = await meter.measure(work);
    const after = await measured.traffic();
    const where =
      `${publishersAtOnce} publishers, watched at ${crowds.length} other nodes`;
    report(`an event, ${where}: Redis`, redis / publishes, "µs");
    report(`an event, ${where}: the node`, own / publishes, "µs");
    const received = (after.received - before.received) / publishes;
    const sent = (after.sent - before.sent) / publishes;
    report(`an event, ${where}: Redis receives`, received, "bytes");
    report(`an event, ${where}: Redis sends`, sent, "bytes");
    if (crowds.length === 0) return;
    const other = others.reduce((sum, time) => sum + time, 0) / crowds.length;
    report(`an event, ${where}: one of these`, other / publishes, "µs");
  }
  await cost([]);
  {
    await using one = await Crowd.open(b, crowdSize);
    await cost([one]);
  }
  {
    await using one = await Crowd.open(b, crowdSize);
    await using two = await Crowd.open(c, crowdSize);
    await cost([one, two]);
  }
  const batch = () => publishBatch(a, taskInTurn(crowdSize), batchSize);
  await batch();
  const [redis = 0, own = 0] = await meter.measure(batch);
  report("an event of a POST /api/events: Redis", redis / batchSize, "µs");
  report("an event of a POST /api/events: the node", own / batchSize, "µs");
}

/** Measures events on a node with many watchers of the task. */
export async function measureFanOut(measured: MeasuredRedis): Promise<void> {
  const [a, b] = measured.origins;
  const meter = measured.meter();
  await meter.rest(restMs);
  const task = "fan-out/1";
  await using crowd = await Crowd.open(b, crowdSize, task);
  let published = 0;
  const work = async () => {
    for (let count = 0; count < fannedOut; count++) {
      await publishOne(a, () => task);
      await crowd.received(++published * crowdSize);
    }
  };
  await work();
  const [, , node = 0] = await meter.measure(work);
  const what = `an event with ${crowdSize} watchers at another node: `;
  report(`${what}that node`, node / fannedOut, "µs");
  report(`${what}a delivery`, node / fannedOut / crowdSize, "µs");
}
