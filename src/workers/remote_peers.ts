import type { Answers, Peers } from "../cluster/peers.ts";
import type { Returned } from "./calls.ts";
import type { Call } from "./messages.ts";

/**
 * Makes a worker's access to the other workers, through the supervisor.
 *
 * @param call Calls the supervisor.
 */
export function createRemotePeers(
  call: (call: Call) => Promise<Returned>,
): Peers {
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
