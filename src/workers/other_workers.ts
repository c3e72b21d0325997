import type { Answers, OtherNodes } from "../cluster/other_nodes.ts";
import type { Returned } from "./calls.ts";
import type { Call } from "./messages.ts";

/**
 * Makes a worker's access to the other workers, through the supervisor.
 *
 * @param call Calls the supervisor.
 */
export function createOtherWorkers(
  call: (call: Call) => Promise<Returned>,
): OtherNodes {
  return {
    async ask(question) {
      try {
        const { result } = await call({ kind: "ask", question });
        return result as Answers;
      } catch {
        return { answers: [], silent: 1 }; // the supervisor has ended
      }
    },
    async countUser(userId, here) {
      try {
        const { result } = await call({ kind: "count_user", userId, here });
        return result as number;
      } catch {
        return here;
      }
    },
  };
}
