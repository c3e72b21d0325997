import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
} from "@std/assert";
import { openSqliteStore } from "../../../src/store/sqlite/sqlite_store.ts";
import { backUp } from "../../../src/tasks/store.ts";
import { scoped } from "../../support/api.ts";
import { eventually } from "../../support/eventually.ts";
import { needs } from "../../support/needs.ts";
import {
  startTestServer,
  testApiKey,
  type TestServer,
} from "../../support/server.ts";
import { SmallDisk } from "../../support/small_disk.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

const retention = { historyLimit: 100, historyTtlMs: 60_000 };

function readBackup(
  { origin }: TestServer,
  { key = testApiKey, ...init }: RequestInit & { readonly key?: string } = {},
): Promise<Response> {
  return fetch(`${origin}/api/backup`, {
    headers: key === "" ? {} : { Authorization: `Bearer ${key}` },
    ...init,
  });
}

/** Publishes about a megabyte. */
async function fill(server: TestServer): Promise<void> {
  for (let index = 0; index < 20; index++) {
    const response = await server.publish("a", { data: "x".repeat(50_000) });
    assertEquals(response.status, 201);
    await response.body?.cancel();
  }
}

/** Fills a disk with a file until only some bytes are left. */
async function fillUp(path: string, leftBytes: number): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  const block = new Uint8Array(65_536);
  try {
    for (;;) await file.write(block);
  } catch (error) {
    assertMatch(String(error), /No space left/);
  }
  const { size } = await file.stat();
  await file.truncate(size - leftBytes);
}

/** The names of the files in a folder. */
function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/**
 * The removed files that this process holds open in a folder. The runtime may
 * have several descriptors of a file.
 */
function removedOpenFiles(folder: string): string[] {
  const paths = [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      const path = Deno.readLinkSync(`/proc/self/fd/${name}`);
      return path.startsWith(folder) && path.endsWith(" (deleted)")
        ? [path]
        : [];
    } catch (error) {
      // The descriptor of the listing.
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
  return [...new Set(paths)];
}

Deno.test("GET /api/backup answers with a database that a server can use", async () => {
  await using folder = await makeTempDir();
  const store = `sqlite:${folder.path}/a.db`;
  const server = await startTestServer({ config: { store } });
  await fill(server);
  const live = await server.services.store.read("a", "oldest");
  const before = namesIn(folder.path);
  const response = await readBackup(server);
  const bytes = await response.bytes();
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/vnd.sqlite3");
  assertEquals(response.headers.get("content-length"), String(bytes.length));
  assertEquals(
    response.headers.get("cache-control"),
    "no-store, no-transform",
  );
  assertMatch(
    response.headers.get("content-disposition") ?? "",
    /^attachment; filename="taskwire-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ\.db"$/,
  );
  assertEquals(namesIn(folder.path), before);
  await server.stop();

  const path = `${folder.path}/copy.db`;
  await Deno.writeFile(path, bytes);
  const copy = await openSqliteStore(path, "FULL", retention, () => 0);
  const view = await copy.read("a", "oldest");
  assertEquals(view.events, live.events);
  // A watcher may have seen events after the copy.
  assertNotEquals(view.epoch, live.epoch);
  await copy.close();
});

Deno.test("GET /api/backup answers 409 for a store in memory", async () => {
  await using server = await startTestServer();
  const response = await readBackup(server);
  assertEquals(response.status, 409);
  const { code, detail } = await response.json();
  assertEquals(code, "backup_unsupported");
  assertMatch(detail, /TASKWIRE_STORE/);
});

Deno.test("GET /api/backup is for operators", async () => {
  await using folder = await makeTempDir();
  const store = `sqlite:${folder.path}/a.db`;
  await using server = await startTestServer({ config: { store } });
  const statuses: number[] = [];
  const keys = [
    "",
    await scoped("publish"),
    await scoped("admin", { tasks: ["*"] }),
    await scoped("admin"),
  ];
  for (const key of keys) {
    const response = await readBackup(server, { key });
    statuses.push(response.status);
    await response.body?.cancel();
  }
  assertEquals(statuses, [401, 403, 403, 200]);
});

Deno.test("HEAD /api/backup makes no copy", async () => {
  await using folder = await makeTempDir();
  const store = `sqlite:${folder.path}/a.db`;
  await using server = await startTestServer({ config: { store } });
  const response = await readBackup(server, { method: "HEAD" });
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "application/vnd.sqlite3");
  assertEquals(removedOpenFiles(folder.path), []);
});

Deno.test({
  name: "GET /api/backup frees the copy if the client leaves early",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await makeTempDir();
    const store = `sqlite:${folder.path}/a.db`;
    await using server = await startTestServer({ config: { store } });
    for (let round = 0; round < 8; round++) await fill(server);
    const response = await readBackup(server);
    const reader = response.body?.getReader();
    await reader?.read();
    assertEquals(removedOpenFiles(folder.path).length, 1);
    await reader?.cancel();
    await eventually(() =>
      Promise.resolve(removedOpenFiles(folder.path).length === 0)
    );
  },
});

Deno.test({
  name: "GET /api/backup frees the copy if the client leaves before",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await makeTempDir();
    const store = `sqlite:${folder.path}/a.db`;
    const asked = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const copied = Promise.withResolvers<void>();
    await using server = await startTestServer({
      config: { store },
      services: ({ store }) => ({
        store: {
          ...store,
          async backup() {
            asked.resolve();
            await goOn.promise;
            const copy = await backUp(store);
            return {
              path: copy.path,
              async [Symbol.asyncDispose]() {
                await copy[Symbol.asyncDispose]();
                copied.resolve();
              },
            };
          },
        },
      }),
    });
    await fill(server);
    const leaving = new AbortController();
    const reading = readBackup(server, { signal: leaving.signal });
    await asked.promise;
    leaving.abort();
    await assertRejects(() => reading, DOMException);
    goOn.resolve();
    await copied.promise;
    await eventually(() =>
      Promise.resolve(removedOpenFiles(folder.path).length === 0)
    );
    assertEquals(
      namesIn(folder.path).filter((name) => /-backup-/.test(name)),
      [],
    );
  },
});

needs("mount")(
  "GET /api/backup without room for the copy is a 503, and publishing goes on",
  async () => {
    await using disk = await SmallDisk.mount("16m");
    const store = `sqlite:${disk.path}/a.db`;
    const server = await startTestServer({ config: { store } });
    await using _ = server;
    await fill(server);
    await fill(server);
    await fillUp(`${disk.path}/filler`, 1_000_000);
    const before = namesIn(disk.path);
    const response = await readBackup(server);
    assertEquals(response.status, 503);
    const { code, detail } = await response.json();
    assertEquals(code, "store_unavailable");
    assertMatch(detail, /make room/);
    assertEquals(namesIn(disk.path), before);
    const published = await server.publish("a", {});
    assertEquals(published.status, 201);
    await published.body?.cancel();
  },
);
