import { taskIdFault } from "../tasks/task_id.ts";
import { UsageFailure } from "../terminal/failure.ts";

/**
 * Checks a task's id from the command line.
 *
 * @throws {UsageFailure} For an invalid id.
 */
export function checkTaskId(id: string): void {
  const fault = taskIdFault(id);
  if (fault !== undefined) throw new UsageFailure(fault);
}
