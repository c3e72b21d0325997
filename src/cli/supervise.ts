import type { Config } from "../config/config.ts";
import { delay } from "../async/delay.ts";
import { log } from "../log/log.ts";
import { watchMemory } from "../process/memory_watch.ts";
import { type OpenedStore, openStore } from "../open_store.ts";
import { SharedPeers } from "../workers/shared_peers.ts";
import { SharedStore } from "../workers/shared_store.ts";
import { spawnWorker } from "../workers/spawn_worker.ts";
import { Supervisor, WorkersFailedError } from "../workers/supervisor.ts";
import { CommandFailure } from "./failure.ts";
import { readKeyFile } from "./key_file.ts";
import { explainListening } from "./listen.ts";
import { orFail } from "./open_services.ts";
import type { KeyedConfig } from "./safe_defaults.ts";
import { listeningUrl } from "./server_url.ts";
import { printStart } from "./start_lines.ts";
import { hastyDrainMs, nextStopSignal, stopFor } from "./stop.ts";

/** How long workers may outlive their supervisor, in milliseconds. */
const orphansMs = hastyDrainMs + 1_000;

/** How often it is looked whether they have ended, in milliseconds. */
const lookMs = 100;

/**
 * Serves with several workers: owns the store, starts the workers and replaces
 * those that end. Does not listen itself.
 *
 * @param count How many workers.
 * @returns The exit code.
 */
export async function supervise(
  keyed: KeyedConfig,
  count: number,
): Promise<number> {
  const { config } = keyed;
  if (Deno.build.os !== "linux") {
    throw new CommandFailure(
      "TASKWIRE_WORKERS: more than 1 needs Linux, which shares a port among processes",
    );
  }
  const publicKey = readKeyFile(config);
  await refuseTakenPort(config);
  // The workers reach the network; who may start processes doesn't.
  Deno.permissions.revokeSync({ name: "net" });
  const stopSignal = nextStopSignal();
  const store = new SharedStore();
  const owned = isEmbedded(config) ? await openOwned(config, store) : undefined;
  const supervisor = new Supervisor({
    count,
    config,
    shared: { store, peers: new SharedPeers() },
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

/** Whether the store is one that a single process owns. */
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
 * Workers share a port with whoever shares it: also with another server's,
 * which nobody would notice. Those of a supervisor that was killed end soon.
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
