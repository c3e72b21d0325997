import { clearTimeout, setImmediate, setTimeout } from "node:timers";
import { type Dependent, Group } from "./group.ts";
import type { HotTask } from "./hot_task.ts";
import type { SqliteThread } from "./sqlite_thread.ts";

/** The most time for answers per turn of the event loop, in milliseconds. */
const maxMsPerTurn = 4;

/** The answers between two looks at the clock. */
const answersPerLook = 8;

/**
 * The share of the last flush's duration for which the next group waits for the
 * publishers just answered, and the longest wait, in milliseconds.
 */
const regathering = { share: 0.3, maxMs: 5 };

/** Hooks of the owner of the tasks. */
export interface GroupCommitHooks {
  /** Called with the length of a written state, in characters. */
  readonly onLength: (task: HotTask, length: number) => void;
  /** Called after a group was handed to the thread. */
  readonly onSend: (group: Group) => void;
  /**
   * Called if a transaction fails, with the failed group, and the group that
   * was gathered on top of the failed group and fails along.
   */
  readonly onFail: (groups: readonly Group[], reason: unknown) => void;
}

/**
 * Collects changes in groups and has each group committed by the thread, one
 * after the other. While a group is being committed, the next group gathers, so
 * that a slow disk makes groups larger instead of making all wait in line.
 */
export class GroupCommit {
  readonly #thread: SqliteThread;
  readonly #hooks: GroupCommitHooks;
  #gathering = new Group();
  #isRunning = false;
  /** Dependents of committed groups, not yet answered. */
  #answering: Dependent[] = [];
  /** Called when the gathering group takes a change. */
  #onTaken = () => {};

  constructor(thread: SqliteThread, hooks: GroupCommitHooks) {
    this.#thread = thread;
    this.#hooks = hooks;
  }

  /** Returns the gathering group, and commits the group soon. */
  take(): Group {
    if (!this.#isRunning) {
      this.#isRunning = true;
      // Not `setTimeout`, which waits a millisecond or more.
      setImmediate(() => this.#commitAll());
    }
    this.#onTaken();
    return this.#gathering;
  }

  /** True if no change waits to be handed to the thread. */
  get isIdle(): boolean {
    return !this.#isRunning;
  }

  async #commitAll(): Promise<void> {
    while (!this.#gathering.isEmpty) {
      const group = this.#gathering;
      this.#gathering = new Group();
      let flushMs: number;
      try {
        const rows = group.encode(this.#hooks.onLength);
        const committing = this.#thread.call("commit", rows);
        this.#hooks.onSend(group);
        flushMs = await committing;
      } catch (error) {
        this.#fail(group, error);
        continue;
      }
      group.commit();
      this.#answer(group.dependents);
      await this.#regather(group.dependents.length, flushMs);
    }
    this.#isRunning = false;
  }

  /**
   * Waits until the publishers just answered may have published again. With
   * only the others in the next group, a slow disk would serve the publishers in
   * two halves, each of which waits for both commits.
   */
  async #regather(answered: number, flushMs: number): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const waiting = this.#gathering.dependents.length;
    const waitMs = Math.min(regathering.share * flushMs, regathering.maxMs);
    if (waiting === 0 || waitMs < 1) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#onTaken = () => {
        if (this.#gathering.dependents.length < waiting + answered) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onTaken = () => {};
  }

  #fail(group: Group, reason: unknown): void {
    const groups = [group, this.#gathering];
    this.#gathering = new Group();
    this.#hooks.onFail(groups, reason);
    for (const { dependents } of groups) {
      for (const { fail } of dependents) fail(reason);
    }
  }

  /** Answers in order, and lets other work run in between. */
  #answer(dependents: readonly Dependent[]): void {
    const isAnswering = this.#answering.length > 0;
    for (const dependent of dependents) this.#answering.push(dependent);
    if (!isAnswering) this.#answerSome();
  }

  #answerSome(): void {
    const startedAtMs = performance.now();
    let answered = 0;
    for (const { finish } of this.#answering) {
      finish();
      answered += 1;
      const isLook = answered % answersPerLook === 0;
      if (isLook && performance.now() - startedAtMs > maxMsPerTurn) break;
    }
    this.#answering.splice(0, answered);
    if (this.#answering.length > 0) setImmediate(() => this.#answerSome());
  }
}
