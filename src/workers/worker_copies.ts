import { log } from "../log/log.ts";
import type { BackupCopy } from "../tasks/store.ts";

/** The copies of the store made for one worker. */
export class WorkerCopies {
  readonly #copies = new Map<string, BackupCopy>();
  #hasEnded = false;

  /** @returns The copy's path, for the worker. */
  add(copy: BackupCopy): string {
    this.#copies.set(copy.path, copy);
    if (this.#hasEnded) this.end();
    return copy.path;
  }

  /** Removes a copy; ignores an unknown path. */
  async remove(path: string): Promise<void> {
    const copy = this.#copies.get(path);
    this.#copies.delete(path);
    await copy?.[Symbol.asyncDispose]();
  }

  /** Removes the copies left by an ended worker, and copies still being made. */
  end(): void {
    this.#hasEnded = true;
    for (const path of [...this.#copies.keys()]) {
      this.remove(path).catch((error) =>
        log.error(
          "Could not remove a copy of the store: delete {path} ({error})",
          {
            path,
            error,
          },
        )
      );
    }
  }
}
