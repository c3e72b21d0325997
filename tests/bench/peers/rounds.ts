import { printError } from "../../../src/terminal/output.ts";
import type { Peer } from "./catalog.ts";
import type { Outcome } from "./load/job.ts";
import { type Row, toRows } from "./rows.ts";
import { type RunningServer, startServer } from "./running_server.ts";
import type { Work } from "./works.ts";

/** Fresh processes take long, with little variation. */
const maxFreshRounds = 3;

/** The number and the duration of the measurements per server. */
export interface Rounds {
  readonly rounds: number;
  readonly seconds: number;
}

/** Measures servers in turns, after a warm-up round. */
export async function measureWork(
  work: Work,
  all: readonly Peer[],
  { rounds, seconds }: Rounds,
): Promise<Row[]> {
  const peers = all.filter(({ works }) => works?.includes(work.name) ?? true);
  const outcomes = peers.map((): Outcome[] => []);
  if (work.isFresh) {
    for (let round = 0; round < Math.min(rounds, maxFreshRounds); round++) {
      for (const [index, peer] of peers.entries()) {
        await using server = await startServer(peer);
        outcomes[index]?.push(await measure(work, server, seconds));
      }
    }
  } else {
    await using stack = new AsyncDisposableStack();
    const servers: RunningServer[] = [];
    for (const peer of peers) servers.push(stack.use(await startServer(peer)));
    await work.prepare?.(servers);
    for (let round = -1; round < rounds; round++) {
      for (const [index, server] of servers.entries()) {
        const outcome = await measure(work, server, seconds);
        if (round >= 0) outcomes[index]?.push(outcome);
      }
    }
  }
  return peers.flatMap((peer, index) =>
    toRows(work.name, work.metrics, peer, outcomes[index] ?? [])
  );
}

async function measure(
  work: Work,
  server: RunningServer,
  seconds: number,
): Promise<Outcome> {
  const outcome = await work.measure(server, seconds);
  const values = Object.entries(outcome.values)
    .map(([name, value]) => `${name} ${value.toPrecision(4)}`);
  const faults = outcome.faults > 0 ? `, ${outcome.faults} faults` : "";
  printError(
    `${work.name}: ${server.peer.label}: ${values.join(", ")}${faults}`,
  );
  return outcome;
}
