import type { Answer, Answers, Question } from "../cluster/peers.ts";

/** How long an answer is waited for, in milliseconds. */
const answerTimeoutMs = 1_000;

/** Puts a question to one worker, with the number by which its answer is known. */
export type PutQuestion = (id: number, question: Question) => void;

/** One worker's access to the others. */
export interface PeersClient {
  /** Asks all others. */
  ask(question: Question): Promise<Answers>;
  /** Takes this worker's answer to a question of another. */
  answer(id: number, answer: Answer): void;
  /** @returns How many connections of a user all workers have. */
  countUser(userId: string, here: number): number;
  /** Forgets what the worker told, and what it was asked: it has gone. */
  leave(): void;
}

/** A question that one worker was asked. */
interface Asked {
  readonly worker: PutQuestion;
  /** Takes the answer, or nothing, once. */
  readonly settle: (answer?: Answer) => void;
}

/** The workers of one supervisor, which know of each other through it alone. */
export class SharedPeers {
  readonly #workers = new Set<PutQuestion>();
  readonly #asked = new Map<number, Asked>();
  /** By user, then by worker: how many connections. */
  readonly #users = new Map<string, Map<PutQuestion, number>>();
  #lastId = 0;

  /** Lets a worker in. */
  join(put: PutQuestion): PeersClient {
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
