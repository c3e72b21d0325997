import { connectionIdFault } from "../tasks/connection_id.ts";
import { UsageFailure } from "./failure.ts";

/**
 * Checks the id of a task on the command line.
 *
 * @throws {UsageFailure} For one that can't be, or can't be sent: URLs drop
 * `.` and `..` from a path, even encoded.
 */
export function checkConnectionId(id: string): void {
  const fault = connectionIdFault(id) ??
    (/^\.{1,2}$/.test(id) ? "The connection_id is . or .." : undefined);
  if (fault !== undefined) throw new UsageFailure(fault);
}
