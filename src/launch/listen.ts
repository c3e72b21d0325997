import type { Hono } from "hono";
import {
  type ListenOptions,
  type RunningServer,
  startServer,
} from "../server.ts";
import { log } from "../log/log.ts";
import type { Services } from "../services.ts";
import { CommandFailure } from "../terminal/failure.ts";

/**
 * Starts a server.
 *
 * @throws {CommandFailure} If the address is taken or invalid.
 */
export function listen(
  app: Hono,
  services: Services,
  options?: ListenOptions,
): RunningServer {
  const { host, port } = services.config;
  const server = explainListening(
    host,
    port,
    () => startServer(app, services, options),
  );
  loadRest(services);
  return server;
}

/**
 * Loads the modules of rare requests as soon as the server listens: without
 * free file descriptors, the runtime would end the process at a later load.
 */
function loadRest({ metrics }: Pick<Services, "metrics">): void {
  Promise.all([
    metrics(),
    import("../docs/documents.ts"),
    import("../docs/guide.ts"),
  ]).catch((error) =>
    log.error("Could not load the metrics or the documents: {error}", { error })
  );
}

/**
 * Listens, and names a remedy on failure.
 *
 * @throws {CommandFailure} If the address is taken or invalid.
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
        `${host}:${port} is already in use: stop the program that listens on this port, or choose another port with --port (0 for any free port)`,
      );
    }
    // The runtime has no error class for unresolvable host names.
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
