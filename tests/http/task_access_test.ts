import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  checkState,
  checkTask,
  limitChange,
  refuseLimited,
  unknownTask,
} from "../../src/http/task_access.ts";
import { ProblemError } from "../../src/protocol/problem.ts";
import { applyChange, type TaskState } from "../../src/tasks/state.ts";
import type { TaskLimits } from "../../src/tasks/task_limits.ts";

/** Returns the state of a task after a first event with labels. */
function labeled(...labels: string[]): TaskState {
  const stamp = { taskId: "a", epoch: "e", now: new Date() };
  const result = applyChange(undefined, { labels }, stamp);
  if ("code" in result) throw new Error(result.code);
  return result.state;
}

/** Returns the status and code of the thrown problem; `undefined` if none is thrown. */
function problemOf(check: () => unknown) {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return `${error.problem.status} ${error.problem.code}`;
  }
}

const notAllowed = "403 task_not_allowed";

for (
  const [limits, problem] of [
    [{}, undefined],
    [{ tasks: [] }, notAllowed],
    [{ labels: [] }, notAllowed],
    [{ tasks: ["*"] }, notAllowed],
  ] as const
) {
  Deno.test(`refuseLimited() ${problem ? "refuses" : "passes"} ${JSON.stringify(limits)}`, () => {
    assertEquals(problemOf(() => refuseLimited(limits)), problem);
  });
}

Deno.test("limitChange() leaves a change of a task in reach by id as it is", () => {
  const change = { kind: "cancel" } as const;
  for (const limits of [{}, { tasks: ["a"] }, { tasks: ["*"], labels: [] }]) {
    assertStrictEquals(limitChange(limits, "a", change), change);
  }
});

Deno.test("limitChange() has labels judged together with the change", () => {
  const change = limitChange({ tasks: ["b"], labels: ["x*"] }, "a", {
    status: "running",
  });
  assertEquals(change, { status: "running", within: ["x*"] });
});

Deno.test("limitChange() and checkTask() refuse a task that no label could bring into reach", () => {
  const limits = { tasks: ["b"] };
  assertEquals(
    problemOf(() => limitChange(limits, "a", { kind: "cancel" })),
    notAllowed,
  );
  assertEquals(problemOf(() => checkTask(limits, "a")), notAllowed);
  assertEquals(problemOf(() => checkTask(limits, "b")), undefined);
  assertEquals(problemOf(() => checkTask({ labels: [] }, "a")), undefined);
});

const states: [limits: TaskLimits, labels: string[], problem?: string][] = [
  [{}, []],
  [{ tasks: ["a"] }, []],
  [{ tasks: ["b"] }, ["b"], notAllowed],
  [{ labels: ["a"] }, [], notAllowed],
  [{ labels: ["team:7"] }, ["import", "team:7"]],
  [{ labels: ["team:*"] }, ["team:7"]],
  [{ labels: ["team:7"] }, ["team:77"], notAllowed],
  [{ tasks: ["a"], labels: [] }, []],
];

for (const [limits, labels, problem] of states) {
  Deno.test(`checkState() ${problem ? "refuses" : "passes"} labels ${JSON.stringify(labels)} for ${JSON.stringify(limits)}`, () => {
    assertEquals(
      problemOf(() => checkState(limits, "a", labeled(...labels))),
      problem,
    );
  });
}

Deno.test("checkState() answers 404 for an unknown task", () => {
  const { problem } = assertThrows(
    () => checkState({}, "a", undefined),
    ProblemError,
  );
  assertEquals(problem, unknownTask().problem);
  assertEquals([problem.status, problem.code], [404, "task_unknown"]);
});
