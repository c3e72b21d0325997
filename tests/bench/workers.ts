/**
 * Compares several workers with a single process: the same work on servers that
 * run at the same time and are measured in turns, so that a noisy machine
 * affects all alike.
 *
 * Processes are not pinned to cores: server and load share the machine, as the
 * CPU of every process shows. If the machine is fully used, the figures
 * describe the machine and not the server. `--share 0.3` limits every process
 * of a server to three tenths of a core, to simulate a larger machine.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "commander";
import { printError, printLine } from "../../src/terminal/output.ts";
import { installPackages } from "./peers/packages.ts";
import { measure, type Measurement, startWorkers } from "./workers/measured.ts";
import { showWorks } from "./workers/table.ts";

/** The measured works. */
const works = [
  { work: "handshake", sockets: 64, tokens: "none", unit: "connections/s" },
  { work: "fanout", sockets: 1_000, unit: "deliveries/s" },
  { work: "publishes", sockets: 64, unit: "publishes/s" },
] as const;

interface Options {
  rounds: number;
  seconds: number;
  workers: number;
  stores: string[];
  share: number;
  only: string[];
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

function readOptions(): Options {
  return new Command("deno task bench:workers")
    .description("Measures a server with several workers beside one with one.")
    .option("--rounds <n>", "measurements of each", positive, 5)
    .option("--seconds <n>", "length of a measurement", positive, 2)
    .option("--workers <n>", "how many", positive, 2)
    .option(
      "--share <cores>",
      "the part of a core that each process of a server may have",
      positive,
      1,
    )
    .option(
      "--only <works>",
      `some of ${works.map(({ work }) => work).join(", ")}`,
      (text) => text.split(","),
      works.map(({ work }) => work),
    )
    .option(
      "--stores <urls>",
      "stores, comma-separated",
      (text) => text.split(","),
      ["memory:", "sqlite:bench.db"],
    )
    .parse(Deno.args, { from: "user" })
    .opts();
}

if (import.meta.main) {
  const { rounds, seconds, workers, stores, share, only } = readOptions();
  await installPackages();
  printLine(
    `${navigator.hardwareConcurrency} cores; ${rounds} rounds of ${seconds} s, medians; ${share} of a core for each process of a server`,
  );
  for (const store of stores) {
    await using stack = new AsyncDisposableStack();
    const servers = [
      stack.use(await startWorkers(1, store, share)),
      stack.use(await startWorkers(workers, store, share)),
    ];
    for (const { unit, ...job } of works) {
      if (!only.includes(job.work)) continue;
      const measured = servers.map((): Measurement[] => []);
      // The first round is a warm-up.
      for (let round = -1; round < rounds; round++) {
        for (const [index, server] of servers.entries()) {
          const measurement = await measure(server, { ...job, seconds });
          if (round >= 0) measured[index]?.push(measurement);
          printError(
            `${store} ${job.work}, ${server.workers} workers: ${
              measurement.rate.toFixed(0)
            } ${unit}`,
          );
        }
      }
      for (const line of showWorks(`${store} ${job.work}`, unit, measured)) {
        printLine(line);
      }
    }
  }
}
