/**
 * Starts a thread of the store with few free file descriptors, and prints the
 * name of the error.
 *
 * @module
 */

import { startThread } from "../../../src/store/sqlite/sqlite_thread.ts";
import { printLine } from "../../../src/terminal/output.ts";

const files: Deno.FsFile[] = [];
try {
  for (;;) files.push(Deno.openSync("/dev/null"));
} catch (error) {
  if (
    !(error instanceof Error) || !/too many open files/i.test(error.message)
  ) {
    throw error;
  }
}
const free = Number(Deno.args[0]);
for (const file of files.splice(0, free)) file.close();
try {
  startThread("few-descriptors").terminate();
  printLine("started");
} catch (error) {
  printLine(error instanceof Error ? error.name : String(error));
}
