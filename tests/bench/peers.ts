/**
 * Compares taskwire with similar servers: the same work, on the same machine,
 * in alternating rounds, so that a noisy machine affects all alike.
 *
 * Server and load run on separate cores. Counted frames were checked on
 * arrival: none lost, none out of order.
 *
 * @module
 */

import { Command, InvalidArgumentError } from "commander";
import { printError, printLine, printRaw } from "../../src/terminal/output.ts";
import { baseline, type Peer, peers } from "./peers/catalog.ts";
import { drawRows } from "./peers/chart.ts";
import { describeMachine, installPackages } from "./peers/packages.ts";
import { measureWork } from "./peers/rounds.ts";
import type { Row } from "./peers/rows.ts";
import { canPin } from "./peers/running_server.ts";
import { measureStarts } from "./peers/start.ts";
import { showRows } from "./peers/table.ts";
import { works } from "./peers/works.ts";

interface Options {
  rounds: number;
  seconds: number;
  only: string[];
  peers: string[];
  binary: string;
  svg?: string;
  json?: string;
}

function positive(text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

/** Reads a list of known names. */
function someOf(known: readonly string[]) {
  return (text: string): string[] => {
    const names = text.split(",");
    if (names.every((name) => known.includes(name))) return names;
    throw new InvalidArgumentError(`Expected some of ${known.join(", ")}.`);
  };
}

const workNames = [...works.map(({ name }) => name), "start"];
const peerNames = peers.map(({ name }) => name);

function readOptions(): Options {
  return new Command("deno task bench:peers")
    .description("Measures taskwire's server beside its peers.")
    .option("--rounds <n>", "measurements of each", positive, 5)
    .option("--seconds <n>", "length of a measurement", positive, 2)
    .option(
      "--only <works>",
      `some of ${workNames.join(", ")}`,
      someOf(workNames),
      workNames,
    )
    .option(
      "--peers <names>",
      `some of ${peerNames.join(", ")}; ${baseline} is always measured`,
      someOf(peerNames),
      peerNames,
    )
    .option("--binary <file>", "compiled taskwire to start", "dist/taskwire")
    .option("--svg <file>", "where to draw the ratios")
    .option("--json <file>", "where to write all the numbers")
    .parse(Deno.args, { from: "user" })
    .opts();
}

/**
 * Returns the requested servers that can run here; prints reasons for the rest.
 */
async function choosePeers(names: readonly string[]): Promise<Peer[]> {
  const chosen: Peer[] = [];
  for (const peer of peers) {
    if (peer.name !== baseline && !names.includes(peer.name)) continue;
    const reason = await peer.missing?.();
    if (reason) printError(`${peer.label} is left out: ${reason}`);
    else chosen.push(peer);
  }
  return chosen;
}

if (import.meta.main) {
  const options = readOptions();
  await installPackages();
  if (!canPin) printError("No taskset: servers and load share the cores");
  const chosen = await choosePeers(options.peers);
  const rows: Row[] = [];
  for (const work of works) {
    if (!options.only.includes(work.name)) continue;
    rows.push(...await measureWork(work, chosen, options));
  }
  if (options.only.includes("start")) {
    rows.push(...await measureStarts(options.rounds, options.binary));
  }
  const machine = await describeMachine();
  printLine(
    Object.entries(machine).map(([name, value]) => `${name} ${value}`)
      .join(" · "),
  );
  printLine(
    `${options.rounds} rounds of ${options.seconds} s; ` +
      `tokens are verified by ${
        chosen.filter(({ verifiesTokens }) => verifiesTokens)
          .map(({ label }) => label).join("; ")
      } alone`,
  );
  printRaw(`\n${showRows(rows)}\n`);
  if (options.svg) await Deno.writeTextFile(options.svg, drawRows(rows));
  if (options.json) {
    const { rounds, seconds } = options;
    const date = new Date().toISOString();
    await Deno.writeTextFile(
      options.json,
      JSON.stringify({ date, machine, rounds, seconds, rows }, null, 2),
    );
  }
}
