import { Client } from "./client.ts";
import type { Job, Outcome } from "./job.ts";
import { makeToken } from "./token.ts";
import { sleep, startWindow, warmUpMs } from "./window.ts";
import { wires } from "./wire.ts";

const atOnce = 64;

/** More than any of the servers can do in a second. */
const maxPerSecond = 25_000;

function makeTokens({ tokens, secret, seconds }: Job): string[] {
  if (tokens === "none") return [""];
  const count = tokens === "one" ? 1 : Math.ceil(
    (seconds + warmUpMs / 1_000) * maxPerSecond,
  );
  // Different tokens from the previous round.
  const first = Date.now() * 1_000;
  return Array.from(
    { length: count },
    (_, index) => makeToken(first + index, secret),
  );
}

/**
 * Connects 64 clients at a time with different ids; each waits for `connected`
 * and closes properly. Counts complete handshakes per second.
 */
export async function handshake(job: Job): Promise<Outcome> {
  const tokens = makeTokens(job);
  let begun = 0;
  let done = 0;
  let faults = 0;
  let isRunning = true;
  const once = () =>
    new Promise<void>((resolve) => {
      const number = begun++;
      let isConnected = false;
      const client = new Client({
        port: job.port,
        wire: wires[job.wire],
        route: "realtime",
        id: `handshake-${number}`,
        token: tokens[number % tokens.length] ?? "",
      }, {
        onConnected(client) {
          isConnected = true;
          done += 1;
          client.close();
        },
        onClose() {
          if (!isConnected) faults += 1;
          resolve();
        },
      });
      client.open().catch(() => {
        faults += 1;
        resolve();
      });
    });
  const slots = Promise.all(Array.from({ length: atOnce }, async () => {
    while (isRunning) await once();
  }));
  await sleep(warmUpMs);
  const end = startWindow(job.pid);
  const doneBefore = done;
  await sleep(job.seconds * 1_000);
  const { seconds, ...cpu } = end();
  const counted = done - doneBefore;
  isRunning = false;
  await Promise.race([slots, sleep(5_000)]);
  return { values: { rate: counted / seconds }, faults, ...cpu };
}
