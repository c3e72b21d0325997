import {
  type AnsweringNode,
  answerQuestion,
  maxAnswerLength,
} from "../../src/connections/answer_question.ts";
import type { OtherNodes, Question } from "../../src/cluster/other_nodes.ts";
import type { ConnectionRegistry } from "../../src/connections/registry.ts";

/** A node of {@linkcode JoinedNodes}. */
interface JoinedNode {
  readonly node: AnsweringNode;
  readonly registry: ConnectionRegistry;
  readonly users: Map<string, number>;
}

/** Nodes in a single process, joined in memory. Messages are JSON, and arrive in a later turn. */
export class JoinedNodes {
  readonly #nodes: JoinedNode[] = [];
  readonly #silent = new Set<ConnectionRegistry>();

  /** @param maxLength Of an answer, in characters. */
  constructor(readonly maxLength: number = maxAnswerLength) {}

  /** Silences a node: from now on the node does not answer. */
  silence(registry: ConnectionRegistry): void {
    this.#silent.add(registry);
  }

  /** The number of a user's connections that a node reported last. */
  told(registry: ConnectionRegistry, userId: string): number | undefined {
    return this.#nodes.find((node) => node.registry === registry)
      ?.users.get(userId);
  }

  /** Adds a node. The present nodes are the other nodes of the new node. */
  join(node: AnsweringNode): OtherNodes {
    const { registry } = node;
    const self: JoinedNode = { node, registry, users: new Map() };
    this.#nodes.push(self);
    const others = () => this.#nodes.filter((node) => node !== self);
    return {
      ask: async (question) => {
        await Promise.resolve();
        const asked = others();
        const answers = await Promise.all(
          asked.filter(({ registry }) => !this.#silent.has(registry))
            .map(({ node }) => this.#answer(question, node)),
        );
        return { answers, silent: asked.length - answers.length };
      },
      countUser: async (userId, here) => {
        self.users.set(userId, here);
        await Promise.resolve();
        const there = others().map(({ users }) => users.get(userId) ?? 0);
        return there.reduce((sum, count) => sum + count, here);
      },
    };
  }

  async #answer(question: Question, node: AnsweringNode) {
    const asked = JSON.parse(JSON.stringify(question));
    const answer = await answerQuestion(asked, node, this.maxLength);
    return JSON.parse(JSON.stringify(answer));
  }
}
