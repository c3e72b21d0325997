import { headers } from "../growth/measured_server.ts";
import type { MeasuredRedis } from "./measured_redis.ts";
import { report } from "./report.ts";

/** Measures the memory of tasks in Redis. */
export async function measureMemory(measured: MeasuredRedis): Promise<void> {
  const { origin } = measured.nodes.at(0);
  const event = {
    message: "x".repeat(40),
    current: 42,
    total: 100,
    unit: "rows",
  };
  async function fill(
    name: string,
    tasks: number,
    events: number,
  ): Promise<void> {
    const lines = Array.from(
      { length: tasks * events },
      (_, index) =>
        JSON.stringify({
          connection_id: `${name}/${index % tasks}`,
          ...event,
        }) + "\n",
    );
    const response = await fetch(`${origin}/api/events`, {
      method: "POST",
      headers,
      body: lines.join(""),
    });
    const stored = (await response.text()).match(/"delivered":/g)?.length;
    if (stored !== lines.length) throw new Error("Not all were stored");
  }
  await fill("warm-up", 100, 1);
  const task = await fetch(`${origin}/api/tasks/warm-up%2F1/events`, {
    headers,
  });
  const { events } = await task.json();
  report("an event as it is kept", JSON.stringify(events[0]).length, "bytes");
  for (const [tasks, count] of [[2_000, 1], [200, 100]] as const) {
    const before = await measured.memory();
    await fill(`memory-${count}`, tasks, count);
    const bytes = await measured.memory() - before;
    report(
      `a task with ${count} of them: memory of Redis`,
      bytes / tasks,
      "bytes",
    );
  }
}
