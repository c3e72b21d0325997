import { fileURLToPath } from "node:url";
import { printError } from "../../../src/terminal/output.ts";
import { makeTempDir } from "../../support/temp_dir.ts";
import { baseline, type Peer, peers } from "./catalog.ts";
import { freePort, serverEnv } from "./running_server.ts";
import type { Row } from "./rows.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const compiledBare = fileURLToPath(
  new URL(".cache/bare_deno", import.meta.url),
);

/** Odd, so that the median is one of the values. */
const minStarts = 11;

async function isReady(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const request =
      "GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    await connection.write(new TextEncoder().encode(request));
    const answer = new Uint8Array(64);
    await connection.read(answer);
    return new TextDecoder().decode(answer).startsWith("HTTP/1.1 200");
  } catch {
    return false;
  }
}

/**
 * Measures the time from the spawn of a server to the first 200 of `/readyz`,
 * in ms; on all cores, as for users.
 */
async function timeStart(peer: Peer): Promise<number> {
  await using folder = await makeTempDir();
  const port = freePort();
  const [file = "", ...args] = peer.command;
  const startedAt = performance.now();
  const child = new Deno.Command(file, {
    args,
    cwd: folder.path,
    env: serverEnv(peer, port),
    stdout: "null",
  }).spawn();
  try {
    while (!await isReady(port)) {
      if (performance.now() - startedAt > 30_000) {
        throw new Error(`${peer.label} does not get ready`);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.now() - startedAt;
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
}

/**
 * Compiles the bare server, with the compiler and runtime of `deno task
 * compile`.
 */
async function compileBare(): Promise<void> {
  printError("Compiling the bare server");
  const script = `
    [ -n "$DENORT_BIN" ] || { pair=$(.ci/prepare-denort.sh) && eval "$pair"; }
    "\${DENO_BIN:-deno}" compile --quiet --no-check --no-config --no-lock \\
      --no-code-cache --allow-all --output "$1" "$2"`;
  const entry = fileURLToPath(
    new URL("servers/bare_deno.mjs", import.meta.url),
  );
  const { success } = await new Deno.Command("bash", {
    args: ["-c", script, "bash", compiledBare, entry],
    cwd: root,
  }).output();
  if (!success) throw new Error("The bare server could not be compiled");
}

/** Bare Deno and taskwire: only these two answer `/readyz`. */
const starting = peers.filter(({ name }) =>
  name === baseline || name.startsWith("taskwire")
);

async function compare(
  title: string,
  servers: readonly Peer[],
  rounds: number,
): Promise<Row[]> {
  const values = servers.map((): number[] => []);
  for (let round = -1; round < Math.max(rounds, minStarts); round++) {
    for (const [index, server] of servers.entries()) {
      const time = await timeStart(server);
      if (round >= 0) values[index]?.push(time);
    }
  }
  return servers.map(({ name, label }, index) => ({
    work: "start",
    metric: { key: "ms", title, unit: "ms", isLowerBetter: true },
    peer: name,
    label,
    values: values[index] ?? [],
    faults: 0,
  }));
}

/** Measures starts from source and, if present, of the binary. */
export async function measureStarts(
  rounds: number,
  binary: string,
): Promise<Row[]> {
  printError("start, from source");
  const rows = await compare("start, source", starting, rounds);
  const path = await Deno.realPath(binary).catch(() => undefined);
  if (path === undefined) {
    printError(`start of the binary is left out: there is no ${binary}`);
    return rows;
  }
  await compileBare();
  printError("start, binary");
  const compiled = starting.map((peer) => ({
    ...peer,
    command: peer.name === baseline ? [compiledBare] : [path, "serve"],
  }));
  return [...rows, ...await compare("start, binary", compiled, rounds)];
}
