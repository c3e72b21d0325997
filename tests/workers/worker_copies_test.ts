import { assertEquals } from "@std/assert";
import { WorkerCopies } from "../../src/workers/worker_copies.ts";
import { captureLog } from "../support/captured_log.ts";

function createCopies() {
  const removed: string[] = [];
  const copyAt = (path: string) => ({
    path,
    [Symbol.asyncDispose]() {
      removed.push(path);
      return Promise.resolve();
    },
  });
  return { copies: new WorkerCopies(), copyAt, removed };
}

Deno.test("WorkerCopies.remove() removes a copy once, and no other file", async () => {
  const { copies, copyAt, removed } = createCopies();
  assertEquals(copies.add(copyAt("one")), "one");
  copies.add(copyAt("two"));
  await copies.remove("one");
  await copies.remove("one");
  await copies.remove("/etc/passwd");
  assertEquals(removed, ["one"]);
});

Deno.test("WorkerCopies.end() removes all copies, also those still being made", () => {
  const { copies, copyAt, removed } = createCopies();
  copies.add(copyAt("one"));
  copies.end();
  copies.add(copyAt("late"));
  assertEquals(removed, ["one", "late"]);
});

Deno.test("WorkerCopies.end() logs a copy that stays", async () => {
  const { copies } = createCopies();
  copies.add({
    path: "a.db-backup-1",
    [Symbol.asyncDispose]: () => Promise.reject(new Error("busy")),
  });
  using log = captureLog();
  copies.end();
  await log.wrote("a.db-backup-1");
});
