import type { Config } from "../config/config.ts";
import { delay } from "../async/delay.ts";
import { log } from "../log/log.ts";
import { watchMemory } from "../process/memory_watch.ts";
import { type OpenedStore, openStore } from "../open_store.ts";
import { SharedWorkers } from "../workers/shared_workers.ts";
import { SharedStore } from "../workers/shared_store.ts";
import { spawnWorker } from "../workers/spawn_worker.ts";
import { Supervisor, WorkersFailedError } from "../workers/supervisor.ts";
import { CommandFailure } from "../terminal/failure.ts";
import { readKeyFile } from "./key_file.ts";
import { explainListening } from "./listen.ts";
import { orFail } from "./open_services.ts";
import type { KeyedConfig } from "./safe_defaults.ts";
import { listeningUrl } from "../config/listening_url.ts";
import { printStart } from "./start_lines.ts";
import { hastyDrainMs, nextStopSignal, stopFor } from "./stop.ts";

/** The longest time that workers outlive a killed supervisor, in milliseconds. */
const orphansMs = hastyDrainMs + 1_000;

/** The interval between two attempts to listen on the port, in milliseconds. */
const lookMs = 100;

/**
 * Serves with several workers: owns the store, starts the workers and replaces
 * failed workers. The supervisor itself does not listen.
 *
 * @param count The number of workers.
 * @returns The exit code.
 */
export async function supervise(
  keyed: KeyedConfig,
  count: number,
): Promise<number> {
  const { config } = keyed;
  if (Deno.build.os !== "linux") {
    throw new CommandFailure(
      "TASKWIRE_WORKERS above 1 needs Linux, because processes share a port: set TASKWIRE_WORKERS=1",
    );
  }
  const publicKey = readKeyFile(config);
  await refuseTakenPort(config);
  // Workers use the network; the supervisor, which may start processes, does not.
  Deno.permissions.revokeSync({ name: "net" });
  const stopSignal = nextStopSignal();
  const store = new SharedStore();
  const owned = isEmbedded(config) ? await openOwned(config, store) : undefined;
  const supervisor = new Supervisor({
    count,
    config,
    shared: { store, workers: new SharedWorkers() },
    spawn: spawnWorker,
    ...(publicKey ? { publicKey } : {}),
  });
  const running = {
    async stop(timeoutMs?: number): Promise<void> {
      await supervisor.stop(timeoutMs);
      owned?.leases.stop();
      await owned?.store.close();
      log.info("Stopped");
    },
  };
  using memory = watchMemory(config.maxMemoryBytes);
  const begun = await Promise.race([
    supervisor.start().catch(asWorkersFailed),
    stopSignal,
  ]);
  if (begun instanceof WorkersFailedError) {
    await running.stop(0);
    throw new CommandFailure(begun.message);
  }
  if (typeof begun === "string") return await stopFor(begun, running, config);

  const { host, port, jwtAlgorithms, routes } = begun;
  const url = listeningUrl({ host, port });
  log.info("Listening on {url}", { url: url.origin });
  printStart({
    url,
    keyed,
    jwtAlgorithms,
    routes,
    workers: count,
  });
  const reason = await Promise.race([stopSignal, memory.exceeded]);
  return await stopFor(reason, running, config);
}

/** True for a store in memory or SQLite, owned by a single process. */
export function isEmbedded({ store }: Config): boolean {
  return /^(?:memory|sqlite):/.test(store);
}

async function openOwned(
  config: Config,
  shared: SharedStore,
): Promise<OpenedStore> {
  return await orFail(async () => {
    const owned = await openStore(
      config,
      (announcement) => shared.announce(announcement),
    );
    shared.open(owned.store);
    await owned.leases.start(owned.store);
    return owned;
  });
}

/**
 * Refuses a taken port. Without this check, workers would silently share the
 * port with workers of another server. Waits a little for the workers of a
 * killed supervisor to end.
 */
async function refuseTakenPort({ host, port }: Config): Promise<void> {
  if (port === 0) return;
  const listen = () => Deno.listen({ hostname: host, port }).close();
  for (let waitedMs = 0; waitedMs < orphansMs; waitedMs += lookMs) {
    try {
      return listen();
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) break;
      await delay(lookMs);
    }
  }
  explainListening(host, port, listen);
}

function asWorkersFailed(error: unknown): WorkersFailedError {
  if (error instanceof WorkersFailedError) return error;
  throw error;
}
