import type { Answer, Answers, Question } from "../cluster/other_nodes.ts";

/** The longest wait for an answer, in milliseconds. */
const answerTimeoutMs = 1_000;

/** Sends a question to a worker, with an id for the answer. */
export type PutQuestion = (id: number, question: Question) => void;

/** A worker's access to the other workers. */
export interface WorkersClient {
  /** Asks all other workers. */
  ask(question: Question): Promise<Answers>;
  /** Takes the worker's answer to a question of another worker. */
  answer(id: number, answer: Answer): void;
  /** @returns The number of a user's connections in all workers. */
  countUser(userId: string, here: number): number;
  /** Removes an ended worker with all counts and open questions. */
  leave(): void;
}

/** A question sent to a worker. */
interface Asked {
  readonly worker: PutQuestion;
  /** Takes the answer, if any; only the first call counts. */
  readonly settle: (answer?: Answer) => void;
}

/** The workers of a supervisor, which passes on their questions. */
export class SharedWorkers {
  readonly #workers = new Set<PutQuestion>();
  readonly #asked = new Map<number, Asked>();
  /** The number of connections by user, then by worker. */
  readonly #users = new Map<string, Map<PutQuestion, number>>();
  #lastId = 0;

  /** Adds a worker. */
  join(put: PutQuestion): WorkersClient {
    this.#workers.add(put);
    return {
      ask: (question) => this.#askOthers(put, question),
      answer: (id, answer) => this.#asked.get(id)?.settle(answer),
      countUser: (userId, here) => this.#countUser(userId, here, put),
      leave: () => this.#leave(put),
    };
  }

  async #askOthers(asker: PutQuestion, question: Question): Promise<Answers> {
    const others = [...this.#workers].filter((worker) => worker !== asker);
    const all = await Promise.all(
      others.map((worker) => this.#ask(worker, question)),
    );
    const answers = all.filter((answer) => answer !== undefined);
    return { answers, silent: all.length - answers.length };
  }

  #ask(worker: PutQuestion, question: Question): Promise<Answer | undefined> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      const settle = (answer?: Answer) => {
        clearTimeout(timer);
        this.#asked.delete(id);
        resolve(answer);
      };
      const timer = setTimeout(settle, answerTimeoutMs);
      this.#asked.set(id, { worker, settle });
      worker(id, question);
    });
  }

  #countUser(userId: string, here: number, worker: PutQuestion): number {
    const counts = this.#users.get(userId) ?? new Map<PutQuestion, number>();
    if (here > 0) counts.set(worker, here);
    else counts.delete(worker);
    if (counts.size > 0) this.#users.set(userId, counts);
    else this.#users.delete(userId);
    return counts.values().reduce((sum, count) => sum + count, 0);
  }

  #leave(worker: PutQuestion): void {
    this.#workers.delete(worker);
    for (const [userId, counts] of this.#users) {
      if (counts.delete(worker) && counts.size === 0) {
        this.#users.delete(userId);
      }
    }
    for (const asked of [...this.#asked.values()]) {
      if (asked.worker === worker) asked.settle();
    }
  }
}
