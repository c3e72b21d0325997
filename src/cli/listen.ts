import type { Hono } from "hono";
import {
  type ListenOptions,
  type RunningServer,
  startServer,
} from "../server.ts";
import type { Services } from "../services.ts";
import { CommandFailure } from "./failure.ts";

/**
 * Starts to listen.
 *
 * @throws {CommandFailure} Where the address can't be listened on.
 */
export function listen(
  app: Hono,
  services: Services,
  options?: ListenOptions,
): RunningServer {
  const { host, port } = services.config;
  return explainListening(
    host,
    port,
    () => startServer(app, services, options),
  );
}

/**
 * Listens, and says what to do where that fails.
 *
 * @throws {CommandFailure} Where the address can't be listened on.
 */
export function explainListening<T>(
  host: string,
  port: number,
  listen: () => T,
): T {
  try {
    return listen();
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new CommandFailure(
        `${host}:${port} is taken: stop what listens there, or choose another port with --port (0 for any)`,
      );
    }
    // The runtime has no class of its own for a name that does not resolve.
    if (
      error instanceof Error &&
      ("code" in error || /failed to lookup address/.test(error.message))
    ) {
      throw new CommandFailure(
        `cannot listen on ${host}:${port}: ${error.message}`,
      );
    }
    throw error;
  }
}
