import {
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
} from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { printLine } from "../../src/terminal/output.ts";
import type { SqliteSync } from "../../src/store/sqlite/schema.ts";
import { needs } from "../support/needs.ts";
import {
  type Disk,
  DiskLog,
  type Fate,
  nothingUnflushed,
  randomFate,
  randomNumbers,
} from "../support/power_cut.ts";
import { serve } from "../support/taskwire.ts";
import { makeTempDir } from "../support/temp_dir.ts";

const isFull = Deno.env.get("TASKWIRE_LOAD") === "full";
const rounds = isFull ? 20 : 3;
const publishers = 8;
/** The number of disks rebuilt after a cut, with random fates of unflushed data. */
const randomDisks = 2;
const data = "x".repeat(500);
const apiKey = "key-of-the-power-cut-test";
const tasks = Array.from({ length: 40 }, (_, index) => `power/${index}`);

/** A stored event, or an acknowledged event. */
interface Position {
  readonly task: string;
  readonly offset: number;
}

for (const sync of ["FULL", "NORMAL"] as const) {
  needs("gcc")(
    `power cuts under load with ${sync} ${
      sync === "FULL"
        ? "lose no acknowledged event"
        : "lose the newest events alone"
    }`,
    async () => {
      const seed = Number(Deno.env.get("TASKWIRE_SEED") ?? Date.now() % 1e6);
      const random = randomNumbers(seed);
      await using log = await DiskLog.compile();
      let disk: Disk = new Map();
      let acknowledged = new Map<string, Position>();
      let acknowledgedInAll = 0;
      /** The events lost per disk if no unflushed data was kept. */
      const losses: number[] = [];
      for (let round = 1; round <= rounds; round++) {
        const before = disk;
        const known = acknowledged.size;
        const env = await log.insert(before);
        await publishUntilKilled(log.folder, env, {
          sync,
          acknowledged,
          round,
          count: 100 + Math.floor(random() * (isFull ? 2_400 : 700)),
        });
        acknowledgedInAll += acknowledged.size - known;
        const fates: Fate[] = [
          nothingUnflushed,
          ...Array.from(
            { length: randomDisks },
            () => randomFate(random() * 2 ** 32),
          ),
        ];
        const cuts: { readonly disk: Disk; readonly lost: Set<string> }[] = [];
        for (const fate of fates) {
          const rebuilt = await log.cut(before, fate);
          const lost = await lostEvents(rebuilt, acknowledged);
          if (sync === "FULL") {
            assertEquals(lost, [], `seed ${seed}, round ${round}`);
          }
          cuts.push({ disk: rebuilt, lost: new Set(lost) });
        }
        losses.push(cuts[0]?.lost.size ?? 0);
        const next = cuts[Math.floor(random() * cuts.length)];
        disk = next?.disk ?? new Map();
        acknowledged = new Map(
          [...acknowledged].filter(([id]) => !next?.lost.has(id)),
        );
      }
      printLine(
        `power cuts with ${sync}, ${rounds} rounds of ${
          1 + randomDisks
        } disks, seed ${seed}: acknowledged ${acknowledgedInAll} events, lost ${
          losses.join(" + ")
        } without the unflushed data`,
      );
      // Otherwise the rebuilt disks would not show a missing flush.
      if (sync === "NORMAL") assertGreater(Math.max(...losses), 0);
    },
  );
}

needs("gcc")(
  "a power cut that takes events with NORMAL lets no watcher resume into others",
  async () => {
    await using log = await DiskLog.compile();
    const task = "power/watched";
    const settings = {
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_SQLITE_SYNC: "NORMAL",
    };
    const publish = async (origin: string, count: number) => {
      for (let index = 0; index < count; index++) {
        await post(origin, task, crypto.randomUUID());
      }
      return await read(origin, task);
    };
    /** Serves from a disk, publishes, and cuts the power. */
    async function publishUntilCut(
      before: Disk,
      { bootMs, count, isKilled, fate }: {
        /** The start of the system, in milliseconds since 1970. */
        readonly bootMs: number;
        readonly count: number;
        readonly isKilled: boolean;
        readonly fate: Fate;
      },
    ) {
      const { server, origin } = await serve([], {
        cwd: log.folder,
        env: {
          ...await log.insert(before),
          ...settings,
          DISK_LOG_UPTIME: String(Math.floor((Date.now() - bootMs) / 1_000)),
        },
      });
      const position = await publish(origin, count);
      server.kill(isKilled ? "SIGKILL" : "SIGTERM");
      await server.exitCode();
      return { position, disk: await log.cut(before, fate) };
    }

    const bootMs = Date.now() - 1_000_000;
    const stopped = await publishUntilCut(new Map(), {
      bootMs,
      count: 5,
      isKilled: false,
      fate: nothingUnflushed,
    });
    assertEquals(stopped.position.offset, 5);
    const killed = await publishUntilCut(stopped.disk, {
      bootMs,
      count: 5,
      isKilled: true,
      fate: () => true,
    });
    assertEquals(killed.position, { ...stopped.position, offset: 10 });
    const cut = await publishUntilCut(killed.disk, {
      bootMs,
      count: 5,
      isKilled: true,
      fate: nothingUnflushed,
    });
    assertEquals(cut.position, { ...stopped.position, offset: 15 });
    const restarted = await publishUntilCut(cut.disk, {
      bootMs: Date.now() - 10_000,
      count: 20,
      isKilled: true,
      fate: nothingUnflushed,
    });
    assertNotEquals(restarted.position.epoch, cut.position.epoch);
    assertLess(restarted.position.offset, 15 + 20);
  },
);

