import { log } from "../../log/log.ts";
import { SqliteThread, type StartThread } from "./sqlite_thread.ts";
import type { OpenOptions } from "./thread_calls.ts";

/**
 * A thread started when first used, so that the start of the server does not
 * wait for the thread.
 */
export class LateThread {
  readonly #name: string;
  readonly #options: OpenOptions;
  readonly #spawn: StartThread;
  #starting: Promise<SqliteThread | undefined> | undefined;
  #opened: SqliteThread | undefined;

  constructor(name: string, options: OpenOptions, spawn: StartThread) {
    this.#name = name;
    this.#options = options;
    this.#spawn = spawn;
  }

  /** The thread; `undefined` until started. */
  get opened(): SqliteThread | undefined {
    return this.#opened;
  }

  /**
   * Starts the thread, unless running.
   *
   * @returns `undefined` if the start fails; the next use tries again.
   */
  start(): Promise<SqliteThread | undefined> {
    return this.#starting ??= this.#open();
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    await (await this.#starting)?.close();
  }

  async #open(): Promise<SqliteThread | undefined> {
    let thread: SqliteThread | undefined;
    try {
      thread = new SqliteThread(this.#name, this.#spawn);
      await thread.open(this.#options);
      return this.#opened = thread;
    } catch (error) {
      log.error("Could not start the {name} thread, retrying: {error}", {
        name: this.#name,
        error,
      });
      await thread?.close();
      this.#starting = undefined;
      return undefined;
    }
  }
}
