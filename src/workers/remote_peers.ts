import type { Answers, Peers } from "../cluster/peers.ts";
import type { Returned } from "./calls.ts";
import type { Call } from "./messages.ts";

/**
 * The other workers, as one of them reaches them: through their supervisor.
 *
 * @param call Asks the supervisor.
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
        return { answers: [], silent: 1 }; // the supervisor has gone
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
