import { assert, assertEquals, assertGreater } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { printLine } from "../../src/terminal/output.ts";
import { publishUntilAnswered } from "../support/retrying_publisher.ts";
import { serve, taskwire } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const apiKey = "key-of-the-backup-test";
const env = {
  TASKWIRE_API_KEYS: apiKey,
  TASKWIRE_LOG: "error",
  TASKWIRE_HISTORY_LIMIT: "1000000",
};
const tasks = Array.from({ length: 4 }, (_, index) => `backup/${index}`);
const publishers = 8;
const copies = 3;
const eventsBetweenCopies = 200;

for (const workers of [1, 2]) {
  Deno.test(`backup under load has a prefix of each history, with ${workers} worker(s)`, async () => {
    await using folder = await makeTempDir();
    const flags = workers === 1 ? [] : ["--workers", String(workers)];
    const running = await serve(flags, { cwd: folder.path, env });
    await using _ = running;
    const load = new Load(running.origin);
    for (let copy = 1; copy <= copies; copy++) {
      await load.acknowledgedMore(eventsBetweenCopies);
      const acknowledged = new Map(load.acknowledged);
      const path = `${folder.path}/copy-${copy}.db`;
      const result = await taskwire(["backup", path, "--url", running.origin], {
        env: { TASKWIRE_API_KEYS: apiKey },
      });
      assertEquals([result.code, result.stderr], [0, ""]);
      const heads = readHeads(path);
      for (const [task, offset] of acknowledged) {
        assertGreater(heads.get(task) ?? 0, offset - 1, task);
      }
    }
    await load.stop();
    printLine(
      `backup with ${workers} worker(s): ${copies} copies while ${load.count} events were acknowledged`,
    );
    const names = await Array.fromAsync(Deno.readDir(folder.path));
    assertEquals(names.filter(({ name }) => /backup-|part$/.test(name)), []);
  });
}

/** Publishers that publish until stopped. */
class Load {
  /** The newest acknowledged offset of each task. */
  readonly acknowledged = new Map<string, number>();
  count = 0;
  readonly #publishing: Promise<void>[];
  #isOver = false;
  #onAcknowledged = () => {};

  constructor(origin: string) {
    this.#publishing = Array.from(
      { length: publishers },
      (_, index) => this.#publish(origin, index),
    );
  }

  /** Waits until a number of further events were acknowledged. */
  async acknowledgedMore(more: number): Promise<void> {
    const atLeast = this.count + more;
    await new Promise<void>((resolve) => {
      this.#onAcknowledged = () => {
        if (this.count >= atLeast) resolve();
      };
    });
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#publishing);
  }

  async #publish(origin: string, publisher: number): Promise<void> {
    for (let index = 0; !this.#isOver; index++) {
      const task = tasks[(publisher + index) % tasks.length] ?? "";
      const eventId = `${publisher}-${index}`;
      const offset = await publishUntilAnswered(origin, {
        task,
        eventId,
        apiKey,
      });
      const known = this.acknowledged.get(task) ?? 0;
      this.acknowledged.set(task, Math.max(known, offset));
      this.count += 1;
      this.#onAcknowledged();
    }
  }
}

/**
 * Checks that a copy is sound, and that its histories have no holes.
 *
 * @returns The newest offset of each task.
 */
function readHeads(path: string): Map<string, number> {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const check = database.prepare("PRAGMA integrity_check").get();
    assertEquals(check?.integrity_check, "ok");
    const rows = database.prepare(`
      SELECT connection_id AS task, count(*) AS count, max(offset) AS head,
        json_extract(state, '$.snapshot.offset') AS newest
      FROM events JOIN tasks ON tasks.id = events.task_id GROUP BY task_id
    `).all();
    return new Map(rows.map(({ task, count, head, newest }) => {
      assert(count === head && head === newest, `a hole in ${task}`);
      return [String(task), Number(head)];
    }));
  } finally {
    database.close();
  }
}
