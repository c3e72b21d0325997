import { assert, assertEquals } from "@std/assert";
import {
  taskEventSchema,
  taskSchema,
} from "../../../src/docs/schemas/task_schemas.ts";
import { describeTask } from "../../../src/tasks/snapshot.ts";
import { makeApi } from "../../support/api.ts";

const full = {
  status: "running",
  attempt: 2,
  progress: 0.42,
  current: 42,
  total: 100,
  unit: "rows",
  message: "转码中",
  data: { frame: 1 },
  event_id: "first",
  user_id: "42",
} as const;

for (const draft of [full, {}]) {
  const criterion = Object.keys(draft).length === 0
    ? "no members"
    : "all members";
  Deno.test(`taskSchema describes a task whose event has ${criterion}`, async () => {
    const { services, put } = await makeApi();
    await put("a", draft);
    await services.store.publish("a", { kind: "cancel" });
    const { state, events } = await services.store.read("a", "oldest");
    assert(state);
    const task = describeTask(state, 0);
    assertEquals(taskSchema.strict().parse(task), task as never);
    const [stored] = events;
    assert(stored);
    const event = JSON.parse(stored.json);
    assertEquals(taskEventSchema.strict().parse(event), event);
  });
}
