import { assertEquals, assertThrows } from "@std/assert";
import { claimDatabaseFile } from "../../../src/store/sqlite/database_file.ts";
import { openDatabase } from "../../../src/store/sqlite/schema.ts";
import { StoreOpenError } from "../../../src/tasks/store.ts";
import { captureLog } from "../../support/captured_log.ts";
import { makeTempDir } from "../../support/temp_dir.ts";

/** The permissions of a file. */
function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

Deno.test("claimDatabaseFile() makes files readable by their owner alone, regardless of the umask", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const umask = Deno.umask(0);
  try {
    using _ = claimDatabaseFile(path);
    const database = openDatabase(path, "FULL");
    database.exec("CREATE TABLE t (x)");
    const modes = ["", "-wal", "-shm", "-lock"]
      .map((suffix) => modeOf(`${path}${suffix}`));
    database.close();
    assertEquals(modes, [0o600, 0o600, 0o600, 0o600]);
  } finally {
    Deno.umask(umask);
  }
});

Deno.test("claimDatabaseFile() keeps the mode of an existing file, and warns if everybody can read the file", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  for (const [mode, warns] of [[0o640, false], [0o644, true]] as const) {
    claimDatabaseFile(path)[Symbol.dispose]();
    await Deno.chmod(path, mode);
    using log = captureLog();
    claimDatabaseFile(path)[Symbol.dispose]();
    assertEquals(log.text.includes("Every user of this machine"), warns);
    assertEquals(modeOf(path), mode);
  }
});

Deno.test("claimDatabaseFile() refuses a file in use, by any path, until disposed of", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const link = `${folder.path}/link.db`;
  await Deno.symlink(path, link);
  const claim = claimDatabaseFile(path);
  for (const samePath of [path, link]) {
    const { message } = assertThrows(
      () => claimDatabaseFile(samePath),
      StoreOpenError,
      "in use by another process",
    );
    assertEquals(message.startsWith(`${samePath}: `), true, message);
  }
  claim[Symbol.dispose]();
  claimDatabaseFile(link)[Symbol.dispose]();
});

Deno.test("claimDatabaseFile() refuses a file that another process holds, and takes the file of a killed process", async () => {
  await using folder = await makeTempDir();
  const path = `${folder.path}/a.db`;
  const module = import.meta.resolve(
    "../../../src/store/sqlite/database_file.ts",
  );
  const holder = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--no-lock",
      `import { claimDatabaseFile } from ${JSON.stringify(module)};
       claimDatabaseFile(${JSON.stringify(path)});
       console.log("claimed");
       setTimeout(() => {}, 60_000);`,
    ],
    stdout: "piped",
  }).spawn();
  const output = holder.stdout.getReader();
  await output.read();
  assertThrows(
    () => claimDatabaseFile(path),
    StoreOpenError,
    "in use by another process",
  );
  holder.kill("SIGKILL");
  await holder.status;
  await output.cancel();
  claimDatabaseFile(path)[Symbol.dispose]();
});

Deno.test("claimDatabaseFile() refuses a missing folder", async () => {
  await using folder = await makeTempDir();
  assertThrows(
    () => claimDatabaseFile(`${folder.path}/none/a.db`),
    StoreOpenError,
    "check that its folder exists",
  );
});
