/**
 * Measures the time from a request to cancel until the answer to the waiting
 * heartbeat of the worker, over new connections: with workers, half of the
 * requests arrive at the other worker, and with nodes, all at another node.
 *
 *     deno run -A tests/bench/cancels.ts [tries]
 *
 * @module
 */

import { delay } from "../../src/async/delay.ts";
import { printLine } from "../../src/terminal/output.ts";
import { callAnew, deployments } from "../support/deployments.ts";
import { eventually } from "../support/eventually.ts";
import { has } from "../support/needs.ts";
import type { Nodes } from "../support/nodes.ts";
import { testApiKey as key } from "../support/server.ts";

const tries = Number(Deno.args[0] ?? 200);

/** The time from the stored heartbeat until the request to cancel, in milliseconds. */
const restMs = 20;

/** Cancels a task under a waiting heartbeat. Returns the time in milliseconds. */
async function cancelOnce(nodes: Nodes, index: number): Promise<number> {
  const path = `/api/tasks/cancel-${index}`;
  const [one, other] = [nodes.at(index), nodes.at(index + 1)];
  await one.publish(`cancel-${index}`);
  const waiting = callAnew(one.origin, `POST ${path}/heartbeat`, {
    key,
    body: { lease: 61, wait: 60 },
  }).then(({ json }) => ({ endedAtMs: performance.now(), answer: json() }));
  await eventually(async () =>
    (await one.call(`GET ${path}`)).json().lease_ends_at !== undefined
  );
  await delay(restMs);
  const startedAtMs = performance.now();
  await callAnew(other.origin, `POST ${path}/cancel`, { key });
  const { endedAtMs, answer } = await waiting;
  if (answer.cancel_requested !== true) {
    throw new Error(`Heard no cancel: ${JSON.stringify(answer)}`);
  }
  return endedAtMs - startedAtMs;
}

if (import.meta.main) {
  for (const { name, needs, start } of deployments) {
    if (!has(...needs)) continue;
    await using deployed = await start();
    const tookMs: number[] = [];
    for (let index = -5; index < tries; index++) {
      const ms = await cancelOnce(deployed.nodes, index + 5);
      if (index >= 0) tookMs.push(ms); // the first tries are a warm-up
    }
    const sorted = tookMs.toSorted((a, b) => a - b);
    const at = (share: number) =>
      (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(1);
    printLine(
      `${name}: ${tries} cancels heard after p50 ${at(0.5)}, p99 ${
        at(0.99)
      }, longest ${at(1)} ms`,
    );
  }
}
