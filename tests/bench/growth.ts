/**
 * Measures the cost of a publish on a grown server: more tasks, more watchers,
 * a longer history, more idle sockets. Every size has a server in a separate
 * process; the servers are measured in turns.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { printError, printLine } from "../../src/terminal/output.ts";
import { dimensions } from "./growth/dimension.ts";
import { loadCore, storeKinds } from "./growth/measured_server.ts";
import { pin } from "./growth/pinned.ts";
import { drawGrowths } from "./growth/plots.ts";
import { reportLines } from "./growth/report.ts";
import { type Growth, measureGrowth } from "./growth/rounds.ts";

interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly only?: readonly string[];
  readonly store?: readonly string[];
  readonly max?: number;
  readonly svg?: string;
  readonly json?: string;
}

const keys = dimensions.map(({ key }) => key);

const program = new Command("bench:growth")
  .description("Measures what a publish costs when a server has grown.")
  .option("--rounds <n>", "rounds that are measured", count, 5)
  .option("--seconds <n>", "of each measurement", positive, 0.5)
  .option("--only <what>", `of ${keys.join(",")}`, someOf(keys))
  .option("--store <what>", `of ${storeKinds.join(",")}`, someOf(storeKinds))
  .option("--max <n>", "leave larger sizes out", count)
  .option("--svg <folder>", "draw the figures into files there")
  .option("--json <file>", "write the figures of each round there");

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0");
}

function count(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Expected a whole number above 0");
}

function someOf(known: readonly string[]): (text: string) => string[] {
  return (text) => {
    const words = text.split(",");
    const unknown = words.find((word) => !known.includes(word));
    if (unknown === undefined) return words;
    throw new InvalidArgumentError(
      `'${unknown}' is none of ${known.join(", ")}`,
    );
  };
}

/** The figures, for programs. */
function asJson(growths: readonly Growth[], options: Options): string {
  const figures = growths.map(({ dimension, ...growth }) => ({
    dimension: dimension.key,
    unit: dimension.unit,
    ...growth,
  }));
  const { rounds, seconds } = options;
  return JSON.stringify(
    {
      measuredAt: new Date().toISOString(),
      deno: Deno.version.deno,
      cores: navigator.hardwareConcurrency,
      rounds,
      seconds,
      figures,
    },
    null,
    2,
  );
}

if (import.meta.main) {
  await program.parseAsync(Deno.args, { from: "user" });
  const options = program.opts<Options>();
  const { only = keys, store = storeKinds, json, svg: folder } = options;
  await pin(Deno.pid, loadCore);
  const growths: Growth[] = [];
  for (const dimension of dimensions) {
    if (!only.includes(dimension.key)) continue;
    for (const kind of storeKinds) {
      if (!store.includes(kind)) continue;
      growths.push(
        ...await measureGrowth(dimension, kind, {
          rounds: options.rounds,
          seconds: options.seconds,
          maxSize: options.max ?? Infinity,
          onProgress: printError,
        }),
      );
      if (json !== undefined) {
        await Deno.writeTextFile(json, asJson(growths, options));
      }
    }
  }
  if (folder !== undefined) {
    await Deno.mkdir(folder, { recursive: true });
    for (const { file, svg } of drawGrowths(growths)) {
      await Deno.writeTextFile(join(folder, file), svg);
    }
  }
  for (const line of reportLines(growths)) printLine(line);
}
