import type { Config } from "../config/config.ts";
import { log } from "../log/log.ts";

/** What can be drained: a server, or the workers of one. */
export interface Stoppable {
  /** @param timeoutMs How long it may take; by default the drain time. */
  stop(timeoutMs?: number): Promise<void>;
}

/** `EX_TEMPFAIL` of sysexits.h: what systemd, or whatever started it, is to start again. */
export const restartExitCode = 75;

/** How long a drain may take while memory grows, in milliseconds: an attack goes on meanwhile. */
export const hastyDrainMs = 2_000;

/** Resolves to the first signal that asks the server to stop; later ones act as without us. */
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

/** A number of sockets that did not open, too many for the process to go on. */
export interface TooManyUnopened {
  readonly unopened: number;
}

/**
 * Stops a server, saying why.
 *
 * @param reason A signal, the memory that is too much, in bytes, or the number
 * of sockets that did not open.
 * @returns The exit code.
 */
export async function stopFor(
  reason: Deno.Signal | number | TooManyUnopened,
  running: Stoppable,
  { drainTimeoutSeconds, maxMemoryBytes }: Config,
): Promise<number> {
  if (typeof reason === "string") {
    log.info("{signal} received", { signal: reason });
    // A second signal ends the process at once, as the runtime has it.
    await running.stop();
    return 0;
  }
  if (typeof reason === "number") {
    log.error(
      "The process takes {bytes} bytes of memory, more than the {maxMemoryBytes} of TASKWIRE_MAX_MEMORY_BYTES: the process stops, to be restarted",
      { bytes: reason, maxMemoryBytes },
    );
  } else {
    log.error(
      "{unopened} clients reset their connection during the handshake, and the runtime may keep a file descriptor for each: the process stops, to be restarted",
      { unopened: reason.unopened },
    );
  }
  await running.stop(Math.min(hastyDrainMs, drainTimeoutSeconds * 1_000));
  return restartExitCode;
}
