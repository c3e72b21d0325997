import { makeTempDir } from "../../support/temp_dir.ts";
import { apiKey, type Peer, secret } from "./catalog.ts";
import type { Job, Outcome } from "./load/job.ts";
import { bunPath, outputOf } from "./packages.ts";
import { fileURLToPath } from "node:url";

const loadMain = fileURLToPath(new URL("load/main.ts", import.meta.url));

/** True if processes can be pinned to a core. */
export const canPin = await outputOf("taskset", "-c", "0", "true") !==
  undefined;

/** Returns a free port. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The environment for all servers; each uses the variables it knows. */
export function serverEnv(peer: Peer, port: number): Record<string, string> {
  return {
    PORT: String(port),
    JWT_SECRET: secret,
    TASKWIRE_PORT: String(port),
    TASKWIRE_API_KEYS: apiKey,
    TASKWIRE_JWT_SECRET: secret,
    TASKWIRE_LOG: "error",
    TASKWIRE_MESSAGE_RATE: "0",
    ...peer.env,
  };
}

/** Starts a command on one core, with the maximum number of open files. */
function spawn(
  core: number,
  command: readonly string[],
  options: Deno.CommandOptions,
): Deno.ChildProcess {
  const raised = `ulimit -n "$(ulimit -Hn)"; exec "$@"`;
  const pin = canPin ? ["taskset", "-c", String(core)] : [];
  return new Deno.Command("bash", {
    args: ["-c", raised, "bash", ...pin, ...command],
    stdout: "piped",
    ...options,
  }).spawn();
}

/**
 * Waits for a line of output, and keeps reading so that the writer never
 * blocks.
 */
function untilLine(
  output: ReadableStream<Uint8Array>,
  pattern: RegExp,
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = "";
    const read = async () => {
      const decoder = new TextDecoder();
      for await (const bytes of output) {
        if (text.length < 10_000) text += decoder.decode(bytes);
        if (pattern.test(text)) resolve();
      }
      reject(new Error(`${name} did not start: ${text}`));
    };
    read().catch(reject);
  });
}

/** A running server; dispose to stop. */
export interface RunningServer extends AsyncDisposable {
  readonly peer: Peer;
  /** Puts the server under load. */
  run(job: Pick<Job, "work" | "seconds" | "sockets"> & Partial<Job>): Promise<
    Outcome
  >;
}

/** Starts a server, and waits until it listens. */
export async function startServer(peer: Peer): Promise<RunningServer> {
  const folder = await makeTempDir();
  const port = freePort();
  const child = spawn(0, peer.command, {
    cwd: folder.path,
    env: serverEnv(peer, port),
  });
  await untilLine(child.stdout, /^ready|listens on/m, peer.label);
  return {
    peer,
    async run(job) {
      const whole: Job = {
        port,
        pid: child.pid,
        wire: peer.wire,
        apiKey,
        secret,
        ...job,
      };
      const load = spawn(1, [bunPath, loadMain, JSON.stringify(whole)], {});
      const { success, stdout } = await load.output();
      if (!success) throw new Error(`The load on ${peer.label} failed`);
      return JSON.parse(new TextDecoder().decode(stdout));
    },
    async [Symbol.asyncDispose]() {
      // At once: draining is not measured.
      child.kill("SIGKILL");
      await child.status;
      await folder[Symbol.asyncDispose]();
    },
  };
}
