import { assertLess } from "@std/assert";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite_store.ts";
import {
  startThread,
  type ThreadWorker,
} from "../../../src/store/sqlite/sqlite_thread.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

/**
 * Starts real threads, and tells when the write-ahead log is being copied: from
 * the start of the copying thread, or a call to that thread, until the writing
 * thread has copied the rest.
 */
class CopyingThreads {
  #copying: PromiseWithResolvers<void> | undefined;

  /** Resolves after the copying under way; `undefined` if none is. */
  get copied(): Promise<void> | undefined {
    return this.#copying?.promise;
  }

  readonly start = (name: string): ThreadWorker => {
    if (name === "sqlite-copier") this.#begin();
    const worker = startThread(name);
    const copies = new Set<number>();
    const thread: ThreadWorker = {
      onmessage: null,
      onerror: null,
      postMessage: (message) => {
        const [call, method] = message;
        if (method === "checkpoint") {
          if (name === "sqlite-writer") copies.add(call);
          else this.#begin();
        }
        worker.postMessage(message);
      },
      terminate: () => worker.terminate(),
    };
    worker.onerror = (event) => thread.onerror?.(event);
    worker.onmessage = (event) => {
      thread.onmessage?.(event);
      if (copies.delete(event.data[0])) this.#end();
    };
    return thread;
  };

  #begin(): void {
    this.#copying ??= Promise.withResolvers();
  }

  #end(): void {
    this.#copying?.resolve();
    this.#copying = undefined;
  }
}

Deno.test("Checkpoints.note() lets the write-ahead log begin anew", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const threads = new CopyingThreads();
  const store = await openSqliteStore(
    path,
    "NORMAL",
    { historyLimit: 10, historyTtlMs: 60_000 },
    () => 0,
    threads.start,
  );
  const publications = Array.from(
    { length: 100 },
    (_, index) => ({ taskId: `task ${index}`, change: {} }),
  );
  const sizes: number[] = [];
  for (let copies = 0; copies < 3; copies++) {
    while (threads.copied === undefined) await store.publishAll(publications);
    await threads.copied;
    sizes.push((await Deno.stat(`${path}-wal`)).size);
  }
  const [first = 0, , last = 0] = sizes;
  assertLess(last, 1.5 * first, sizes.join());
  await store.close();
});
