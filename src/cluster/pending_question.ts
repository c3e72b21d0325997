import type { Answer, Answers } from "./other_nodes.ts";

/** Collects the answers to a question. */
export class PendingQuestion {
  readonly #answers = new Map<string, Answer>();
  readonly #complete = Promise.withResolvers<void>();
  #expected: number | undefined;
  /** True once the asking node has received the question as well. */
  #hasEchoed = false;

  /**
   * Resolves once all expected answers have arrived, or after
   * {@linkcode PendingQuestion.giveUp}.
   */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** @param nodes The number of receiving nodes, including the asking node. */
  expect(nodes: number): void {
    this.#expected = nodes;
    this.#look();
  }

  /** Records the receipt of the question by the asking node. */
  echoed(): void {
    this.#hasEchoed = true;
    this.#look();
  }

  /** Adds a node's answer. */
  add(node: string, answer: Answer): void {
    this.#answers.set(node, answer);
    this.#look();
  }

  /** Stops waiting. */
  giveUp(): void {
    this.#complete.resolve();
  }

  /** The number of receiving nodes without the asking one, if known. */
  get others(): number | undefined {
    if (this.#expected === undefined) return undefined;
    return Math.max(0, this.#expected - Number(this.#hasEchoed));
  }

  /** @param others The number of nodes to assume if unknown, without the asking node. */
  result(others: number): Answers {
    const answers = [...this.#answers.values()];
    const silent = Math.max(0, (this.others ?? others) - answers.length);
    return { answers, silent };
  }

  #look(): void {
    if (this.others === undefined) return;
    if (this.#answers.size >= this.others) this.#complete.resolve();
  }
}
