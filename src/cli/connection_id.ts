import { taskIdFault } from "../tasks/task_id.ts";
import { UsageFailure } from "./failure.ts";

/**
 * Checks the id of a task on the command line.
 *
 * @throws {UsageFailure} If no task can have this id.
 */
export function checkTaskId(id: string): void {
  const fault = taskIdFault(id);
  if (fault !== undefined) throw new UsageFailure(fault);
}
