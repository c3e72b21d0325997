import type { Answer, Answers } from "./peers.ts";

/** Collects the answers to a question. */
export class PendingQuestion {
  readonly #answers = new Map<string, Answer>();
  readonly #complete = Promise.withResolvers<void>();
  #expected: number | undefined;
  /**
   * True once the asking node has received its own question, and so is counted
   * in `#expected`.
   */
  #hasEchoed = false;

  /**
   * Resolves once all expected answers have arrived, or after
   * {@linkcode PendingQuestion.giveUp}.
   */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /**
   * @param nodes The number of nodes that receive the question, including the
   * asking node.
   */
  expect(nodes: number): void {
    this.#expected = nodes;
    this.#look();
  }

  /** Notes that the asking node has received its own question. */
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

  /**
   * The number of other nodes that receive the question; `undefined` if
   * unknown.
   */
  get others(): number | undefined {
    if (this.#expected === undefined) return undefined;
    return Math.max(0, this.#expected - Number(this.#hasEchoed));
  }

  /** @param others The number of other nodes to assume if unknown. */
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
