import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import { printLine } from "../../src/terminal/output.ts";
import { answerOf } from "../support/answer.ts";
import {
  inMiB,
  residentBytes,
  settledBytes,
} from "../support/resident_memory.ts";
import { serve, taskwire } from "../support/taskwire.ts";
import { exchangeBytes } from "../support/tcp_exchange.ts";
import { makeTempDir } from "../support/temp_dir.ts";
import { type FuzzInput, fuzzInput } from "./fuzz_inputs.ts";

const inputs = Number(Deno.env.get("TASKWIRE_FUZZ_INPUTS") ?? 1_000);
const seed = Number(Deno.env.get("TASKWIRE_FUZZ_SEED") ?? Date.now() | 0);

/**
 * The number of inputs before the first measurement of memory: the process's
 * warm-up is no leak.
 */
const warmUpInputs = Math.max(10_000, inputs * 0.3);
const atATime = 50;
const apiKey = "key-of-the-fuzz-test";
const secret = "a-secret-of-the-fuzz-test-of-32-bytes";

Deno.test(`taskwire serve withstands ${inputs} inputs of any kind`, async () => {
  await using folder = await makeTempDir();
  const env = {
    TASKWIRE_API_KEYS: apiKey,
    TASKWIRE_JWT_SECRET: secret,
    TASKWIRE_LOG: "error",
    // The runtime holds a broken socket for half the idle timeout.
    TASKWIRE_IDLE_TIMEOUT: "2",
  };
  const { server, origin } = await serve([], { cwd: folder.path, env });
  let log: string;
  {
    await using _ = server;
    const { pid } = server;
    printLine(`fuzz: seed ${seed} (TASKWIRE_FUZZ_SEED), ${inputs} inputs`);
    await send(origin, warmUpInputs, seed + 1);
    const before = residentBytes(pid);
    const startedAt = performance.now();
    const answers = await send(origin, inputs, seed);
    const seconds = (performance.now() - startedAt) / 1_000;
    const peak = residentBytes(pid);
    const after = await settledBytes(
      pid,
      before * 1.2,
      () => send(origin, atATime, seed + 2),
    );

    const check = await taskwire(["check", origin], { env });
    printLine(
      `fuzz: ${inputs} inputs in ${seconds.toFixed(1)} s; memory ${
        inMiB(before)
      } before, ${inMiB(peak)} at the end, ${
        inMiB(after)
      } afterwards; check exits ${check.code}; answers ${
        [...answers].sort().map(([answer, count]) => `${answer} ${count}`)
          .join(", ")
      }`,
    );
    assertEquals(check.code, 0, check.stdout + check.stderr);
    assertLessOrEqual(after, before * 1.2);
    server.kill("SIGTERM");
    assertEquals(await server.exitCode(), 0);
    log = await server.stderr;
  }
  assertEquals(log, "", "errors of the server's own");
});

/** Sends inputs, many at a time; returns the counts of the answers. */
async function send(
  origin: string,
  count: number,
  seed: number,
): Promise<Map<string, number>> {
  const answers = new Map<string, number>();
  const batch = fc.array(fuzzInput, {
    minLength: atATime,
    maxLength: atATime,
    size: "max",
  });
  await fc.assert(
    fc.asyncProperty(batch, async (inputs) => {
      await Promise.all(inputs.map(async (input) => {
        const answer = `${input.kind} ${await answerTo(origin, input)}`;
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }));
    }),
    { seed, numRuns: Math.ceil(count / atATime), endOnFailure: true },
  );
  return answers;
}

/** Returns the status of the answer; empty if the server only disconnected. */
async function answerTo(origin: string, input: FuzzInput): Promise<string> {
  if ("first" in input) {
    const later = "later" in input ? input.later : undefined;
    const head = await exchangeBytes(origin, input.first, later);
    const status = /^HTTP\/1\.[01] (\d+)/.exec(head)?.[1] ?? "nothing";
    assert(!status.startsWith("5"), head);
    return status;
  }
  const { status, text } = await answerOf(fetch(origin + input.path, {
    method: "POST",
    headers: { Authorization: `Bearer ${apiKey}` },
    body: input.body,
  }));
  assert(status < 500 && !/"status":5\d\d/.test(text), `${status} ${text}`);
  return String(status);
}
