import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";
import { restartExitCode } from "../workers/supervisor.ts";

/** A server or a group of workers that can be drained. */
export interface Stoppable {
  /** @param timeoutMs The time limit; by default the drain timeout. */
  stop(timeoutMs?: number): Promise<void>;
}

/** The drain timeout if memory or files run out, in milliseconds: short, since an attack may continue meanwhile. */
export const hastyDrainMs = 2_000;

/** Resolves to the first SIGINT or SIGTERM; a second signal has the runtime's default effect. */
export function nextStopSignal(): Promise<Deno.Signal> {
  const signals: readonly Deno.Signal[] = ["SIGINT", "SIGTERM"];
  return new Promise((resolve) => {
    const listeners = signals.map((signal) => ({
      signal,
      listener() {
        for (const { signal, listener } of listeners) {
          Deno.removeSignalListener(signal, listener);
        }
        resolve(signal);
      },
    }));
    for (const { signal, listener } of listeners) {
      Deno.addSignalListener(signal, listener);
    }
  });
}

/** A reason to restart: too many sockets failed to open. */
export interface TooManyUnopened {
  readonly unopened: number;
}

/**
 * Logs the reason and stops a server.
 *
 * @param reason A signal, the excessive memory in bytes, or the number of
 * sockets that failed to open.
 * @returns The exit code.
 */
export async function stopFor(
  reason: Deno.Signal | number | TooManyUnopened,
  running: Stoppable,
  { drainTimeoutSeconds, maxMemoryBytes }: Config,
): Promise<number> {
  if (typeof reason === "string") {
    log.info("Received {signal}, stopping", { signal: reason });
    // A second signal ends the process at once, by the runtime's default.
    await running.stop();
    return 0;
  }
  if (typeof reason === "number") {
    log.error(
      "Memory use of {bytes} bytes exceeds TASKWIRE_MAX_MEMORY_BYTES={maxMemoryBytes}: stopping with exit code 75 for a restart",
      { bytes: reason, maxMemoryBytes },
    );
  } else {
    log.error(
      "{unopened} clients reset their connection during the handshake, and the runtime may keep a file descriptor for each: stopping with exit code 75 for a restart",
      { unopened: reason.unopened },
    );
  }
  await running.stop(Math.min(hastyDrainMs, drainTimeoutSeconds * 1_000));
  return restartExitCode;
}
