import type { Answer, Answers } from "./peers.ts";

/** The answers to one question, while they come in. */
export class PendingQuestion {
  readonly #answers = new Map<string, Answer>();
  readonly #complete = Promise.withResolvers<void>();
  #expected: number | undefined;
  /** Whether the question came back to who asked, who is one of those expected then. */
  #hasEchoed = false;

  /** Resolves once all answers are there that are expected, or it was given up. */
  get complete(): Promise<void> {
    return this.#complete.promise;
  }

  /** @param nodes How many hear the question, who asks included. */
  expect(nodes: number): void {
    this.#expected = nodes;
    this.#look();
  }

  /** Takes note that the question came back to who asked. */
  echoed(): void {
    this.#hasEchoed = true;
    this.#look();
  }

  /** Takes a node's answer. */
  add(node: string, answer: Answer): void {
    this.#answers.set(node, answer);
    this.#look();
  }

  /** Waits for no more. */
  giveUp(): void {
    this.#complete.resolve();
  }

  /** How many nodes hear the question besides who asks; `undefined` where it isn't known. */
  get others(): number | undefined {
    if (this.#expected === undefined) return undefined;
    return Math.max(0, this.#expected - Number(this.#hasEchoed));
  }

  /** @param others How many nodes there are besides who asks, where it isn't known. */
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
