import type { Siblings } from "../siblings.ts";
import type { Returned } from "./calls.ts";
import type {
  Call,
  SiblingAnswer,
  SiblingQuestion,
  WorkerAnswers,
} from "./messages.ts";

/** Answers what a worker's siblings ask it, with an answer of the same kind. */
export type AnswerSibling = (
  question: SiblingQuestion,
) => Promise<SiblingAnswer>;

/**
 * The other workers of a server, as one of them reaches them: through their
 * supervisor.
 *
 * @param call Asks the supervisor.
 */
export function createRemoteSiblings(
  call: (call: Call) => Promise<Returned>,
): Siblings {
  async function ask(question: SiblingQuestion) {
    try {
      const { result } = await call({ kind: "ask", question });
      return (result as WorkerAnswers).answers;
    } catch {
      return []; // the supervisor has gone
    }
  }

  return {
    async scrape() {
      const answers = await ask({ kind: "scrape" });
      return answers.flatMap((answer) =>
        answer.kind === "scrape" ? [answer.text] : []
      );
    },
    async reportStats(since) {
      const answers = await ask({ kind: "stats", since });
      return answers.flatMap((answer) =>
        answer.kind === "stats" ? [answer.report] : []
      );
    },
  };
}