/** Reads a task's position. */
async function read(origin: string, task: string) {
  const response = await fetch(
    `${origin}/api/tasks/${encodeURIComponent(task)}`,
    { headers: { Authorization: `Bearer ${apiKey}` } },
  );
  const { epoch, offset } = await response.json();
  return { epoch: String(epoch), offset: Number(offset) };
}

/** A round of publishing. */
interface Round {
  readonly sync: SqliteSync;
  readonly round: number;
  /** The number of acknowledged events before the kill. */
  readonly count: number;
  /** Receives acknowledged events by `event_id`. */
  readonly acknowledged: Map<string, Position>;
}

/** Serves from a folder, publishes by several publishers, and kills the server. */
async function publishUntilKilled(
  folder: string,
  env: Record<string, string>,
  { sync, round, count, acknowledged }: Round,
): Promise<void> {
  const { server, origin } = await serve([], {
    cwd: folder,
    env: {
      ...env,
      TASKWIRE_API_KEYS: apiKey,
      TASKWIRE_LOG: "error",
      TASKWIRE_SQLITE_SYNC: sync,
      TASKWIRE_HISTORY_LIMIT: "1000000",
    },
  });
  let left = count;
  async function publish(publisher: number): Promise<void> {
    for (let index = 0; left > 0; index++) {
      const task = tasks[(publisher + index) % tasks.length] ?? "";
      const id = `${round}-${publisher}-${index}`;
      const answer = await post(origin, task, id);
      if (answer === undefined) return;
      acknowledged.set(id, { task, offset: answer });
      left -= 1;
      if (left === 0) server.kill("SIGKILL");
    }
  }
  await Promise.all(
    Array.from({ length: publishers }, (_, index) => publish(index)),
  );
  await server.exitCode();
}

/**
 * Publishes an event.
 *
 * @returns The event's offset; `undefined` if the server was killed meanwhile.
 */
async function post(
  origin: string,
  task: string,
  eventId: string,
): Promise<number | undefined> {
  try {
    const response = await fetch(
      `${origin}/api/tasks/${encodeURIComponent(task)}/events`,
      {
        method: "POST",
        headers: { Authorization: `Bearer ${apiKey}` },
        body: JSON.stringify({ event_id: eventId, data }),
      },
    );
    const { offset } = await response.json();
    assertEquals(response.status, 201);
    return offset;
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * Checks a rebuilt disk: the database is sound, and histories have no holes.
 *
 * @returns The ids of missing acknowledged events.
 */
async function lostEvents(
  disk: Disk,
  acknowledged: ReadonlyMap<string, Position>,
): Promise<string[]> {
  await using copy = await makeTempDir();
  for (const [name, bytes] of disk) {
    await Deno.writeFile(join(copy.path, name), bytes);
  }
  const stored = readEvents(join(copy.path, "taskwire.db"));
  return [...acknowledged]
    .filter(([id, { task, offset }]) => {
      const event = stored.get(id);
      return event?.task !== task || event.offset !== offset;
    })
    .map(([id]) => id);
}

/** Reads all events of a database by `event_id`. */
function readEvents(path: string): Map<string, Position> {
  const database = new DatabaseSync(path);
  try {
    assertEquals(
      database.prepare("PRAGMA integrity_check").all().map((row) => ({
        ...row,
      })),
      [{ integrity_check: "ok" }],
    );
    const tables = database.prepare("SELECT count(*) AS n FROM sqlite_schema");
    // The first transaction was lost, and so were all later transactions.
    if (tables.get()?.n === 0) return new Map();
    const rows = database.prepare(`
      SELECT connection_id, offset, event_id FROM events
      JOIN tasks ON tasks.id = events.task_id ORDER BY connection_id, offset
    `).all();
    const heads = new Map<string, number>();
    for (const { connection_id: task, offset } of rows) {
      const head = (heads.get(String(task)) ?? 0) + 1;
      assertEquals(offset, head, `a hole in the history of ${task}`);
      heads.set(String(task), head);
    }
    return new Map(
      rows.map(({ connection_id, offset, event_id }) => [
        String(event_id),
        { task: String(connection_id), offset: Number(offset) },
      ]),
    );
  } finally {
    database.close();
  }
}
