/**
 * Runs `deno test` with the given arguments, and groups the files of a folder.
 * At the end, reports the tests skipped for want of programs, and how to install
 * the programs.
 *
 * @module
 */
import { join } from "node:path";
import { printLine } from "../../src/terminal/output.ts";
import { groupTests } from "./group_tests.ts";
import {
  installHint,
  type Need,
  skippedFileVariable,
  type SkippedTest,
} from "./needs.ts";

/** Describes the skipped tests in two lines, or in no lines if no test was skipped. */
export function summarize(skipped: readonly SkippedTest[]): string[] {
  if (skipped.length === 0) return [];
  const counts = new Map<Need, number>();
  for (const need of skipped.flatMap(({ missing }) => missing)) {
    counts.set(need, (counts.get(need) ?? 0) + 1);
  }
  const needs = [...counts.keys()].sort();
  const list = needs.map((need) => `${need} (${counts.get(need)})`).join(", ");
  return [
    `${skipped.length} tests were skipped: this machine lacks ${list}.`,
    `To run them too: ${installHint(needs)}`,
  ];
}

async function runTests(args: readonly string[]): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "taskwire-tests-" });
  try {
    const file = join(folder, "skipped");
    await Deno.writeTextFile(file, "");
    const tests = new Deno.Command(Deno.execPath(), {
      args: ["test", ...await groupTests(args, folder)],
      env: { [skippedFileVariable]: file },
    }).spawn();
    // A terminal sends Ctrl-C to parent and child: the child ends first, then
    // the parent.
    const wait = () => {};
    const stop = () => tests.kill("SIGTERM");
    Deno.addSignalListener("SIGINT", wait);
    Deno.addSignalListener("SIGTERM", stop);
    const { code } = await tests.status;
    Deno.removeSignalListener("SIGINT", wait);
    Deno.removeSignalListener("SIGTERM", stop);
    const lines = (await Deno.readTextFile(file)).split("\n").filter(Boolean);
    const skipped = lines.map((line): SkippedTest => JSON.parse(line));
    for (const line of summarize(skipped)) printLine(line);
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await runTests(Deno.args));
